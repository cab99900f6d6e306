"""Runs one job, step by step: takes what is due, notes what was missed, and waits for what hinders it."""

import logging
import time
from dataclasses import replace
from datetime import datetime, timedelta

from camera.engine.requests import Permit
from camera.errors import CameraError, CameraUnavailable, ControlRefused, SettingOutOfRange, SettingRefused
from images.archive.archive import Archive
from images.capture.capture import capture
from images.errors import StorageUnavailable
from images.jobs import reasons
from images.jobs.grid import Grid
from images.jobs.heartbeat import JobSign, sign_of
from images.jobs.measures.bursts import count_ring_frames
from images.jobs.plan import Slot, WhenLate
from images.jobs.running.burst import BurstTaker
from images.jobs.running.control import JobControl
from images.jobs.running.describe_slot import order_of
from images.jobs.running.job_clock import JobClock
from images.jobs.running.ledger import Ledger
from images.jobs.running.overdue import miss_overdue_rounds
from images.jobs.running.plane_set import is_plane_set
from images.jobs.running.self_pauses import SelfPauses
from images.jobs.running.state_changes import StateChanges
from images.jobs.running.sums import SumTaker
from images.jobs.running.watching.camera_loss import CameraLoss
from images.jobs.running.watching.clock_watch import ClockWatch
from images.jobs.running.watching.disk_watch import DiskWatch
from images.jobs.running.watching.seat_check import SeatCheck
from images.jobs.stored_plan import read_plan
from images.models import Job
from images.run_days import Clock

logger = logging.getLogger(__name__)

# How often the runner looks for what others may have done: free space on the disk, or change the row.
LOOK_EVERY_S = 2.0
RETRY_S = 1.0
MAX_TRIES = 3
# A picture may take so long besides its exposure: to free the camera, to write, to wait for a database.
STEP_PATIENCE_S = 60.0


