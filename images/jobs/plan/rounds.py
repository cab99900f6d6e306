"""When the rounds of a plan are due: in one or several phases of even intervals."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import accumulate
from typing import Any


@dataclass(frozen=True, slots=True)
class Phase:
    """`loops` time points, `interval` apart. `duration` is as given, or from the first to the last.

    `given` names the two fields that the plan has; the third follows from them.
    """

    interval: timedelta
    loops: int
    duration: timedelta
    given: tuple[str, str]

    def as_json(self) -> dict[str, Any]:
        values = {"interval": self.interval, "loops": self.loops, "duration": self.duration}
        return {
            name: value.total_seconds() if isinstance(value := values[name], timedelta) else value
            for name in self.given
        }


@dataclass(frozen=True)
class TimePlan:
    """One phase or several. A later phase begins at the last time point of the phase before, which is not repeated: 10
    loops and then 5 loops make 14 time points."""

    phases: tuple[Phase, ...]

    @cached_property
    def time_points(self) -> int:
        return 1 + self._starts[-1]

    @cached_property
    def _starts(self) -> list[int]:
        """The time point at which each phase begins; at the end, the last time point of all."""
        return list(accumulate((phase.loops - 1 for phase in self.phases), initial=0))

    @cached_property
    def _dues(self) -> list[timedelta]:
        """When each phase begins, counted from the first time point."""
        return list(accumulate((phase.interval * (phase.loops - 1) for phase in self.phases), initial=timedelta()))

    def due(self, time_point: int) -> timedelta:
        """Return when this time point is due, exact to the microsecond. Takes the same time for every time point."""
        # Several phases begin at the same time point if one of them has only one loop. The last of these counts.
        number = min(bisect_right(self._starts, time_point) - 1, len(self.phases) - 1)
        return self._dues[number] + self.phases[number].interval * (time_point - self._starts[number])

    @property
    def duration(self) -> timedelta:
        """Return the time from the first time point to the last."""
        return self._dues[-1]

    @property
    def is_as_fast_as_it_goes(self) -> bool:
        return not any(phase.interval for phase in self.phases)

    def as_json(self) -> dict[str, Any]:
        if len(self.phases) == 1:
            return self.phases[0].as_json()
        return {"phases": [phase.as_json() for phase in self.phases]}
