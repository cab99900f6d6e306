"""Calls into the driver: timed, so that one that hangs is seen, and able to be broken off while waiting for a frame."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

from camera.drivers.base import Driver
from camera.frame import RawFrame

Result = TypeVar("Result")


class DriverCalls:
    """Of one camera thread, which makes them; the rest may be used from any thread.

    `exposure_s`: the longest exposure that may be under way, for which the driver may have to wait.
    """

    def __init__(self, changed: threading.Condition, timeout_s: float) -> None:
        self._changed = changed
        self._timeout_s = timeout_s
        self.exposure_s = 0.0
        self._deadline_s: float | None = None
        self._grabbing: Driver | None = None
        self._is_grab_spare = False
        self._breaker: threading.Thread | None = None

    def make(self, function: Callable[..., Result], *arguments: object, exposures: int = 1) -> Result:
        """Blocks for as long as the call takes, which may be for ever: see `is_overdue`."""
        self._deadline_s = time.perf_counter() + self._timeout_s + exposures * self.exposure_s
        try:
            return function(*arguments)
        finally:
            self._deadline_s = None

    def grab(
        self, driver: Driver, *, is_spare: bool, unless: Callable[[], bool], exposures: int = 1
    ) -> RawFrame | None:
        """The next frame; None if `unless`, which is asked under `changed`. `is_spare`: nobody captures.

        See `was_broken_off` afterwards, which can be so with a frame, without one, and after an error.
        """
        with self._changed:
            self._breaker = None
            if unless():
                return None
            self._grabbing, self._is_grab_spare = driver, is_spare
        try:
            return self.make(driver.grab, exposures=exposures)
        finally:
            self._end_grab()

    @property
    def was_broken_off(self) -> bool:
        """Whether the last grab was; the stream is stopped then."""
        return self._breaker is not None

    def break_off_grab(self, *, only_spare: bool = False) -> None:
        """Let a grab that is waiting end soon. Does not block: the driver is told on a thread of its own, since
        that call might hang too."""
        with self._changed:
            if self._grabbing is None or self._breaker is not None or (only_spare and not self._is_grab_spare):
                return
            self._breaker = threading.Thread(target=self._grabbing.interrupt, name="camera-break-off", daemon=True)
            self._breaker.start()

    @property
    def is_overdue(self) -> bool:
        """Whether a call has not returned for longer than can be explained."""
        deadline_s = self._deadline_s
        return deadline_s is not None and time.perf_counter() > deadline_s

    def _end_grab(self) -> None:
        """The driver is nobody else's again before this returns."""
        with self._changed:
            self._grabbing = None
        if self._breaker is not None:
            self.make(self._breaker.join)
