"""The camera's thread. Only this thread calls the driver. It opens the camera when somebody needs it, and again after a
loss.

Requests come through a queue, and each gets one answer. If a call into the driver does not return, only this thread
hangs: `is_stuck` says so, and the service abandons it and starts another one.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from camera import errors
from camera.drivers.base import Driver
from camera.drivers.settings import SettingsRequest
from camera.engine.call_watchdog import CallWatchdog
from camera.engine.requests import Request, RequestQueue, Source, copy_without_traceback
from camera.engine.session import Session
from camera.engine.settings.applied_settings import SettingsApplier
from camera.engine.shared_state import CameraState
from camera.frame import CameraIdentity

logger = logging.getLogger(__name__)

MAX_BACKOFF_S = 5.0
# A request so soon after a failed attempt fails too. Otherwise every request would try the camera again.
MIN_RETRY_S = 0.25
MAX_STUCK_THREADS = 3


@dataclass(frozen=True)
class Timing:
    """The times of the loop, in seconds.

    `call_timeout_s`: how long a call into the driver may take beyond the exposure. `keep_streaming_s`: how long the
    stream stays on after the last use. `first_retry_s`: the wait after a fault before the camera is opened again. The
    wait doubles with each attempt.
    """

    call_timeout_s: float = 10.0
    keep_streaming_s: float = 10.0
    first_retry_s: float = 0.5


class FrameLoop:
    """Owns the camera's thread, which `start` begins. Any thread may call the public methods. None blocks longer than
    its docstring says."""

    def __init__(
        self, open_driver: Callable[[], tuple[Driver, CameraIdentity]], defaults: SettingsRequest, timing: Timing
    ) -> None:
        self.shared_state = CameraState()
        self._open_driver = open_driver
        self._defaults = defaults
        self._timing = timing
        self._queue = RequestQueue(self.shared_state.changed)
        self._watchdog = CallWatchdog(self.shared_state.changed, timing.call_timeout_s)
        self._is_wanted = False
        self._last_attempt_s = float("-inf")
        self._backoff_s = timing.first_retry_s
        self._stuck_threads: list[threading.Thread] = []
        # A daemon, because a thread that hangs in the library must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def submit(self, request: Request[Any]) -> None:
        """Queue a request. Right after a failed attempt to open the camera it fails at once, with the same cause."""
        with self.shared_state.changed:
            cause = self.shared_state.cause
            is_hopeless = not self._may_try or time.perf_counter() - self._last_attempt_s < MIN_RETRY_S
            if cause and is_hopeless:
                request.fail(cause)
            else:
                self._is_wanted = True
                self._queue.join(request)
                self._watchdog.cancel_grab(for_request=request)

    def want_open(self) -> None:
        with self.shared_state.changed:
            self._is_wanted = True
            self.shared_state.changed.notify_all()

    def look_again(self) -> None:
        """Open the camera again if it is a simulated one: a real one may be there now."""
        with self.shared_state.changed:
            self._is_wanted = True
            self.shared_state.must_look_again = True
            self.shared_state.changed.notify_all()

    def break_off(self) -> None:
        """End the exposure in progress, and fail the captures whose permit is lost. The others are taken again."""
        # In this order: when the grab ends, the camera's thread must find the request to break off.
        self._queue.break_off()
        self._watchdog.cancel_grab()

    def note_watchers(self, number: int) -> None:
        """Set the number of watchers. The stream stays on while there are any."""
        with self.shared_state.changed:
            self.shared_state.watchers = number
            self._is_wanted = self._is_wanted or number > 0
            self.shared_state.changed.notify_all()

    def end(self, timeout_s: float) -> bool:
        """End the thread: waiting requests fail, the stream stops, the camera is closed. Returns True if that came in
        time."""
        # Close the queue first. Otherwise the thread could begin another grab after this one is cancelled.
        self._queue.close(errors.CameraClosed("The program is ending."))
        self._watchdog.cancel_grab()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def abandon(self, problem: errors.CameraError) -> None:
        """Abandon the thread, because it hangs in a call. If the call returns after all, it closes its handle."""
        with self.shared_state.changed:
            self.shared_state.set_state("fault", problem)
            self._queue.close(problem)
        self._watchdog.cancel_grab()

    def successor(self) -> "FrameLoop":
        """Return a new loop, not yet started, that replaces this abandoned one."""
        heir = FrameLoop(self._open_driver, self._defaults, self._timing)
        heir.shared_state.copy_from(self.shared_state)
        # Continue with the wait of this loop, so that a camera that hangs each time is tried less and less often.
        heir.shared_state.next_try_at_s = time.perf_counter() + self._backoff_s
        heir._is_wanted = True
        heir._last_attempt_s = time.perf_counter()
        heir._backoff_s = min(2 * self._backoff_s, MAX_BACKOFF_S)
        heir._stuck_threads = [thread for thread in [*self._stuck_threads, self._thread] if thread.is_alive()]
        return heir

    @property
    def is_stuck(self) -> bool:
        return self._watchdog.is_overdue

    @property
    def longest_exposure_s(self) -> float:
        """The longest exposure of the frames that may be under way. 0 before the first opening."""
        return self._watchdog.exposure_s

    @property
    def _may_try(self) -> bool:
        """Return True if the camera may be opened again. Each thread that hangs in the library stays there, so the
        number of attempts is limited."""
        return sum(thread.is_alive() for thread in self._stuck_threads) < MAX_STUCK_THREADS

    # The methods below run only on the camera's thread.

    def _run(self) -> None:
        while self._wait_until_wanted():
            with self._faults_noted():
                self._open_and_serve()
        self._queue.fail_all(errors.CameraClosed("The program is ending."))
        if self.shared_state.state != "fault":
            self.shared_state.set_state("closed")

    def _wait_until_wanted(self) -> bool:
        """Sleep until somebody needs the camera, or the next attempt is due. Returns False if the thread must end."""
        with self.shared_state.changed:
            while not self._queue.is_closed:
                next_try_at_s = self.shared_state.next_try_at_s
                remaining_s = 0.0 if next_try_at_s is None else next_try_at_s - time.perf_counter()
                is_due = self._is_wanted and remaining_s <= 0
                # A request does not wait for the next attempt: `submit` has refused it if the last attempt was too
                # recent.
                if (is_due or self._queue.has_waiting) and self._may_try:
                    return True
                self.shared_state.changed.wait(max(remaining_s, MIN_RETRY_S) if self._is_wanted else None)
            return False

    def _open_and_serve(self) -> None:
        cause = self.shared_state.cause
        self.shared_state.set_state("opening" if cause is None else "reopening", cause)
        driver, identity = self._watchdog.call(self._open_driver)
        self.shared_state.read_warnings = lambda: driver.warnings
        try:
            # Noted here too, before the driver is closed: waiting requests fail at once, though `close` may hang.
            with self._faults_noted():
                self._serve(driver, identity)
        finally:
            # Keep no reference to the driver. Otherwise its memory for frames would stay in use.
            self.shared_state.read_warnings, self.shared_state.clock = tuple, None
            self._watchdog.call(driver.close)

    def _serve(self, driver: Driver, identity: CameraIdentity) -> None:
        if self._queue.is_closed:
            return
        source = Source(identity, driver.name, driver.is_simulated, driver.simulation_reason)
        applier = SettingsApplier(driver, self._watchdog, self.shared_state)
        applier.restore(self._defaults)
        logger.info("Camera open: %s %s (%s)", identity.model, identity.serial_number, driver.name)
        with self.shared_state.changed:
            self._backoff_s, self.shared_state.next_try_at_s = self._timing.first_retry_s, None
            self.shared_state.must_look_again = False
            self.shared_state.source = source
            self.shared_state.set_state("ready")
        keep_streaming_s = self._timing.keep_streaming_s
        Session(driver, source, applier, self._queue, self._watchdog, self.shared_state, keep_streaming_s).serve()

    @contextmanager
    def _faults_noted(self) -> Iterator[None]:
        try:
            yield
        except errors.CameraError as problem:
            self._note_fault(problem)
        except Exception as problem:
            # The boundary of the thread: after any error of a driver it reports the error and tries again.
            logger.exception("Unexpected error on the camera's thread")
            self._note_fault(errors.CameraUnavailable(f"The camera failed unexpectedly ({problem})."))

    def _note_fault(self, raised: errors.CameraError) -> None:
        problem = copy_without_traceback(raised)
        with self.shared_state.changed:
            if self._queue.is_closed:
                return
            # A lost camera is tried again every few seconds. The log gets its fault once.
            if str(self.shared_state.cause) != str(problem):
                logger.error("Camera: %s", problem)
            self._last_attempt_s = time.perf_counter()
            self.shared_state.next_try_at_s = self._last_attempt_s + self._backoff_s
            self._backoff_s = min(2 * self._backoff_s, MAX_BACKOFF_S)
            self.shared_state.set_state("fault", problem)
            self._queue.fail_all(problem)
