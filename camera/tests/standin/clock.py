"""The stand-in's clock: real time by default, or a clock that a test moves by hand.

All times are seconds on one monotonic scale. Waiting is always waiting on a condition, so that a stop, an unplugging or
an advance of a manual clock wakes the waiter at once.
"""

import math
import threading
import time
import weakref
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float: ...

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        """Wait, at most until that time of `now()`; None has no limit. May return early. The caller holds
        `condition`."""


class RealClock:
    """`time.perf_counter`, the scale of the times in `StandinCamera.exposures`."""

    def now(self) -> float:
        return time.perf_counter()

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        condition.wait(None if until is None else max(0.0, until - time.perf_counter()))


class ManualClock:
    """Time stands still until a test calls `advance`. Any thread may call it."""

    def __init__(self, now: float = 1000.0) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._conditions: weakref.WeakSet[threading.Condition] = weakref.WeakSet()

    def now(self) -> float:
        with self._lock:
            return self._now

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        with self._lock:
            self._conditions.add(condition)
            due = until is not None and until <= self._now
        if not due:
            condition.wait()

    def advance(self, seconds: float) -> None:
        with self._lock:
            self._now += seconds
            waiting = list(self._conditions)
        for condition in waiting:
            with condition:
                condition.notify_all()


class CameraTime:
    """The camera's own clock, which gives frames their times: seconds since `zero_at`. May be changed at any time.
    `drift_ppm`: how much faster than ours it runs, in millionths."""

    def __init__(self) -> None:
        self.zero_at = 0.0
        self.drift_ppm = 0.0
        self._steps: list[tuple[float, float]] = []
        self._stopped_at = math.inf

    def set_forward(self, seconds: float, now: float) -> None:
        """Set the clock forward, or back if the value is negative."""
        self._steps.append((now, seconds))

    def stop(self, now: float) -> None:
        self._stopped_at = now

    def at(self, moment: float) -> float:
        running_s = (min(moment, self._stopped_at) - self.zero_at) * (1 + self.drift_ppm / 1e6)
        return running_s + sum(seconds for stepped_at, seconds in self._steps if stepped_at <= moment)
