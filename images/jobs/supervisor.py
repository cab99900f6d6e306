"""The thread that runs jobs. After a start the running job continues, and the others wait in the queue."""

import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path

from django.db import close_old_connections, connections
from django.db.models import Count, Min
from filelock import FileLock, Timeout

from images.archive.archive import Archive
from images.control.control import the_control
from images.control.hand_over import may_begin
from images.errors import DATABASE_AWAY, DamagedJobFile
from images.jobs.heartbeat import FILE, Heartbeat, Sign
from images.jobs.plan.errors import PlanRefused
from images.jobs.queue.begin import begin_job, fail_job
from images.jobs.running.runner import STEP_PATIENCE_S, Runner
from images.models import Job
from images.power import KeepAwake
from images.run_days import Clock

logger = logging.getLogger(__name__)

# How often the thread looks for jobs that another process has planned.
LOOK_EVERY_S = 5.0
RETRY_S = 2.0
# A picture under way may take longer. Then the thread is left behind; the next start goes on after its file.
PATIENCE_S = 5.0


class Supervisor:
    """Runs the jobs of this PC. At most one process does this for a data folder: a second one waits until the first one
    ends."""

    def __init__(
        self, archive: Archive, folder: Path, clock: Clock | None = None, awake: KeepAwake | None = None
    ) -> None:
        """Starts nothing. `folder`: where the lock is."""
        self._archive = archive
        self._folder = folder
        # `close` may be called in another thread than the one that took the lock.
        self._lock = FileLock(folder / "jobs.lock", thread_local=False)
        self._clock = clock or Clock()
        self._awake = awake or KeepAwake()
        self.heartbeat = Heartbeat(folder / FILE, self._clock)
        self._waiting = 0
        self._runner: Runner | None = None
        self._changed = threading.Condition()
        self._is_woken = False
        self._is_ending = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread. It continues the running job, and begins jobs when they are due."""
        with self._changed:
            if self._thread is None and not self._is_ending:
                self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
                self._thread.start()
                self.heartbeat.start()

    def wake(self) -> None:
        """Let the thread look for changes now. Returns at once. Does nothing if the thread is not started."""
        with self._changed:
            self._is_woken = True
            self._changed.notify_all()

    def close(self) -> None:
        """End after the picture under way. Jobs continue at the next start."""
        with self._changed:
            self._is_ending = True
            self._changed.notify_all()
        if self._thread is None:
            self._end()
        else:
            self._thread.join(PATIENCE_S)

    def step(self) -> float:
        """Do what is due now. Returns after how many seconds to call it again."""
        if not self.take_lock():
            return LOOK_EVERY_S
        first_start = None
        if self._runner is None:
            # It looks every few seconds for as long as the program runs. Without jobs one query must do.
            jobs = list(Job.objects.not_ended().select_related("user"))
            self._runner = self._find_work(jobs) if jobs else None
            if self._runner is None:  # otherwise the database may be away
                # The number shows on pages; while a job runs, the database may be away, and the last number stays.
                self._waiting, first_start = self._look_at_queue() if jobs else (0, None)
        self._keep_awake()
        self._give_sign()
        if self._runner is None:
            return self._seconds_until(first_start)
        seconds = self._runner.step()
        if seconds is None:
            self._runner = None
            return 0.0
        self._give_sign()
        return seconds

    def _run(self) -> None:
        while not self._is_ending:
            close_old_connections()
            try:
                seconds = self.step()
            except DATABASE_AWAY as away:
                logger.warning("Jobs wait for the database: %s", str(away).strip())
                seconds = RETRY_S
            except Exception:
                # The boundary of the thread: after any error, the next picture may succeed.
                logger.exception("A job cannot go on; trying again")
                seconds = RETRY_S
            # `wake` may have come during the step. Then the next one follows at once.
            with self._changed:
                if not self._is_woken and not self._is_ending and seconds > 0:
                    self._changed.wait(seconds)
                self._is_woken = False
        self._end()
        connections.close_all()

    def _end(self) -> None:
        if self._runner:
            self._runner.close()
            self._runner = None
        self.heartbeat.end()
        self._awake.release()
        self._lock.release()

    def _give_sign(self) -> None:
        now, runner = self._clock.now(), self._runner
        is_at_work = runner is not None and not runner.job.has_ended
        job, patience_s = (runner.sign, runner.patience_s) if runner and is_at_work else (None, STEP_PATIENCE_S)
        self.heartbeat.give(Sign(now, patience_s, self._waiting, job))

    def _keep_awake(self) -> None:
        """Keep the PC awake while jobs wait: a PC that falls asleep in the evening begins no job at night."""
        if self._runner is not None or self._waiting:
            self._awake.hold()
        else:
            self._awake.release()

    def take_lock(self) -> bool:
        """Take the lock. Returns True if this process has it now: then no other process runs jobs of this data
        folder."""
        if self._lock.is_locked:
            return True
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        return True

    def _find_work(self, jobs: list[Job]) -> Runner | None:
        """Return the job that runs, or the next one in the queue. `jobs`: those that have not ended, in its order."""
        # A job that had begun when the program ended goes before all others.
        begun = [job for job in jobs if job.has_begun]
        if begun:
            return self._make_runner(min(begun, key=lambda job: job.pk), is_resumed=True)
        now = self._clock.now()
        for job in filter(lambda job: job.is_waiting, jobs):
            # A job without a start time waits until people have given back the camera. One with a time misses its
            # pictures.
            if job.starts_at is None and not may_begin(the_control(), job.user_id):
                continue
            if job.starts_at is None or job.starts_at <= now:
                held = begin_job(job, now)
                # If it was to begin while no program ran, its first rounds are missed for that reason.
                return self._make_runner(held, is_resumed=_is_late(held, now)) if held else None
        return None

    def _make_runner(self, job: Job, *, is_resumed: bool) -> Runner | None:
        try:
            return Runner(self._archive, job, self._clock, is_resumed=is_resumed)
        except (PlanRefused, DamagedJobFile) as problem:
            # A plan that cannot be read will never become readable, so the job must not block the queue.
            fail_job(self._archive, job, self._clock.now(), str(problem))
            return None

    def _look_at_queue(self) -> tuple[int, datetime | None]:
        """Return how many jobs wait, and the earliest start time of those that have one."""
        found = Job.objects.waiting().order_by().aggregate(waiting=Count("id"), first=Min("starts_at"))
        return found["waiting"], found["first"]

    def _seconds_until(self, start: datetime | None) -> float:
        if start is None:
            return LOOK_EVERY_S
        # Not longer than LOOK_EVERY_S: another process may plan an earlier one.
        return min(max((start - self._clock.now()) / timedelta(seconds=1), 0.0), LOOK_EVERY_S)


def _is_late(job: Job, now: datetime) -> bool:
    """Return True if the job was due to begin while no program was running."""
    return job.anchor_at is not None and now - job.anchor_at > timedelta(seconds=LOOK_EVERY_S)


_supervisors: list[Supervisor] = []


def register_supervisor(supervisor: Supervisor) -> None:
    """Make this the supervisor of the process. It replaces an earlier one, and does not close it."""
    _supervisors[:] = [supervisor]


def the_supervisor() -> Supervisor:
    return _supervisors[0]
