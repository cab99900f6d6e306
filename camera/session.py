"""One open camera, from its opening until it is lost or given back: the stream, and who gets which frame of it."""

import logging
import time
from typing import Any

from camera import errors
from camera.bulletin import Bulletin
from camera.driver_calls import DriverCalls
from camera.drivers.base import NO_ONE_PUSH, Driver
from camera.drivers.checking import check
from camera.drivers.settings import Settings
from camera.frame import RawFrame
from camera.freshness import ExposureClock
from camera.programming import SETTLE_FRAMES, Programming
from camera.proof import shows, tell_difference
from camera.turns import CaptureRequest, Line, Request, SettingsRequest, Source, Taken, Turn, WhiteBalanceRequest

logger = logging.getLogger(__name__)

MOST_TRIES = 4
MOST_RESTARTS = 3
LONG_EXPOSURE_MS = 500.0
FIRST_FRAME_EXPOSURES = 4
SIGN_OF_LIFE_S = 5.0
REST_S = 0.25
# With nobody waiting for a frame, one in so long is enough to know that the stream is well.
UNUSED_FRAME_EVERY_S = 0.1


class Session:
    """On the camera's thread alone. The stream is on while anyone needs it and for `keep_streaming_s` after.

    A frame in progress is let pass where it does no good, but not a long one: then the stream begins anew.
    """

    def __init__(
        self,
        driver: Driver,
        source: Source,
        programming: Programming,
        line: Line,
        calls: DriverCalls,
        bulletin: Bulletin,
        keep_streaming_s: float,
    ) -> None:
        self._driver = driver
        self._source = source
        self._programming = programming
        self._line = line
        self._calls = calls
        self._bulletin = bulletin
        self._keep_streaming_s = keep_streaming_s
        self._turn: Turn | None = None
        self._clock: ExposureClock | None = None
        self._has_frames = False
        self._failures = 0
        self._restarts = 0
        self._last_used_s = float("-inf")

    def serve(self) -> None:
        """Until the line is closed. Raises the CameraError with which the camera was lost."""
        while not self._line.is_closed:
            self._demand_connected()
            self._advance()
            if self._is_used():
                self._stream_one_frame()
            elif self._is_stream_kept():
                self._let_frames_pass()
                self._stream_one_frame()
            else:
                self._rest()

    # Requests

    def _advance(self) -> None:
        """Do what is next in line: change shared settings, begin a turn, or let a capture join the one on."""
        while request := self._line.take_first(self._may_come):
            try:
                self._accept(request)
            except (errors.SettingOutOfRange, errors.SettingRefused) as refused:
                request.fail(refused)
            except errors.CameraError as problem:
                request.fail(problem)
                raise
        if self._turn is None and self._bulletin.watchers:
            self._programming.return_to_shared()

    def _may_come(self, request: Request[Any]) -> bool:
        if self._turn is None:
            return True
        return (
            isinstance(request, CaptureRequest) and request.wanted.over(self._programming.shared) == self._turn.wanted
        )

    def _accept(self, request: Request[Any]) -> None:
        check(request.wanted, self._programming.limits)
        if isinstance(request, CaptureRequest):
            self._turn = self._turn or self._begin_turn(request)
            self._turn.requests.append(request)
        elif isinstance(request, SettingsRequest):
            request.succeed(self._change_settings(request))
        elif isinstance(request, WhiteBalanceRequest):
            request.succeed(self._balance_white(request))

    def _change_settings(self, request: SettingsRequest) -> Settings:
        if not self._programming.is_as_shared(request.wanted):
            self._skip_long_exposure()
            # The driver may have to stop the stream for it, and a first frame takes longer.
            self._has_frames = self._has_frames and request.wanted.is_light_alone
        return self._programming.change_shared(request.wanted, request.by)

    def _balance_white(self, request: WhiteBalanceRequest) -> Settings:
        if not self._programming.limits.has_one_push_white_balance:
            raise errors.SettingRefused(NO_ONE_PUSH)
        if self._clock is None:
            self._start_stream()
        return self._programming.balance_white(request.by)

    def _begin_turn(self, request: CaptureRequest) -> Turn:
        self._skip_long_exposure()
        wanted = request.wanted.over(self._programming.shared)
        accepted = self._programming.set_for_turn(request.wanted)
        return Turn(wanted, accepted, self._programming.exposed_since_s())

    def _offer(self, raw: RawFrame, clock: ExposureClock) -> None:
        """Give the frame to the first in turn, if it was taken under the turn's settings and after the request."""
        turn = self._turn
        if turn is None:
            return
        if not shows(raw, turn.accepted):
            self._note_mismatch(turn, raw)
            return
        if turn.proves_since_s is not None:
            clock.learn(turn.proves_since_s)
            turn.proves_since_s = None
        request = turn.requests[0]
        if clock.began_after_s >= request.asked_at_s:
            self._leave_turn(turn, request)
            began_at_s = min(clock.began_about_s, raw.received_at_s)
            request.succeed(Taken(raw, self._source, began_at_s, request.tries))

    def _leave_turn(self, turn: Turn, request: CaptureRequest) -> None:
        turn.requests.remove(request)
        if not turn.requests:
            self._turn = None

    def _note_mismatch(self, turn: Turn, raw: RawFrame) -> None:
        """Some frames with the old settings are to be expected; when they do not end, it is a failed try."""
        turn.mismatches += 1
        if turn.mismatches >= SETTLE_FRAMES:
            turn.mismatches = 0
            self._programming.set_again()
            self._fail_a_try(errors.FrameInvalid(tell_difference(raw, turn.accepted)))

    def _fail_a_try(self, problem: errors.CameraError) -> None:
        turn = self._turn
        for request in list(turn.requests) if turn else []:
            if request.tries >= MOST_TRIES or isinstance(problem, errors.CaptureFailed):
                assert turn
                self._leave_turn(turn, request)
                request.fail(_as_capture_failed(problem, request.tries))
            request.tries += 1

    # The stream

    def _is_used(self) -> bool:
        is_used = self._turn is not None or self._bulletin.watchers > 0
        if is_used:
            self._last_used_s = time.perf_counter()
        return is_used

    def _is_stream_kept(self) -> bool:
        return time.perf_counter() - self._last_used_s < self._keep_streaming_s

    def _let_frames_pass(self) -> None:
        """Leave the processor to those who keep what was captured, until someone comes."""
        with self._bulletin.changed:
            if not (self._line.is_anyone_waiting or self._bulletin.watchers or self._line.is_closed):
                self._bulletin.changed.wait(UNUSED_FRAME_EVERY_S)

    def _stream_one_frame(self) -> None:
        clock = self._clock or self._start_stream()
        began_at_s = time.perf_counter()
        try:
            raw = self._calls.grab(
                self._driver,
                is_spare=self._turn is None and self._programming.longest_exposure_ms >= LONG_EXPOSURE_MS,
                unless=self._has_better_to_do,
                exposures=1 if self._has_frames else FIRST_FRAME_EXPOSURES,
            )
        except (errors.FrameError, errors.PixelFormatUnsupported) as failed:
            if not self._calls.was_broken_off:
                self._note_failure(failed)
        else:
            if raw is not None:
                self._take_note(raw, clock, began_at_s)
        if self._calls.was_broken_off:
            self._stop_stream()

    def _has_better_to_do(self) -> bool:
        return self._line.is_closed or (self._turn is None and self._line.is_anyone_waiting)

    def _start_stream(self) -> ExposureClock:
        self._clock = ExposureClock(time.perf_counter())
        self._has_frames = False
        self._calls.make(self._driver.start)
        self._bulletin.show("streaming")
        return self._clock

    def _stop_stream(self) -> None:
        if self._clock is not None:
            self._clock = None
            self._calls.make(self._driver.stop)
            self._bulletin.show("ready")

    def _skip_long_exposure(self) -> None:
        if self._programming.longest_exposure_ms >= LONG_EXPOSURE_MS:
            self._stop_stream()

    def _take_note(self, raw: RawFrame, clock: ExposureClock, grab_began_at_s: float) -> None:
        self._has_frames, self._failures, self._restarts = True, 0, 0
        clock.observe(raw, grab_began_at_s)
        self._bulletin.note_arrival(raw)
        self._offer(raw, clock)
        if self._programming.is_for_everyone(raw):
            self._bulletin.publish(raw, self._source)
        self._programming.observe(raw)
        if self._turn and self._turn.requests[0].asked_at_s > clock.next_begins_after_s:
            self._skip_long_exposure()

    def _note_failure(self, problem: errors.CameraError) -> None:
        """A frame failed. After several in a row the camera is asked for a sign of life and its stream restarted;
        when that does not help either, the camera is opened anew."""
        self._failures += 1
        self._fail_a_try(problem)
        if self._failures < MOST_TRIES:
            return
        self._failures = 0
        self._restarts += 1
        if self._restarts > MOST_RESTARTS or not self._calls.make(self._driver.is_answering):
            raise errors.CameraLost(f"The camera sends no frames any more. {problem}") from problem
        logger.warning("Restarting the stream after %d failed frames: %s", MOST_TRIES, problem)
        self._stop_stream()

    def _rest(self) -> None:
        """Stream off; wait for something to do, listening for a camera that goes away."""
        self._stop_stream()
        until_s = time.perf_counter() + SIGN_OF_LIFE_S
        with self._bulletin.changed:
            while not (self._line.is_anyone_waiting or self._bulletin.watchers or self._line.is_closed):
                if self._driver.has_disconnected or time.perf_counter() >= until_s:
                    break
                self._bulletin.changed.wait(REST_S)
        if time.perf_counter() >= until_s and not self._calls.make(self._driver.is_answering):
            raise errors.CameraLost("The camera does not answer any more. Check its cable and power.")

    def _demand_connected(self) -> None:
        if self._driver.has_disconnected:
            raise errors.CameraLost("The camera was unplugged or switched off.")


def _as_capture_failed(problem: errors.CameraError, tries: int) -> errors.CaptureFailed:
    if isinstance(problem, errors.CaptureFailed):
        return problem
    return errors.CaptureFailed(f"The camera gave no usable frame in {tries} tries. Last: {problem}")
