"""Finds out when frames are exposed, by giving a few of them another exposure.

The first frame with a new exposure began after that exposure was set. That holds on every camera, and limits the offset
of its clock. Nobody gets such a frame, neither a capture nor a watcher.
"""

from camera import errors
from camera.drivers.settings import Settings, SettingsRequest
from camera.engine.clock.exposure_start import ExposureStartEstimator
from camera.engine.settings.applied_settings import SETTLE_FRAMES, SettingsApplier
from camera.engine.settings.settings_match import is_same_exposure, matches
from camera.frame import RawFrame

# The program tries larger steps until the camera accepts another exposure. How fine its own steps are is unknown.
STEPS = (0.002, 0.05, 0.5)
LONG_PERIODS = 6.0


class Probe:
    """One step to another exposure and back again. Only for the camera's thread."""

    def __init__(self, applier: SettingsApplier, exposure_ms: float) -> None:
        """Set the camera to the step. Raises SettingRefused if it takes no step."""
        self._applier = applier
        self._from_ms = applier.shared.exposure_ms
        self._accepted = _step_away(applier, exposure_ms)
        self._since_s = applier.exposed_since_s()
        self._is_back = False
        self._frames = 0
        self.settle_s: float | None = None
        self.is_done = False

    def observe(self, raw: RawFrame, clock: ExposureStartEstimator) -> None:
        """Note a frame. The applier must have noted it before."""
        self._frames += 1
        if matches(raw, self._accepted):
            self._learn(clock)
        elif self._frames >= SETTLE_FRAMES:
            self.is_done = True
            self._applier.return_to_shared()

    @property
    def step_ms(self) -> float:
        return abs(self._accepted.exposure_ms - self._from_ms)

    def _learn(self, clock: ExposureStartEstimator) -> None:
        if self._since_s is not None:
            clock.learn(self._since_s)
        if self._is_back:
            self.is_done = True
            return
        if self._since_s is not None:
            self.settle_s = clock.began_about_s - self._since_s
        self._accepted = self._applier.return_to_shared()
        self._since_s = self._applier.exposed_since_s()
        self._is_back, self._frames = True, 0


def choose_exposure_ms(exposure_ms: float, readout_ms: float, is_clock_read: bool, attempt: int = 1) -> float:
    """Return the exposure for the step from which the following frames say most.

    Settings take effect after a number of frames. Short frames pass quickly, so a long exposure is dated best if the
    frames before it are short. If the camera's clock can be read, the only open question is whether times mark the
    start or the end of an exposure. To tell these apart, the two exposures must differ by more than the time that
    frames take to arrive.
    """
    if exposure_ms >= LONG_PERIODS * readout_ms:
        return min(readout_ms, exposure_ms / 10)
    if is_clock_read:
        return attempt * LONG_PERIODS * max(exposure_ms, readout_ms)
    return exposure_ms


def _step_away(applier: SettingsApplier, exposure_ms: float) -> Settings:
    """Set about this exposure, but never the one that is set already."""
    allowed, now_ms = applier.limits.exposure_ms, applier.shared.exposure_ms
    for step in (0.0, *STEPS):
        tried_ms = allowed.clamp(exposure_ms * (1 + step))
        if tried_ms == allowed.maximum:
            tried_ms = allowed.clamp(exposure_ms * (1 - step))
        if is_same_exposure(tried_ms, now_ms):
            continue
        accepted = applier.set_for_batch(SettingsRequest(exposure_ms=tried_ms))
        if not is_same_exposure(accepted.exposure_ms, now_ms):
            return accepted
    raise errors.SettingRefused("The camera takes no exposure a little longer than the one that is set.")
