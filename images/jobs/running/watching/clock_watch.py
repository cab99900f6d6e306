"""Watches the clock of the PC for jumps: people and time servers set it, and the due times of a job must not follow."""

from datetime import timedelta

from images.run_days import Clock

# Time servers correct a clock by less than this between two looks. A larger difference is a jump.
MAX_SLEW = timedelta(seconds=1)


class ClockWatch:
    """The clock of the PC. Only for one thread, which must look often."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.now = clock.now()
        self.elapsed_s = clock.elapsed_s()
        self._awake_s = clock.awake_s()
        self.slept = timedelta()

    def look(self) -> timedelta:
        """Read the clock into `now`, and into `slept` how long the PC slept since the last look. Returns by how much
        the clock was set since then; zero if it was not set."""
        now, elapsed_s, awake_s = self._clock.now(), self._clock.elapsed_s(), self._clock.awake_s()
        # The one clock goes on while the PC sleeps, the other one stops.
        slept = timedelta(seconds=(elapsed_s - self.elapsed_s) - (awake_s - self._awake_s))
        self.slept = slept if slept > MAX_SLEW else timedelta()
        # The wall clock and the elapsed seconds differ only if somebody set the clock.
        jump = (now - self.now) - timedelta(seconds=elapsed_s - self.elapsed_s)
        self.now, self.elapsed_s, self._awake_s = now, elapsed_s, awake_s
        return jump if abs(jump) > MAX_SLEW else timedelta()
