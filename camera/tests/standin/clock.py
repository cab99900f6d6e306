"""The time the stand-in lives in: real by default, or moved by hand.

All times are seconds on one monotonic scale. Waiting is always waiting on a condition, so that a stop, an unplugging or
an advance of a manual clock wakes the waiter at once.
"""

import threading
import time
import weakref
from typing import Protocol


class Clock(Protocol):
    def now(self) -> float: ...

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        """Called with `condition` held; may return early. `until` is a time of `now()`, None is for ever."""


class RealClock:
    """`time.perf_counter`, the scale on which `StandinCamera.exposures` is recorded."""

    def now(self) -> float:
        return time.perf_counter()

    def wait(self, condition: threading.Condition, until: float | None) -> None:
        condition.wait(None if until is None else max(0.0, until - time.perf_counter()))


class ManualClock:
    """Time stands still until a test calls `advance`; safe to advance from any thread."""

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
