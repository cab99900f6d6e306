"""Captures with the same settings wait together: each is served by a frame that was exposed after its request."""

from camera import errors
from camera.drivers.settings import SettingsRequest
from camera.engine.clock.exposure_start import ExposureStartEstimator
from camera.engine.clock.pace import Pace
from camera.engine.requests import CaptureBatch, CaptureRequest, Source, TakenFrame, as_capture_failed
from camera.engine.settings.applied_settings import SETTLE_FRAMES, SettingsApplier
from camera.engine.settings.settings_match import describe_difference, matches
from camera.frame import RawFrame

# A capture fails after this many bad frames.
MAX_TRIES = 4


class Batching:
    """The captures that one open camera is about to take. Only for the camera's thread."""

    def __init__(self, applier: SettingsApplier, source: Source, pace: Pace) -> None:
        self._applier = applier
        self._source = source
        self._pace = pace
        self._batch: CaptureBatch | None = None

    @property
    def is_on(self) -> bool:
        """True while a capture waits for its frame."""
        return self._batch is not None

    def has_settings_of(self, request: CaptureRequest) -> bool:
        """Return True if the request can wait together with those that wait already."""
        return self._batch is not None and request.wanted.fill_from(self._applier.shared) == self._batch.wanted

    def add(self, request: CaptureRequest) -> None:
        """Let the request wait. The first one sets the camera. Raises one of SETTING_REFUSALS."""
        self._batch = self._batch or self._begin(request)
        self._batch.requests.append(request)

    def offer(self, raw: RawFrame, clock: ExposureStartEstimator) -> None:
        """Give the frame to the first request, if it has its settings and was exposed after it."""
        batch = self._batch
        if batch is None:
            return
        if not matches(raw, batch.accepted):
            self._note_mismatch(batch, raw)
            return
        if batch.proves_since_s is not None:
            clock.learn(batch.proves_since_s)
            self._note_settling(raw, clock, batch, batch.proves_since_s)
            # Only the first frame of the batch proves this. Later ones begin later anyway.
            batch.proves_since_s = None
        # Only one request gets the frame: each capture is an exposure of its own.
        request = batch.requests[0]
        if clock.began_after_s >= request.asked_at_s:
            self._leave(batch, request)
            # The estimate can lie after the arrival of the frame, and no record may say that.
            began_at_s = min(clock.began_about_s, raw.received_at_s)
            request.succeed(TakenFrame(raw, self._source, began_at_s, request.tries))

    def fail_try(self, problem: errors.CameraError) -> None:
        """Count a bad frame for each request. One that had too many fails."""
        batch = self._batch
        for request in list(batch.requests) if batch else []:
            # CaptureFailed is here an unsupported pixel format. Every further frame would have it too.
            if request.tries >= MAX_TRIES or isinstance(problem, errors.CaptureFailed):
                assert batch
                self._leave(batch, request)
                request.fail(as_capture_failed(problem, request.tries))
            request.tries += 1

    def drop_refused(self) -> None:
        """Fail the requests whose permit is lost."""
        batch = self._batch
        for request in list(batch.requests) if batch else []:
            try:
                request.require_permit()
            except errors.ControlRefused as refused:
                assert batch
                self._leave(batch, request)
                request.fail(refused)

    def find_in_vain(self, clock: ExposureStartEstimator) -> SettingsRequest | None:
        """Return the settings that are waited for if the next frame may have begun before the first request, so that it
        could not serve it."""
        batch = self._batch
        return batch.wanted if batch and batch.requests[0].asked_at_s > clock.next_begins_after_s else None

    def _begin(self, request: CaptureRequest) -> CaptureBatch:
        wanted = request.wanted.fill_from(self._applier.shared)
        # Read before the change: after it, the new exposure counts too.
        former_ms = self._applier.longest_exposure_ms
        accepted = self._applier.set_for_batch(request.wanted)
        return CaptureBatch(wanted, accepted, self._applier.exposed_since_s(), former_ms)

    def _leave(self, batch: CaptureBatch, request: CaptureRequest) -> None:
        batch.requests.remove(request)
        if not batch.requests:
            self._batch = None

    def _note_settling(self, raw: RawFrame, clock: ExposureStartEstimator, batch: CaptureBatch, since_s: float) -> None:
        # A stream that started after the change has no frames with the former settings: it says nothing of them.
        if clock.stream_started_at_s < since_s:
            self._pace.note_settling(clock.began_about_s - since_s, batch.former_exposure_ms, raw)

    def _note_mismatch(self, batch: CaptureBatch, raw: RawFrame) -> None:
        """Count frames with other settings. Some are normal after a change. If they do not end, the attempt has
        failed."""
        batch.mismatches += 1
        if batch.mismatches >= SETTLE_FRAMES:
            batch.mismatches = 0
            # The camera may have missed the change, so send it once more.
            self._applier.set_again()
            self.fail_try(errors.FrameInvalid(describe_difference(raw, batch.accepted)))
