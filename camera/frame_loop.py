"""The camera's own thread: it alone calls the driver, and it keeps the stream on while anyone needs it.

Requests come in through a queue and each is answered once. If a call into the driver does not return, only this
thread is stuck: `is_stuck` says so, and the service gives it up and begins another.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from camera import errors
from camera.drivers.base import Driver, Limits, Settings
from camera.frame import CameraIdentity, RawFrame
from camera.freshness import ExposureClock
from camera.turns import CaptureRequest, Request, SettingsRequest, Taken, Turn, Wanted, shows

logger = logging.getLogger(__name__)

MOST_TRIES = 4
SETTLE_FRAMES = 12
FIRST_BACKOFF_S = 0.5
LONGEST_BACKOFF_S = 5.0
SIGN_OF_LIFE_S = 5.0
REST_S = 0.25


@dataclass(frozen=True)
class Timing:
    """`call_timeout_s`: how long a call into the driver may take beyond the exposure. `keep_streaming_s`: how long
    the stream stays on after the last use."""

    call_timeout_s: float = 10.0
    keep_streaming_s: float = 10.0


class FrameLoop:
    """Made idle; `start` begins the thread. What it shows (`state` and the rest) may be read from any thread."""

    def __init__(
        self,
        open_driver: Callable[[], tuple[Driver, CameraIdentity]],
        defaults: Wanted,
        timing: Timing,
    ) -> None:
        self._open_driver = open_driver
        self._defaults = defaults
        self._timing = timing
        self.changed = threading.Condition()
        self.state = "closed"
        self.state_since_s = time.monotonic()
        self.cause: errors.CameraError | None = None
        self.driver: Driver | None = None
        self.identity: CameraIdentity | None = None
        self.limits: Limits | None = None
        self.shared: Settings | None = None
        self.newest: RawFrame | None = None
        self.newest_count = 0
        self.next_try_at_s: float | None = None
        self.watchers = 0
        self._waiting: deque[Request] = deque()
        self._turn: Turn | None = None
        self._programmed: Settings | None = None
        self._last_seen: RawFrame | None = None
        self._clock: ExposureClock | None = None
        self._arrivals_s: deque[float] = deque(maxlen=30)
        self._failures = 0
        self._last_used_s = float("-inf")
        self._last_attempt_s = float("-inf")
        self._backoff_s = FIRST_BACKOFF_S
        self._is_wanted = False
        self._is_ending = False
        self._call_deadline_s: float | None = None
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    # What other threads call.

    def start(self) -> None:
        self._thread.start()

    def submit(self, request: Request) -> None:
        """Queue a request. One that comes right after a failed attempt to open fails at once, with its cause."""
        with self.changed:
            if self._is_ending:
                request.fail(errors.CameraClosed("The program is ending."))
            elif self.cause and time.monotonic() - self._last_attempt_s < REST_S:
                request.fail(self.cause)
            else:
                self._waiting.append(request)
                self._is_wanted = True
                self.changed.notify_all()

    def want_open(self) -> None:
        with self.changed:
            self._is_wanted = True
            self.changed.notify_all()

    def add_watchers(self, number: int) -> None:
        with self.changed:
            self.watchers += number
            self._last_used_s = time.monotonic()
            self._is_wanted = True
            self.changed.notify_all()

    def end(self, timeout_s: float) -> bool:
        """Finish: requests that wait fail, the stream stops, the camera is given back. Whether that came in time."""
        with self.changed:
            self._is_ending = True
            driver = self.driver
            self.changed.notify_all()
        if driver is not None:
            driver.interrupt()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def abandon(self, problem: errors.CameraError) -> None:
        """Give this thread up, since it hangs in a call. It gives its handle back should the call ever return."""
        with self.changed:
            self._is_ending = True
            self._show("fault", problem)
            self._fail_everyone(problem)
            driver = self.driver
        if driver is not None:
            threading.Thread(target=driver.interrupt, name="camera-interrupt", daemon=True).start()

    def successor(self, problem: errors.CameraError) -> "FrameLoop":
        """A loop, not yet started, that takes over from this abandoned one: same settings, watchers and count."""
        heir = FrameLoop(self._open_driver, self._defaults, self._timing)
        heir.shared, heir.identity, heir.limits = self.shared, self.identity, self.limits
        heir.newest, heir.newest_count, heir.watchers = self.newest, self.newest_count, self.watchers
        heir.state, heir.cause, heir.state_since_s = "fault", problem, self.state_since_s
        heir.next_try_at_s = time.monotonic() + FIRST_BACKOFF_S
        return heir

    @property
    def is_stuck(self) -> bool:
        deadline_s = self._call_deadline_s
        return deadline_s is not None and time.monotonic() > deadline_s

    @property
    def frame_rate_hz(self) -> float | None:
        """Frames a second of late; None while none come."""
        arrivals_s = list(self._arrivals_s)
        if self.state != "streaming" or len(arrivals_s) < 2 or arrivals_s[-1] <= arrivals_s[0]:
            return None
        return (len(arrivals_s) - 1) / (arrivals_s[-1] - arrivals_s[0])

    # What follows runs on the camera's thread alone.

    def _run(self) -> None:
        while self._wait_until_wanted():
            try:
                self._open()
                self._serve()
            except errors.CameraError as problem:
                self._note_fault(problem)
            except Exception as problem:
                # The thread's boundary: whatever a driver does, the thread lives on, says so, and tries again.
                logger.exception("The camera's thread met an error nobody foresaw")
                self._note_fault(errors.CameraUnavailable(f"The camera failed unexpectedly ({problem})."))
            self._give_back()
        with self.changed:
            self._fail_everyone(errors.CameraClosed("The program is ending."))
            if self.state != "fault":
                self._show("closed")

    def _wait_until_wanted(self) -> bool:
        """Sleep until someone needs the camera or the next try is due; false when it is time to end."""
        with self.changed:
            while not self._is_ending:
                if self._waiting or (self._is_wanted and self.next_try_at_s is None):
                    return True
                remaining_s = None if self.next_try_at_s is None else self.next_try_at_s - time.monotonic()
                if remaining_s is not None and remaining_s <= 0:
                    return True
                self.changed.wait(remaining_s)
            return False

    def _open(self) -> None:
        with self.changed:
            self._show("opening" if self.cause is None else "reopening", self.cause)
        driver, identity = self._call(self._open_driver)
        with self.changed:
            self.driver, self.identity = driver, identity
            if self._is_ending:
                raise errors.CameraClosed("The program is ending.")
        self.limits = self._call(driver.read_limits)
        self._restore_settings(self.limits)
        logger.info("Camera open: %s %s (%s)", identity.model, identity.serial_number, driver.name)
        with self.changed:
            self._backoff_s, self.next_try_at_s, self._failures = FIRST_BACKOFF_S, None, 0
            self._show("ready")

    def _restore_settings(self, limits: Limits) -> None:
        """A camera that was just opened has its power-up settings, or another program's; it gets ours."""
        wanted = Wanted(self.shared.exposure_ms, self.shared.gain_db) if self.shared else self._defaults
        exposure_ms = None if wanted.exposure_ms is None else limits.exposure_ms.clamp(wanted.exposure_ms)
        gain_db = None if wanted.gain_db is None else limits.gain_db.clamp(wanted.gain_db)
        self.shared = self._program(exposure_ms, gain_db)

    def _serve(self) -> None:
        while not self._is_ending:
            self._demand_connected()
            self._advance()
            if self._is_stream_needed():
                self._stream_one_frame()
            else:
                self._rest()

    def _advance(self) -> None:
        """Do what is next in the queue: change shared settings, begin a turn, or let a capture join the one on."""
        while request := self._take_next():
            try:
                if isinstance(request, SettingsRequest):
                    request.succeed(self._change_shared(request.wanted))
                elif isinstance(request, CaptureRequest):
                    self._seat(request)
            except (errors.SettingOutOfRange, errors.SettingRefused) as refused:
                request.fail(refused)
            except errors.CameraError as problem:
                request.fail(problem)
                raise
        if self._turn is None and self.watchers and self._programmed != self.shared and self.shared:
            self._program(self.shared.exposure_ms, self.shared.gain_db)

    def _take_next(self) -> Request | None:
        with self.changed:
            if not self._waiting:
                return None
            first = self._waiting[0]
            may_join = isinstance(first, CaptureRequest) and self._turn and self._matches_turn(first)
            return self._waiting.popleft() if self._turn is None or may_join else None

    def _matches_turn(self, request: CaptureRequest) -> bool:
        assert self._turn and self.shared
        return request.wanted.over(self.shared) == (self._turn.exposure_ms, self._turn.gain_db)

    def _change_shared(self, wanted: Wanted) -> Settings:
        """All that is named, or nothing: where the camera refuses one value, the other is set back."""
        assert self.limits and self.shared
        wanted.check(self.limits)
        before = self.shared
        try:
            self.shared = self._program(*wanted.over(before))
        except errors.SettingRefused:
            self._program(before.exposure_ms, before.gain_db)
            raise
        return self.shared

    def _seat(self, request: CaptureRequest) -> None:
        if self._turn is None:
            self._turn = self._begin_turn(request.wanted)
        self._turn.requests.append(request)

    def _begin_turn(self, wanted: Wanted) -> Turn:
        assert self.limits and self.shared and self._programmed
        wanted.check(self.limits)
        exposure_ms, gain_db = wanted.over(self.shared)
        before, programmed_at_s = self._programmed, time.monotonic()
        if (exposure_ms, gain_db) == (self.shared.exposure_ms, self.shared.gain_db):
            accepted = self._program(exposure_ms, gain_db) if before != self.shared else before
        else:
            accepted = self._program(exposure_ms, gain_db)
        is_other = self._last_seen is not None and not shows(self._last_seen, accepted)
        return Turn(exposure_ms, gain_db, accepted, programmed_at_s, accepted != before and is_other)

    def _program(self, exposure_ms: float | None, gain_db: float | None) -> Settings:
        """Set the camera and read back what it took. Limits are read again, since some depend on settings."""
        assert self.driver
        self._programmed = self._call(self.driver.configure, exposure_ms, gain_db)
        self.limits = self._call(self.driver.read_limits)
        return self._programmed

    def _is_stream_needed(self) -> bool:
        is_used = self._turn is not None or self.watchers > 0
        if is_used:
            self._last_used_s = time.monotonic()
        return is_used or time.monotonic() - self._last_used_s < self._timing.keep_streaming_s

    def _stream_one_frame(self) -> None:
        assert self.driver
        if self._clock is None:
            self._clock = ExposureClock(time.monotonic())
            self._last_seen = None
            self._call(self.driver.start)
            with self.changed:
                self._show("streaming")
        try:
            raw = self._call(self.driver.grab, exposure_ms=self._longest_exposure_ms())
        except (errors.FrameError, errors.PixelFormatUnsupported) as failed:
            self._note_failure(failed)
            return
        self._failures = 0
        self._clock.observe(raw)
        self._arrivals_s.append(raw.received_at_s)
        self._offer(raw)
        self._last_seen = raw
        self._publish(raw)

    def _longest_exposure_ms(self) -> float:
        """A frame under way may still have the exposure that was set before."""
        exposures_ms = [settings.exposure_ms for settings in (self._programmed, self.shared) if settings]
        if self._last_seen:
            exposures_ms.append(self._last_seen.descriptor.exposure_ms)
        return max(exposures_ms, default=0.0)

    def _offer(self, raw: RawFrame) -> None:
        """Give the frame to the first in turn, if it was taken under the turn's settings and after the request."""
        turn, clock = self._turn, self._clock
        if turn is None or clock is None:
            return
        if not turn.shows(raw):
            self._note_mismatch(turn, raw)
            return
        if turn.is_change_awaited:
            turn.is_change_awaited, turn.fresh_since_s = False, turn.programmed_at_s
            clock.learn_transport(raw, turn.programmed_at_s)
        request = turn.requests[0]
        if max(clock.began_after_s(raw), turn.fresh_since_s) >= request.asked_at_s:
            began_at_s = max(clock.began_about_s(raw), request.asked_at_s)
            self._leave_turn(request)
            request.succeed(Taken(raw, began_at_s, request.tries))

    def _note_mismatch(self, turn: Turn, raw: RawFrame) -> None:
        """Some frames with the old settings are to be expected; when they do not end, it is a failed try."""
        turn.mismatches += 1
        if turn.mismatches >= SETTLE_FRAMES:
            turn.mismatches = 0
            self._program(turn.exposure_ms, turn.gain_db)
            self._fail_a_try(
                errors.FrameInvalid(
                    f"The camera was set to {turn.accepted.exposure_ms:g} ms and {turn.accepted.gain_db:g} dB, but its "
                    f"frames say {raw.descriptor.exposure_ms:g} ms and {raw.descriptor.gain_db:g} dB."
                )
            )

    def _note_failure(self, problem: errors.CameraError) -> None:
        """A frame failed. After several in a row the camera is asked for a sign of life and its stream restarted."""
        assert self.driver
        self._failures += 1
        self._fail_a_try(problem)
        if self._failures >= MOST_TRIES:
            self._failures = 0
            if not self._call(self.driver.is_answering):
                raise errors.CameraLost(f"The camera does not answer any more. {problem}") from problem
            logger.warning("Restarting the stream after %d failed frames: %s", MOST_TRIES, problem)
            self._stop_stream()
        elif self._failures == 1:
            logger.info("A frame failed, trying again: %s", problem)

    def _fail_a_try(self, problem: errors.CameraError) -> None:
        for request in list(self._turn.requests) if self._turn else []:
            if request.tries >= MOST_TRIES or isinstance(problem, errors.CaptureFailed):
                self._leave_turn(request)
                request.fail(_as_capture_failed(problem, request.tries))
            request.tries += 1

    def _leave_turn(self, request: CaptureRequest) -> None:
        assert self._turn
        self._turn.requests.remove(request)
        if not self._turn.requests:
            self._turn = None

    def _publish(self, raw: RawFrame) -> None:
        """Show the frame to watchers, except those taken for someone's capture under settings of its own."""
        if self._turn is not None and self._turn.accepted != self.shared:
            return
        with self.changed:
            self.newest = raw
            self.newest_count += 1
            self.changed.notify_all()

    def _rest(self) -> None:
        """Stream off; wait for something to do, listening for a camera that goes away."""
        assert self.driver
        self._stop_stream()
        until_s = time.monotonic() + SIGN_OF_LIFE_S
        with self.changed:
            while not (self._waiting or self.watchers or self._is_ending):
                if self.driver.has_disconnected or time.monotonic() >= until_s:
                    break
                self.changed.wait(REST_S)
        if time.monotonic() >= until_s and not self._call(self.driver.is_answering):
            raise errors.CameraLost("The camera does not answer any more. Check its cable and power.")

    def _demand_connected(self) -> None:
        assert self.driver
        if self.driver.has_disconnected:
            raise errors.CameraLost("The camera was unplugged or switched off.")

    def _stop_stream(self) -> None:
        if self._clock is not None and self.driver is not None:
            self._clock = None
            self._arrivals_s.clear()
            self._call(self.driver.stop)
            with self.changed:
                self._show("ready")

    def _note_fault(self, problem: errors.CameraError) -> None:
        if self._is_ending:
            return
        if self.cause is None or str(self.cause) != str(problem):
            logger.error("Camera: %s", problem)
        with self.changed:
            self._last_attempt_s = time.monotonic()
            self.next_try_at_s = self._last_attempt_s + self._backoff_s
            self._backoff_s = min(2 * self._backoff_s, LONGEST_BACKOFF_S)
            self._show("fault", problem)
            self._fail_everyone(problem)

    def _give_back(self) -> None:
        with self.changed:
            driver, self.driver = self.driver, None
            self._clock, self._programmed, self._last_seen = None, None, None
            self._arrivals_s.clear()
        if driver is not None:
            self._call(driver.close)

    def _fail_everyone(self, problem: errors.CameraError) -> None:
        turn, self._turn = self._turn, None
        for request in [*(turn.requests if turn else []), *self._waiting]:
            request.fail(problem)
        self._waiting.clear()

    def _show(self, state: str, cause: errors.CameraError | None = None) -> None:
        """Under `changed`. The time stands from when a fault began, through all tries to mend it."""
        if state != self.state and not (state in ("fault", "reopening") and self.state in ("fault", "reopening")):
            self.state_since_s = time.monotonic()
        self.state, self.cause = state, cause
        self.changed.notify_all()

    def _call(self, function: Callable, *arguments, exposure_ms: float = 0.0):
        """Call into the driver, under the eye of `is_stuck`."""
        self._call_deadline_s = time.monotonic() + self._timing.call_timeout_s + exposure_ms / 1000
        try:
            return function(*arguments)
        finally:
            self._call_deadline_s = None


def _as_capture_failed(problem: errors.CameraError, tries: int) -> errors.CaptureFailed:
    if isinstance(problem, errors.CaptureFailed):
        return problem
    return errors.CaptureFailed(f"The camera gave no usable frame in {tries} tries. Last: {problem}")
