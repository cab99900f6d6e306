"""Ends the pauses that the program itself began, once their cause is gone."""

from images.archive.archive import Archive
from images.errors import StorageUnavailable
from images.jobs.running.job_clock import JobClock
from images.jobs.running.ledger import Ledger
from images.jobs.running.state_changes import StateChanges
from images.jobs.running.watching.seat_check import SeatCheck
from images.models import Job


class SelfPauses:
    """The pauses of one job by the program itself. Only for the thread that runs the job."""

    def __init__(
        self, archive: Archive, ledger: Ledger, states: StateChanges, seat: SeatCheck, clock: JobClock
    ) -> None:
        self._archive = archive
        self._ledger = ledger
        self._states = states
        self._seat = seat
        self._clock = clock

    def end_if_over(self) -> bool:
        """Let a paused job go on if what it waits for is there. Returns True if it goes on."""
        why = self._find_why_over(self._ledger.job)
        if why:
            self._states.go_on(why)
        return bool(why)

    def _find_why_over(self, job: Job) -> str:
        if job.pause_cause == Job.PauseCause.STORAGE and self._has_room(job):
            return "The disk has room again."
        if job.pause_cause == Job.PauseCause.CAMERA_CHANGED and self._seat.is_as_before:
            return "The camera is as it was."
        if job.pause_cause == Job.PauseCause.CLOCK and not self._clock.is_behind:
            self._clock.note_right()
            return "The clock is right again."
        return ""

    def _has_room(self, job: Job) -> bool:
        try:
            self._archive.check()
        except StorageUnavailable as problem:
            # Only in memory, for the heartbeat: it says why the job still waits, without a write each time.
            job.detail = str(problem)
            return False
        return True
