"""The clock of one job: its grid stays where it is in time, whatever somebody sets the clock of the PC to."""

from dataclasses import dataclass
from datetime import timedelta

from images.jobs.grid import Grid
from images.jobs.running.ledger import Ledger
from images.jobs.running.watching.clock_watch import MAX_SLEW, ClockWatch
from images.models import Job


@dataclass
class JobClock:
    """On the thread that runs the job. Moves the grid and notes why."""

    watch: ClockWatch
    grid: Grid
    ledger: Ledger
    _is_asked_about: bool = False

    def look(self) -> timedelta:
        """The grid stays where it is in time, whatever the clock calls it. Returns by how much the grid moved on the
        clock."""
        jump = self.watch.look()
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
        """True if the clock shows a time before a picture that was decided already. Only a start can find that: while
        the program runs, the grid goes along with a clock that is set."""
        decided, plan = self.ledger.next_slot, self.grid.plan
        return decided > 0 and self.watch.now < self.grid.due_at(plan.round_of(decided - 1)) - MAX_SLEW

    def ask_about(self) -> bool:
        """Returns True if the job must wait until somebody looked at the clock. Who then lets it go on takes the clock
        as it is."""
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
        """Somebody set the clock right: nobody needs to be asked any more."""
        self._is_asked_about = False
