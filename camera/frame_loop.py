"""The camera's own thread: it alone calls the driver, opens the camera when it is wanted, and again when it was lost.

Requests come in through a line and each is answered once. If a call into the driver does not return, only this
thread is stuck: `is_stuck` says so, and the service gives it up and begins another.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from camera import errors
from camera.bulletin import Bulletin
from camera.driver_calls import DriverCalls
from camera.drivers.base import Driver
from camera.drivers.settings import Wanted
from camera.frame import CameraIdentity
from camera.programming import Programming
from camera.session import Session
from camera.turns import Line, Request, Source, anew

logger = logging.getLogger(__name__)

LONGEST_BACKOFF_S = 5.0
SHORTEST_RETRY_S = 0.25
MOST_STUCK_THREADS = 3


@dataclass(frozen=True)
class Timing:
    """`call_timeout_s`: how long a call into the driver may take beyond the exposure. `keep_streaming_s`: how long
    the stream stays on after the last use. `first_retry_s`: how long after a fault the camera is looked for again;
    each time twice as long."""

    call_timeout_s: float = 10.0
    keep_streaming_s: float = 10.0
    first_retry_s: float = 0.5


class FrameLoop:
    """Made idle; `start` begins the thread. All public methods may be called from any thread and none blocks for
    longer than it says."""

    def __init__(
        self, open_driver: Callable[[], tuple[Driver, CameraIdentity]], defaults: Wanted, timing: Timing
    ) -> None:
        self.bulletin = Bulletin()
        self._open_driver = open_driver
        self._defaults = defaults
        self._timing = timing
        self._line = Line(self.bulletin.changed)
        self._calls = DriverCalls(self.bulletin.changed, timing.call_timeout_s)
        self._is_wanted = False
        self._last_attempt_s = float("-inf")
        self._backoff_s = timing.first_retry_s
        self._stuck_threads: list[threading.Thread] = []
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, request: Request[Any]) -> None:
        """Queue a request. One that comes right after a failed attempt to open fails at once, with its cause."""
        with self.bulletin.changed:
            cause = self.bulletin.cause
            is_hopeless = not self._may_try or time.perf_counter() - self._last_attempt_s < SHORTEST_RETRY_S
            if cause and is_hopeless:
                request.fail(cause)
            else:
                self._is_wanted = True
                self._line.join(request)
                self._calls.break_off_grab(only_spare=True)

    def want_open(self) -> None:
        with self.bulletin.changed:
            self._is_wanted = True
            self.bulletin.changed.notify_all()

    def note_watchers(self, number: int) -> None:
        """How many watch now; while any do, the stream stays on."""
        with self.bulletin.changed:
            self.bulletin.watchers = number
            self._is_wanted = self._is_wanted or number > 0
            self.bulletin.changed.notify_all()

    def end(self, timeout_s: float) -> bool:
        """Finish: requests that wait fail, the stream stops, the camera is given back. Whether that came in time."""
        self._line.close(errors.CameraClosed("The program is ending."))
        self._calls.break_off_grab()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def abandon(self, problem: errors.CameraError) -> None:
        """Give this thread up, since it hangs in a call. It gives its handle back should the call ever return."""
        with self.bulletin.changed:
            self.bulletin.show("fault", problem)
            self._line.close(problem)
        self._calls.break_off_grab()

    def successor(self) -> "FrameLoop":
        """A loop, not yet started, that takes over from this abandoned one."""
        heir = FrameLoop(self._open_driver, self._defaults, self._timing)
        heir.bulletin.copy_from(self.bulletin)
        heir.bulletin.next_try_at_s = time.perf_counter() + self._backoff_s
        heir._is_wanted = True
        heir._last_attempt_s = time.perf_counter()
        heir._backoff_s = min(2 * self._backoff_s, LONGEST_BACKOFF_S)
        heir._stuck_threads = [thread for thread in [*self._stuck_threads, self._thread] if thread.is_alive()]
        return heir

    @property
    def is_stuck(self) -> bool:
        return self._calls.is_overdue

    @property
    def longest_exposure_s(self) -> float:
        """Of the frames that may be under way; 0 before the first opening."""
        return self._calls.exposure_s

    @property
    def _may_try(self) -> bool:
        """Each thread that hangs in the library may cost another one: not without end."""
        return sum(thread.is_alive() for thread in self._stuck_threads) < MOST_STUCK_THREADS

    # What follows runs on the camera's thread alone.

    def _run(self) -> None:
        while self._wait_until_wanted():
            with self._faults_noted():
                self._open_and_serve()
        self._line.fail_everyone(errors.CameraClosed("The program is ending."))
        if self.bulletin.state != "fault":
            self.bulletin.show("closed")

    def _wait_until_wanted(self) -> bool:
        """Sleep until someone needs the camera or the next try is due; false when it is time to end."""
        with self.bulletin.changed:
            while not self._line.is_closed:
                next_try_at_s = self.bulletin.next_try_at_s
                remaining_s = 0.0 if next_try_at_s is None else next_try_at_s - time.perf_counter()
                is_due = self._is_wanted and remaining_s <= 0
                if (is_due or self._line.is_anyone_waiting) and self._may_try:
                    return True
                self.bulletin.changed.wait(max(remaining_s, SHORTEST_RETRY_S) if self._is_wanted else None)
            return False

    def _open_and_serve(self) -> None:
        cause = self.bulletin.cause
        self.bulletin.show("opening" if cause is None else "reopening", cause)
        driver, identity = self._calls.make(self._open_driver)
        try:
            with self._faults_noted():
                self._serve(driver, identity)
        finally:
            self._calls.make(driver.close)

    def _serve(self, driver: Driver, identity: CameraIdentity) -> None:
        if self._line.is_closed:
            return
        source = Source(identity, driver.name, driver.is_simulated, driver.simulation_reason)
        programming = Programming(driver, self._calls, self.bulletin)
        programming.restore(self._defaults)
        logger.info("Camera open: %s %s (%s)", identity.model, identity.serial_number, driver.name)
        with self.bulletin.changed:
            self._backoff_s, self.bulletin.next_try_at_s = self._timing.first_retry_s, None
            self.bulletin.source = source
            self.bulletin.show("ready")
        keep_streaming_s = self._timing.keep_streaming_s
        Session(driver, source, programming, self._line, self._calls, self.bulletin, keep_streaming_s).serve()

    @contextmanager
    def _faults_noted(self) -> Iterator[None]:
        try:
            yield
        except errors.CameraError as problem:
            self._note_fault(problem)
        except Exception as problem:
            # The thread's boundary: whatever a driver does, the thread lives on, says so, and tries again.
            logger.exception("The camera's thread met an error nobody foresaw")
            self._note_fault(errors.CameraUnavailable(f"The camera failed unexpectedly ({problem})."))

    def _note_fault(self, raised: errors.CameraError) -> None:
        problem = anew(raised)
        with self.bulletin.changed:
            if self._line.is_closed:
                return
            if str(self.bulletin.cause) != str(problem):
                logger.error("Camera: %s", problem)
            self._last_attempt_s = time.perf_counter()
            self.bulletin.next_try_at_s = self._last_attempt_s + self._backoff_s
            self._backoff_s = min(2 * self._backoff_s, LONGEST_BACKOFF_S)
            self.bulletin.show("fault", problem)
            self._line.fail_everyone(problem)
