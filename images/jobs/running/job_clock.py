"""The clock of one job. The due times of its rounds stay at the same moments, also if somebody sets the clock of the
PC."""

from dataclasses import dataclass
from datetime import timedelta

from images.jobs.grid import Grid
from images.jobs.running.ledger import Ledger
from images.jobs.running.watching.clock_watch import MAX_SLEW, ClockWatch
from images.models import Job


@dataclass
class JobClock:
    """Moves the due times of a job with the clock, and notes why. Only for the thread that runs the job."""

    watch: ClockWatch
    grid: Grid
    ledger: Ledger
    _is_asked_about: bool = False

    def look(self) -> timedelta:
        """If the clock of the PC was set, move the due times by as much, so that each stays at its moment. Returns by
        how much they moved."""
        jump = self.watch.look()
        # While the job waits for somebody to look at the clock, each jump may be that person's correction.
        if not jump or self.ledger.job.pause_cause == Job.PauseCause.CLOCK:
            return timedelta()
        self.grid.shift += jump
        direction = "forward" if jump > timedelta() else "back"
        text = f"The clock of this PC was set {direction} by {abs(jump.total_seconds()):.0f} s."
        self.note_shift("clock_set", text)
        return jump

    def note_sleep(self) -> bool:
        """Note that the PC slept since the last look. Returns False if it did not."""
        if not self.watch.slept:
            return False
        text = f"The computer slept for {self.watch.slept.total_seconds():,.0f} s."
        self.ledger.note(self.watch.now, what="slept", text=text)
        return True

    def note_shift(self, what: str, text: str) -> None:
        shift_s = self.grid.shift.total_seconds()
        event = {"what": what, "text": text, "slot": self.ledger.next_slot, "shiftS": shift_s}
        self.ledger.change(self.watch.now, event, {"shift_s": shift_s}, Job.ACTIVE)

    @property
    def is_behind(self) -> bool:
        """True if the clock shows a time before a picture that is decided already. This is only found at a start: while
        the program runs, the due times move with the clock."""
        # A clock that is a little behind is no reason to ask: time servers correct it without a jump.
        decided, plan = self.ledger.next_slot, self.grid.plan
        return decided > 0 and self.watch.now < self.grid.due_at(plan.round_of(decided - 1)) - MAX_SLEW

    def ask_about(self) -> bool:
        """Return True if the job must wait until somebody has looked at the clock. If that person lets the job go on,
        the present time of the clock counts."""
        if not self.is_behind:
            return False
        if self._is_asked_about:
            self._is_asked_about = False
            self.grid.shift += self.watch.now - self.grid.due_at(self.grid.plan.round_of(self.ledger.next_slot))
            self.note_shift("clock_taken", "The job goes on by the clock as it is.")
            return False
        self._is_asked_about = True
        return True

    def note_right(self) -> None:
        """Note that somebody has set the clock right, so that nobody needs to be asked any more."""
        self._is_asked_about = False
