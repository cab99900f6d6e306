"""Watches the calls into the driver: finds one that hangs, and can cancel one that waits for a frame."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from camera.drivers.base import Driver
from camera.engine.requests import Request
from camera.frame import RawFrame

Result = TypeVar("Result")


class CallWatchdog:
    """The calls of one camera thread. Only that thread makes calls. Any thread may use the rest.

    `exposure_s`: the longest exposure that may be under way, for which the driver may have to wait.
    """

    def __init__(self, changed: threading.Condition, timeout_s: float) -> None:
        self._changed = changed
        self._timeout_s = timeout_s
        self.exposure_s = 0.0
        self._deadline_s: float | None = None
        self._grabbing: Driver | None = None
        self._may_be_broken_off: Callable[[Request[Any]], bool] = _never
        self._canceller: threading.Thread | None = None

    def call(self, function: Callable[..., Result], *arguments: object, exposures: int = 1) -> Result:
        """Make a call. Blocks until it returns, which may be never: see `is_overdue`."""
        self._deadline_s = time.perf_counter() + self._timeout_s + exposures * self.exposure_s
        try:
            return function(*arguments)
        finally:
            self._deadline_s = None

    def grab(
        self,
        driver: Driver,
        *,
        is_spare_for: Callable[[Request[Any]], bool],
        unless: Callable[[], bool],
        exposures: int = 1,
    ) -> RawFrame | None:
        """Return the next frame. None if `unless` returns True, which is called under `changed`.

        `is_spare_for` says whether a request that comes meanwhile is served sooner without this frame. Other threads
        call it while this one waits. Look at `was_cancelled` afterwards: it can be True with a frame, without one, and
        after an error.
        """
        with self._changed:
            self._canceller = None
            # Decide under the lock that also announces the grab. Otherwise a request in between could not cancel it.
            if unless():
                return None
            self._grabbing, self._may_be_broken_off = driver, is_spare_for
        try:
            return self.call(driver.grab, exposures=exposures)
        finally:
            self._end_grab()

    @property
    def was_cancelled(self) -> bool:
        """True if the last grab was cancelled. The stream is then stopped."""
        return self._canceller is not None

    def cancel_grab(self, for_request: Request[Any] | None = None) -> None:
        """End a waiting grab soon. With `for_request`, only if the frame is spare for that request.

        Does not block: another thread tells the driver, because that call may hang too.
        """
        with self._changed:
            if self._grabbing is None or self._canceller is not None:
                return
            if for_request is not None and not self._may_be_broken_off(for_request):
                return
            self._canceller = threading.Thread(target=self._grabbing.interrupt, name="camera-cancel", daemon=True)
            self._canceller.start()

    @property
    def is_overdue(self) -> bool:
        """Return True if a call takes longer than exposure and time-out explain."""
        # Read it once: the camera's thread may set it to None at any moment.
        deadline_s = self._deadline_s
        return deadline_s is not None and time.perf_counter() > deadline_s

    def _end_grab(self) -> None:
        """Wait until the thread that cancels has left the driver: only one thread may be in it."""
        with self._changed:
            self._grabbing, self._may_be_broken_off = None, _never
        if self._canceller is not None:
            # A call with a deadline, because the interrupt of the driver may hang too.
            self.call(self._canceller.join)


def _never(_: Request[Any]) -> bool:
    return False
