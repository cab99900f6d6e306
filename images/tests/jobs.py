"""A supervisor whose time the test makes pass, and what a job has come to."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from camera.errors import CameraError
from camera.registry import the_instrument
from images.archive.archive import Archive
from images.archive.job_file import find_job_files
from images.jobs.queue.make import make_job
from images.jobs.supervisor import Supervisor
from images.models import Image, Job, JobGap
from images.power import KeepAwake
from images.tests.clocks import SetClock

MAX_STEPS = 5000


def time_lapse(loops: int, interval_s: float = 60, **wishes: Any) -> dict[str, Any]:
    plan: dict[str, Any] = {"time_plan": {"interval": interval_s, "loops": loops}}
    return {**plan, "metadata": {"microscope": wishes}} if wishes else plan


@dataclass
class Bench:
    """Time passes only while nothing is due. To die means that the supervisor does nothing more. `stride_s`: how much
    may pass from one look to the next, if that is longer than the program itself would wait."""

    archive: Archive
    folder: Path
    clock: SetClock
    stride_s: float = 0

    def __post_init__(self) -> None:
        self.awake = KeepAwake()
        self.supervisor = self._new_supervisor()

    def _new_supervisor(self) -> Supervisor:
        return Supervisor(self.archive, self.folder, self.clock, self.awake)

    def make(self, by: Any, plan: dict[str, Any], name: str = "night", **fields: Any) -> Job:
        return make_job(by=by, name=name, plan=plan, clock=self.clock, **fields)

    def run_until(self, moment: datetime) -> None:
        for _ in range(MAX_STEPS):
            seconds = self.supervisor.step()
            if seconds > 0:
                left_s = (moment - self.clock.now()).total_seconds()
                if left_s <= 0:
                    return
                # Without a job each look is like the one before it.
                has_job = self.supervisor._runner or self.supervisor._waiting
                self.clock.run(timedelta(seconds=min(self._stride(seconds), left_s) if has_job else left_s))
        raise AssertionError("it does not come to rest")

    def _stride(self, seconds: float) -> float:
        """Return at least what the supervisor would wait, and never more than until the next picture is due."""
        runner = self.supervisor._runner
        until_due_s = (runner._awaited_since - self.clock.now()).total_seconds() if runner else 0
        return max(seconds, min(self.stride_s, until_due_s))

    def run_for(self, **span: float) -> None:
        self.run_until(self.clock.now() + timedelta(**span))

    def die(self, **off_for: float) -> None:
        """The next one is there that much later."""
        self.supervisor._lock.release()
        self.clock.run(timedelta(**off_for))
        self.supervisor = self._new_supervisor()

    @property
    def files(self) -> list[Path]:
        return [self.archive.path_at(location) for location in find_job_files(self.archive)]


def stored_slots(job: Job) -> list[int]:
    return list(
        Image.objects.filter(job=job, job_slot__isnull=False).order_by("job_slot").values_list("job_slot", flat=True)
    )


def gaps_of(job: Job) -> list[tuple[int, int, str]]:
    return list(JobGap.objects.filter(job=job).values_list("first_slot", "last_slot", "reason"))


def step_until(bench: Bench, is_so: Callable[[], object]) -> None:
    """Let the supervisor go on beside a camera that really streams, so that no time can be skipped."""
    until_s = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < until_s, "it did not come true in time"
        if bench.supervisor.step() > 0:
            time.sleep(0.002)  # the camera needs the processor


def finish(bench: Bench, job: Job) -> Job:
    """Let the supervisor go on until the job has ended."""
    step_until(bench, lambda: Job.objects.get(pk=job.pk).has_ended)
    return assert_accounted_for(job)


def assert_accounted_for(job: Job) -> Job:
    """Each slot up to the last that was decided is stored or missed, and none is both; after the end that is all."""
    job.refresh_from_db()
    missed = [slot for first, last, _ in gaps_of(job) for slot in range(first, last + 1)]
    stored = stored_slots(job)
    decided = sorted(stored + missed)
    assert decided == list(range(len(decided))), (stored, missed)
    assert (job.stored, job.missed) == (len(stored), len(missed))
    if job.state == Job.State.FINISHED:
        assert job.expected == job.stored + job.missed
    return job


class Beside:
    """Stands in front of a camera; what is set here takes the place of its own."""

    def __init__(self, camera) -> None:
        self._camera = camera

    def __getattr__(self, name: str):
        return getattr(self._camera, name)


@contextmanager
def camera_that_fails(**calls: CameraError) -> Iterator[None]:
    """Within the block these calls to the camera raise these errors."""

    def fail(problem: CameraError) -> Callable:
        def call(*_: object) -> None:
            raise problem

        return call

    instrument = the_instrument()
    camera, instrument.camera = instrument.camera, Beside(instrument.camera)
    for name, problem in calls.items():
        setattr(instrument.camera, name, fail(problem))
    try:
        yield
    finally:
        instrument.camera = camera
