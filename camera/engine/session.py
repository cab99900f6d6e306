"""One open camera, from its opening until it is lost or closed: runs the stream and gives its frames to requests."""

import logging
import time
from typing import Any

from camera import errors
from camera.drivers.base import NO_ONE_PUSH, Driver
from camera.drivers.settings import Settings, SettingsRequest
from camera.drivers.validation import check
from camera.engine.batching import MAX_TRIES, Batching
from camera.engine.bursting import Bursting, BurstRequest
from camera.engine.call_watchdog import CallWatchdog
from camera.engine.clock.exposure_start import ExposureStartEstimator
from camera.engine.clock.pace import LONG_EXPOSURE_MS
from camera.engine.probes.probing import Probing
from camera.engine.reporting import Reporting
from camera.engine.requests import (
    CaptureRequest,
    ConfigureRequest,
    Request,
    RequestQueue,
    Source,
    WhiteBalanceRequest,
)
from camera.engine.settings.applied_settings import SettingsApplier
from camera.engine.shared_state import CameraState
from camera.engine.stream import Stream
from camera.frame import RawFrame

logger = logging.getLogger(__name__)

# After MAX_TRIES bad frames in a row the stream is restarted; after so many restarts the camera is opened again.
MAX_RESTARTS = 3
# The first frame of a stream may take so many exposures, because some cameras hold frames back.
FIRST_FRAME_EXPOSURES = 4
# An idle camera is asked this often whether it still answers.
HEARTBEAT_S = 5.0
REST_S = 0.25
# If nobody waits for a frame, one in this time is enough to see that the stream works.
UNUSED_FRAME_EVERY_S = 0.1


