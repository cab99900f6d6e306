"""A burst: frames of the running stream in a row, under the same settings."""

from camera import errors
from camera.drivers.settings import Settings, SettingsRequest
from camera.engine.clock.exposure_start import ExposureStartEstimator
from camera.engine.frame_ring import FrameRing
from camera.engine.requests import Permit, Request, Source, TakenFrame
from camera.engine.settings.applied_settings import SETTLE_FRAMES, SettingsApplier
from camera.engine.settings.settings_match import describe_difference, matches
from camera.frame import RawFrame

# After each SETTLE_FRAMES frames with other settings they are sent to the camera again; after the third time it fails.
MAX_MISMATCHES = 3 * SETTLE_FRAMES
# To show a frame costs processor time, which the frames that are kept need more.
SHOW_EVERY_S = 0.5


class BurstRequest(Request[bool]):
    """Asks for the frames of the running stream. It is done when the burst is over."""

    def __init__(self, wanted: SettingsRequest, ring: FrameRing, permit: Permit | None = None) -> None:
        super().__init__(wanted, permit=permit)
        self.ring = ring

    def fail(self, problem: errors.CameraError) -> None:
        self.ring.end(problem)
        super().fail(problem)


class Bursting:
    """The burst of one open camera. Only for the camera's thread. Nobody else gets the camera meanwhile."""

    def __init__(self, applier: SettingsApplier, source: Source) -> None:
        self._applier = applier
        self._source = source
        self._request: BurstRequest | None = None
        self._accepted: Settings | None = None
        self._proves_since_s: float | None = None
        self._has_begun = False
        self._mismatches = 0
        self._shown_at_s = float("-inf")

    @property
    def is_on(self) -> bool:
        return self._request is not None

    @property
    def is_beginning(self) -> bool:
        """True until the first frame is in the ring."""
        return self._request is not None and not self._has_begun

    def begin(self, request: BurstRequest) -> None:
        """Set the camera for the burst. Raises one of SETTING_REFUSALS."""
        self._accepted = self._applier.set_for_batch(request.wanted)
        self._proves_since_s = self._applier.exposed_since_s()
        self._request, self._has_begun, self._mismatches = request, False, 0

    def offer(self, raw: RawFrame, clock: ExposureStartEstimator) -> None:
        """Put the frame into the ring. The first one must have the settings, and be exposed after the request."""
        request = self._request
        if request is None:
            return
        assert self._accepted
        if not matches(raw, self._accepted):
            self._note_mismatch(request, raw)
        elif self._has_begun or self._is_first(request, clock):
            self._has_begun = True
            request.ring.put(TakenFrame(raw, self._source, min(clock.began_about_s, raw.received_at_s), 1))
        if request.ring.is_over:
            self._request = None
            request.succeed(True)

    def is_shown(self, raw: RawFrame) -> bool:
        """Return True for a few frames of the burst. Watchers see them, because no others come meanwhile."""
        if not self._has_begun or not self.is_on or raw.received_at_s - self._shown_at_s < SHOW_EVERY_S:
            return False
        self._shown_at_s = raw.received_at_s
        return True

    def note_stop(self) -> None:
        """The stream has stopped, so its frames do not follow one another any more."""
        if self._request is not None and self._has_begun:
            self._fail(errors.CaptureFailed("The stream of the camera had to be started again."))

    def _is_first(self, request: BurstRequest, clock: ExposureStartEstimator) -> bool:
        if self._proves_since_s is not None:
            clock.learn(self._proves_since_s)
            self._proves_since_s = None
        return clock.began_after_s >= request.asked_at_s

    def _note_mismatch(self, request: BurstRequest, raw: RawFrame) -> None:
        """Count a frame with other settings. Some are normal before the burst begins. After that the burst fails: to
        set the camera again would tear a hole into a series that is to be in a row."""
        assert self._accepted
        self._mismatches += 1
        if self._has_begun or self._mismatches >= MAX_MISMATCHES:
            self._fail(errors.CaptureFailed(describe_difference(raw, self._accepted)))
        elif self._mismatches % SETTLE_FRAMES == 0:
            self._applier.set_again()

    def _fail(self, problem: errors.CameraError) -> None:
        request, self._request = self._request, None
        if request is not None:
            request.fail(problem)