class Runner:
    """Runs one job. Only for one thread. `step` takes at most one picture; then a pause or a stop takes effect."""

    def __init__(self, archive: Archive, job: Job, clock: Clock, *, is_resumed: bool) -> None:
        """Raises DamagedJobFile, PlanRefused, OSError, a StorageUnavailable, or Django's DatabaseError."""
        self._watch = ClockWatch(clock)
        self._plan = read_plan(job)
        self._ledger = Ledger(archive, job)
        assert job.anchor_at
        self._grid = Grid(self._plan, job.anchor_at, timedelta(seconds=self._ledger.job.shift_s))
        # Kept in memory: the database may be away when a picture is taken.
        self._by = job.user
        # What hindered the job since the last step: the reason, and the message of the camera or the disk.
        self._hindrance: tuple[str, str] | None = (reasons.PROGRAM_NOT_RUNNING, "") if is_resumed else None
        self._states = StateChanges(self._ledger, self._watch)
        self._clock = JobClock(self._watch, self._grid, self._ledger)
        self._disk = DiskWatch(archive, self._grid, self._ledger, self._watch)
        self._seat = SeatCheck(self._ledger, self._watch, is_resumed=is_resumed)
        self._pauses = SelfPauses(archive, self._ledger, self._states, self._seat, self._clock)
        self._burst = (
            BurstTaker(self._grid, self._ledger, self._watch, is_resumed=is_resumed) if self._plan.is_burst else None
        )
        self._sums = SumTaker(self._plan.wishes.average, self._count_ring_frames()) if self._plan.is_sum else None
        self._control = JobControl(job)
        self._tries = 0
        self._loss = CameraLoss(self._watch, self._plan.wishes.give_up_after)
        self._wait_from(self._watch.now)
        if is_resumed and not self._ledger.job.has_ended:
            self._ledger.note(self._watch.now, what="resumed", text="The program started again.")
            self._ledger.flush()

    @property
    def job(self) -> Job:
        return self._ledger.job

    @property
    def sign(self) -> JobSign:
        """Return the state of the job for the heartbeat."""
        sign = sign_of(self.job, self._ledger.stored, self._ledger.missed, self._awaited_since)
        if self.job.state != Job.State.RUNNING:
            return sign
        reason, detail = self._hindrance or (sign.reason, sign.detail)
        return replace(sign, reason=reason, detail=detail, full_at=self._disk.full_at)

    @property
    def patience_s(self) -> float:
        """Return how many seconds a step may take. A frame that began before its request is waited for as well."""
        lights_ms = [channel.exposure_ms or 0 for channel in self._plan.channels]
        light_ms = max([*lights_ms, (self.job.seat or {}).get("exposureMs", 0)])
        return STEP_PATIENCE_S + 3 * self._plan.wishes.average * light_ms / 1000

    def step(self) -> float | None:
        """Do what is due now. Returns after how many seconds to call it again; None once the job has ended and
        everything about it is written."""
        self._awaited_since += self._clock.look()
        self._ledger.refresh()
        if self.job.state != Job.State.RUNNING:
            self._free_camera()
            self._control.settle(self.job, self._ledger.newest)
        if self.job.has_ended:
            self._ledger.flush()
            return None if self._ledger.is_settled else RETRY_S
        if self._clock.note_sleep() and self.job.state == Job.State.RUNNING:
            self._note_hindrance(reasons.COMPUTER_ASLEEP, "")
        # Before anything is taken, so that a late slot is missed for the reason of the last step.
        self._miss_what_is_over()
        if self._ledger.next_slot == self._plan.expected:
            self._states.finish()
            return 0.0
        is_paused = self.job.state == Job.State.PAUSED
        self._hindrance = (self.job.reason, self.job.detail) if is_paused else None
        if is_paused:
            self._wait_from(self._watch.now)
            return self._wait_for_continue()
        self._disk.look()
        return self._go_on()

    def close(self) -> None:
        """Stop taking pictures, because the program ends. The job continues at the next start."""
        self._free_camera()
        self._ledger.flush()

    def _miss_what_is_over(self) -> None:
        reason, detail = self._hindrance or (reasons.ROUND_WAS_LATE, "")
        is_stretched = self._plan.wishes.when_late is WhenLate.STRETCH
        if self._burst:
            self._burst.miss_what_is_over(reason, detail)
        elif not (self._is_adding or is_stretched or self.job.pause_cause == Job.PauseCause.CLOCK):
            miss_overdue_rounds(self._grid, self._ledger, self._watch.now, reason, detail)

    def _wait_for_continue(self) -> float:
        if self._pauses.end_if_over():
            return 0.0
        return self._seconds_until(self._grid.ends_at(self._plan.round_of(self._ledger.next_slot)))

    def _go_on(self) -> float:
        if self._clock.ask_about():
            detail = "The clock of this PC shows a time before the last picture of this job. Set it right, or go on so."
            self._states.pause(Job.PauseCause.CLOCK, reasons.CLOCK_SET_BACK, detail)
            return 0.0
        # Between two pictures too, so that nobody changes the settings for the next one.
        try:
            permit = self._control.hold(self._last_due_at)
        except ControlRefused as problem:
            return self._wait_for_control(problem)
        if self._burst:
            return self._take_frames(self._burst, permit)
        slot = self._plan.slot(self._ledger.next_slot)
        if self._is_adding:
            return self._take(slot, permit)
        due_at = self._grid.due_at(slot.round)
        if self._watch.now < due_at:
            return self._seconds_until(due_at)
        if slot.waits_for_user and not is_plane_set(self.job, slot):
            detail = f"Set plane or position for picture {slot.number + 1}, then say so."
            self._states.pause(Job.PauseCause.PLANE, reasons.WAITING_FOR_PLANE, detail)
            return 0.0
        ends_at = self._grid.ends_at(slot.round)
        if ends_at and self._watch.now >= ends_at:  # only if late rounds stretch the plan
            self._grid.shift += self._watch.now - due_at
            self._clock.note_shift("stretched", f"Round {slot.round + 1} was late: it and all that follow move.")
        return self._take(slot, permit)

    def _take(self, slot: Slot, permit: Permit) -> float:
        try:
            if self._is_adding or self._is_seat_right(permit):
                self._capture(slot, permit)
                self._loss.note_back()
        except ControlRefused as problem:
            return self._wait_for_control(problem)
        except CameraUnavailable as problem:
            self._note_hindrance(reasons.CAMERA_LOST, str(problem))
            return 0.0 if self._has_given_up(str(problem)) else RETRY_S
        except StorageUnavailable as problem:
            self._states.pause(Job.PauseCause.STORAGE, reasons.reason_of_storage(problem), str(problem))
        except (SettingOutOfRange, SettingRefused) as problem:
            self._miss_one(slot, reasons.SETTING_REFUSED, str(problem))
        except CameraError as problem:
            self._tries += 1
            if self._tries >= MAX_TRIES:
                self._miss_one(slot, reasons.reason_of_capture(problem), str(problem))
        except Exception as problem:
            # The boundary of a slot: whatever error one picture has, the job continues with the next one.
            logger.exception("Slot %d of job %d failed", slot.number, self.job.pk)
            self._miss_one(slot, reasons.PROGRAM_FAULT, repr(problem))
        return 0.0

    def _take_frames(self, burst: BurstTaker, permit: Permit) -> float:
        """Take the next frames of a burst. A hindrance that lasts longer than a frame costs the frames of that time."""
        try:
            if burst.is_on or self._is_seat_right(permit):
                stored_before = self._ledger.stored
                burst.take_part(permit)
                if self._ledger.stored > stored_before:
                    self._loss.note_back()
                    self._wait_from(self._watch.now)
            return 0.0
        except ControlRefused as problem:
            return self._wait_for_control(problem)
        except CameraUnavailable as problem:
            self._note_hindrance(reasons.CAMERA_LOST, str(problem))
            if self._has_given_up(str(problem)):
                return 0.0
        except StorageUnavailable as problem:
            self._states.pause(Job.PauseCause.STORAGE, reasons.reason_of_storage(problem), str(problem))
            return 0.0
        except (SettingOutOfRange, SettingRefused) as problem:
            rest = range(self._ledger.next_slot, self._plan.expected)
            self._ledger.miss(rest, reasons.SETTING_REFUSED, self._watch.now, self._watch.now, str(problem))
            return 0.0
        except CameraError as problem:
            self._note_hindrance(reasons.CAPTURE_FAILED, str(problem))
            return 0.0
        except Exception as problem:
            # The boundary of a burst: after any error it is tried again, and the frames until then are missed.
            logger.exception("The burst of job %d failed", self.job.pk)
            self._note_hindrance(reasons.PROGRAM_FAULT, repr(problem))
        return RETRY_S

    @property
    def _is_adding(self) -> bool:
        """True while the next picture has some of its frames, but not all of them."""
        return self._sums is not None and self._sums.is_on

    def _count_ring_frames(self) -> int:
        return count_ring_frames((self.job.estimate or {}).get("bytesPerPicture", 0))

    def _free_camera(self) -> None:
        """Take no more frames, so that the camera is free."""
        if self._sums:
            self._sums.end()
        try:
            if self._burst:
                self._burst.end()
        except StorageUnavailable as problem:
            logger.warning("The last frames of job %d could not be kept: %s", self.job.pk, problem)

    def _has_given_up(self, detail: str) -> bool:
        """Fail the job if its camera is away for longer than its plan allows."""
        if not self._loss.note():
            return False
        self._states.fail(reasons.CAMERA_LOST, detail)
        return True

    def _wait_for_control(self, problem: ControlRefused) -> float:
        """Wait, because somebody else controls the camera. The gap names that person."""
        holder = problem.details["control"]["holder"]
        self._note_hindrance(reasons.controlled_by(holder["name"] if holder else "nobody"), str(problem))
        return RETRY_S

    @property
    def _last_due_at(self) -> datetime | None:
        """Return when the last round is due if all goes as planned. None for a burst, whose end is not known."""
        return None if self._burst else self._grid.due_at(self._plan.round_of(self._plan.expected - 1))

    def _capture(self, slot: Slot, permit: Permit) -> None:
        due_at = self._grid.due_at(slot.round)
        order = order_of(self._by, self.job, self._plan, slot, due_at, permit, is_first=not self._ledger.stored)
        # The picture counts as asked for when it was due: a frame that began since then is new enough.
        late_s = (self._watch.now - due_at).total_seconds()
        captured = self._sums.take_part(order) if self._sums else capture(order, time.perf_counter() - late_s)
        if captured is None:
            return
        self._tries = 0
        self._ledger.store(slot.number)
        self._wait_from(self._watch.now)
        # The capture waited for the database, so that rounds may be late for this reason.
        if captured.image is None:
            self._note_hindrance(reasons.ROUND_WAS_LATE, "The database kept the program waiting.")

    def _is_seat_right(self, permit: Permit) -> bool:
        """Return True if camera, settings and objective are still those from the beginning. Otherwise pause the job.
        Raises a CameraUnavailable."""
        differences = self._seat.find_differences(permit)
        if differences:
            self._states.pause(Job.PauseCause.CAMERA_CHANGED, reasons.CAMERA_CHANGED, " ".join(differences))
        return not differences

    def _wait_from(self, now: datetime) -> None:
        """Note that the next picture is awaited from now on, or from its due time if that is later."""
        is_left = self._ledger.next_slot < self._plan.expected
        due_at = self._grid.due_at(self._plan.round_of(self._ledger.next_slot)) if is_left else now
        self._awaited_since = max(now, due_at)

    def _note_hindrance(self, reason: str, detail: str) -> None:
        self._hindrance = (reason, detail)

    def _miss_one(self, slot: Slot, reason: str, detail: str) -> None:
        self._tries = 0
        until = max(self._watch.now, self._grid.due_at(slot.round))
        self._ledger.miss([slot.number], reason, self._grid.due_at(slot.round), until, detail)

    def _seconds_until(self, moment: datetime | None) -> float:
        seconds = LOOK_EVERY_S if moment is None else (moment - self._watch.now).total_seconds()
        return min(max(seconds, 0.0), LOOK_EVERY_S)