class Session:
    """Only for the camera's thread. The stream is on while somebody needs it, and for `keep_streaming_s` after that.

    If the frame in progress is of no use, the session lets it pass, or restarts the stream if that is quicker.
    """

    def __init__(
        self,
        driver: Driver,
        source: Source,
        applier: SettingsApplier,
        queue: RequestQueue,
        watchdog: CallWatchdog,
        shared_state: CameraState,
        keep_streaming_s: float,
    ) -> None:
        self._driver = driver
        self._source = source
        self._applier = applier
        self._queue = queue
        self._watchdog = watchdog
        self._shared_state = shared_state
        self._keep_streaming_s = keep_streaming_s
        self._stream = Stream(driver, watchdog)
        self._probing = Probing(applier, self._stream)
        self._batching = Batching(applier, source, self._stream.pace)
        self._bursting = Bursting(applier, source)
        self._reporting = Reporting(self._stream, self._probing)
        self._failures = 0
        self._restarts = 0
        self._last_used_s = float("-inf")

    def serve(self) -> None:
        """Serve requests until the queue is closed or this camera is given up. Raises the CameraError of a loss."""
        while not self._queue.is_closed:
            if not self._is_asked and self._shared_state.is_given_up(self._source):
                return
            self._require_connected()
            self._advance()
            if self._is_used() or self._probing.is_on:
                self._stream_one_frame()
            # The stream stays on for a while: another capture often follows, and to start the stream takes time.
            elif self._is_stream_kept():
                self._let_frames_pass()
                self._stream_one_frame()
            else:
                self._rest()

    # Requests

    def _advance(self) -> None:
        """Do the next thing: change shared settings, or let a capture wait together with others that want the
        same settings."""
        if self._queue.take_break_off():
            self._batching.drop_refused()
        while request := self._queue.take_first(self._can_start):
            try:
                self._accept(request)
            except errors.REFUSALS as refused:
                request.fail(refused)
            except errors.CameraError as problem:
                request.fail(problem)
                raise
        if not self._is_asked:
            self._tend_unasked()

    def _tend_unasked(self) -> None:
        """If nobody waits, go back to the shared settings for the watchers, and learn about the camera's clock."""
        if self._probing.is_on or self._probing.begin_if_due():
            return
        if self._shared_state.watchers and not self._applier.is_set_to(SettingsRequest()):
            # Otherwise watchers would wait for the rest of a long exposure of a capture.
            self._skip_long_exposure(SettingsRequest())
            self._applier.return_to_shared()

    @property
    def _is_asked(self) -> bool:
        """True while somebody waits for frames."""
        return self._batching.is_on or self._bursting.is_on

    def _can_start(self, request: Request[Any]) -> bool:
        if not self._batching.is_on:
            return True
        return isinstance(request, CaptureRequest) and self._batching.has_settings_of(request)

    def _accept(self, request: Request[Any]) -> None:
        # Here and not where the request came in: control may have passed to somebody else while it waited.
        request.require_permit()
        if self._bursting.is_on:
            request.fail(errors.CameraBusy("A burst has the camera. Try again when it has ended, or stop its job."))
            return
        check(request.wanted, self._applier.limits)
        # A probe has set another exposure. The request starts from the shared settings.
        self._probing.give_up()
        if isinstance(request, BurstRequest):
            self._skip_long_exposure(request.wanted)
            self._bursting.begin(request)
        elif isinstance(request, CaptureRequest):
            if not self._batching.is_on:
                self._skip_long_exposure(request.wanted)
            self._batching.add(request)
        elif isinstance(request, ConfigureRequest):
            request.succeed(self._change_settings(request))
        elif isinstance(request, WhiteBalanceRequest):
            request.succeed(self._balance_white(request))

    def _change_settings(self, request: ConfigureRequest) -> Settings:
        if not self._applier.is_as_shared(request.wanted):
            self._skip_long_exposure(request.wanted)
            # The driver may have to restart the stream for it, and the first frame after that takes longer.
            self._stream.has_frames = self._stream.has_frames and request.wanted.is_exposure_and_gain_only
        return self._applier.change_shared(request.wanted, request.by)

    def _balance_white(self, request: WhiteBalanceRequest) -> Settings:
        if not self._applier.limits.has_one_push_white_balance:
            raise errors.SettingRefused(NO_ONE_PUSH)
        if self._stream.clock is None:
            self._start_stream()
        return self._applier.balance_white(request.by)

    # The stream

    def _is_used(self) -> bool:
        is_used = self._is_asked or self._shared_state.watchers > 0
        if is_used:
            self._last_used_s = time.perf_counter()
        return is_used

    def _is_stream_kept(self) -> bool:
        return time.perf_counter() - self._last_used_s < self._keep_streaming_s

    def _let_frames_pass(self) -> None:
        """Wait without taking frames, so that the processor is free for captures that are being saved."""
        with self._shared_state.changed:
            if not (self._queue.has_waiting or self._shared_state.watchers or self._queue.is_closed):
                self._shared_state.changed.wait(UNUSED_FRAME_EVERY_S)

    def _stream_one_frame(self) -> None:
        clock = self._stream.clock or self._start_stream()
        began_at_s = time.perf_counter()
        try:
            raw = self._watchdog.grab(
                self._driver,
                is_spare_for=self._is_frame_spare_for,
                unless=self._has_better_to_do,
                exposures=1 if self._stream.has_frames else FIRST_FRAME_EXPOSURES,
            )
        except (errors.FrameError, errors.PixelFormatUnsupported) as failed:
            # A cancelled grab ends with an error, which is no fault of the camera.
            if not self._watchdog.was_cancelled:
                self._note_failure(failed)
        else:
            if raw is not None:
                self._observe_frame(raw, clock, began_at_s)
        if self._watchdog.was_cancelled:
            self._stop_stream()

    def _has_better_to_do(self) -> bool:
        # Called under `changed`, just before the grab. A request that comes later can cancel the grab.
        return self._queue.is_closed or (not self._is_asked and self._queue.has_waiting)

    def _start_stream(self) -> ExposureStartEstimator:
        clock = self._stream.start()
        self._shared_state.set_state("streaming")
        return clock

    def _stop_stream(self) -> None:
        if self._stream.clock is not None:
            self._stream.stop()
            self._probing.note_stop()
            self._bursting.note_stop()
            self._shared_state.set_state("ready")

    def _is_frame_spare_for(self, request: Request[Any]) -> bool:
        """Return True if a new request is served sooner without the frame in progress. Other threads call this too,
        while the camera's thread waits for the frame."""
        return not self._is_asked and self._is_breaking_off_quicker(request.wanted)

    def _is_breaking_off_quicker(self, wanted: SettingsRequest) -> bool:
        """Return True if a restart is quicker than to let the frame in progress pass, and some more after a change of
        settings."""
        exposure_ms = self._applier.longest_exposure_ms
        if self._applier.is_set_to(wanted):
            return exposure_ms >= LONG_EXPOSURE_MS
        return self._stream.pace.is_restart_quicker(exposure_ms)

    def _skip_long_exposure(self, wanted: SettingsRequest) -> None:
        if self._is_breaking_off_quicker(wanted):
            self._stop_stream()

    def _observe_frame(self, raw: RawFrame, clock: ExposureStartEstimator, grab_began_at_s: float) -> None:
        self._failures, self._restarts = 0, 0
        # First of all: whether the frame serves a request depends on when it was exposed.
        self._stream.observe(raw, clock, grab_began_at_s, is_wanted=self._batching.is_on or self._bursting.is_beginning)
        self._shared_state.note_arrival(raw)
        self._batching.offer(raw, clock)
        self._bursting.offer(raw, clock)
        if self._applier.is_for_everyone(raw) or self._bursting.is_shown(raw):
            self._shared_state.publish(raw, self._source)
        # After `is_for_everyone`, which must know the settings that were under way before this frame.
        self._applier.observe(raw)
        self._probing.observe(raw, clock)
        self._shared_state.clock = self._reporting.report(raw, clock)
        # The next frame may have begun before the request. If it is long, a restart is quicker than to wait for it.
        if wanted := self._batching.find_in_vain(clock):
            self._skip_long_exposure(wanted)

    def _note_failure(self, problem: errors.CameraError) -> None:
        """Note that a frame failed. After several in a row, check that the camera answers and restart its stream. If
        that does not help either, the camera is opened again."""
        self._failures += 1
        self._batching.fail_try(problem)
        if self._failures < MAX_TRIES:
            return
        self._failures = 0
        self._restarts += 1
        # A camera that answers may only need a new stream. That is quicker than to open it again.
        if self._restarts > MAX_RESTARTS or not self._watchdog.call(self._driver.is_answering):
            raise errors.CameraLost(f"The camera sends no frames any more. {problem}") from problem
        logger.warning("Restarting the stream after %d failed frames: %s", MAX_TRIES, problem)
        self._stop_stream()

    def _rest(self) -> None:
        """Stop the stream and wait for something to do. Notices a camera that is unplugged meanwhile."""
        self._stop_stream()
        until_s = time.perf_counter() + HEARTBEAT_S
        with self._shared_state.changed:
            while not (self._queue.has_waiting or self._shared_state.is_wanted or self._queue.is_closed):
                if self._driver.has_disconnected or time.perf_counter() >= until_s:
                    break
                self._shared_state.changed.wait(REST_S)
        if time.perf_counter() >= until_s and not self._watchdog.call(self._driver.is_answering):
            raise errors.CameraLost("The camera does not answer any more. Check its cable and power.")

    def _require_connected(self) -> None:
        if self._driver.has_disconnected:
            raise errors.CameraLost("The camera was unplugged or switched off.")
