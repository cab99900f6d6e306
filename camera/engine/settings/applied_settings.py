"""The settings in force on the camera: those that everybody shares, and those of the batch that is served."""

import logging
import time
from dataclasses import dataclass, replace

from camera import errors
from camera.drivers.base import Driver
from camera.drivers.limits import Limits
from camera.drivers.settings import Settings, SettingsRequest
from camera.engine.call_watchdog import CallWatchdog
from camera.engine.settings.settings_match import is_same_exposure, matches
from camera.engine.shared_state import CameraState
from camera.frame import Binning, RawFrame

logger = logging.getLogger(__name__)

# So many frames with older settings can follow a change. If more come, the change has failed.
SETTLE_FRAMES = 12
# The most exposures that finding a white balance can take, with much room.
WHITE_BALANCE_EXPOSURES = 40


@dataclass
class AppliedSettings:
    """Settings that coming frames may still show. A frame that was exposed before `set_at_s` cannot show them.

    `frames_since`: the number of frames since other settings replaced these.
    """

    settings: Settings
    is_shared: bool
    set_at_s: float
    frames_since: int = 0


class SettingsApplier:
    """Sets one open camera. Only for the camera's thread. Keeps `limits` and `shared` of the shared state up to
    date."""

    def __init__(self, driver: Driver, watchdog: CallWatchdog, shared_state: CameraState) -> None:
        self._driver = driver
        self._watchdog = watchdog
        self._shared_state = shared_state
        self._under_way: list[AppliedSettings] = []

    def restore(self, defaults: SettingsRequest) -> None:
        """Set a camera that was just opened, because it has its power-up settings or those of another program. After a
        loss it gets the settings from before, otherwise the defaults with the whole sensor, upright."""
        former, former_limits = self._shared_state.shared, self._shared_state.limits
        self._shared_state.limits = limits = self._watchdog.call(self._driver.read_limits)
        # Another camera may be plugged in now, and the old region may not exist on its sensor.
        is_alike = former_limits is not None and has_same_sensor(former_limits, limits)
        light = _within(SettingsRequest(former.exposure_ms, former.gain_db) if former else defaults, limits)
        wishes = [replace(neutral_geometry(limits), exposure_ms=light.exposure_ms, gain_db=light.gain_db), light]
        if former and is_alike:
            wishes.insert(
                0, replace(SettingsRequest.from_settings(former), exposure_ms=light.exposure_ms, gain_db=light.gain_db)
            )
        set_at_s = time.perf_counter()
        # The time was taken before the call: a frame that begins during the call may have the new settings already.
        shared = self._set_first_taken(wishes)
        self._note(AppliedSettings(shared, True, set_at_s))
        self._shared_state.limits = self._watchdog.call(self._driver.read_limits)
        self._shared_state.share(shared)

    @property
    def limits(self) -> Limits:
        assert self._shared_state.limits
        return self._shared_state.limits

    @property
    def shared(self) -> Settings:
        assert self._shared_state.shared
        return self._shared_state.shared

    @property
    def longest_exposure_ms(self) -> float:
        """The longest exposure of the frames that may be under way."""
        return max(applied.settings.exposure_ms for applied in self._under_way)

    def is_as_shared(self, wanted: SettingsRequest) -> bool:
        return wanted.fill_from(self.shared) == SettingsRequest.from_settings(self.shared)

    def is_set_to(self, wanted: SettingsRequest) -> bool:
        """Return True if the newest settings are these, shared or of a batch."""
        return wanted.fill_from(self.shared) == SettingsRequest.from_settings(self._under_way[-1].settings)

    @property
    def is_settled(self) -> bool:
        """Return True if coming frames can only show the newest settings."""
        return len(self._under_way) == 1

    def change_shared(self, wanted: SettingsRequest, by: str | None = None) -> Settings:
        """Change the named settings for everybody: all of them, or none."""
        if not self.is_as_shared(wanted):
            self._shared_state.share(self._set(wanted.fill_from(self.shared), is_shared=True), by)
        return self.shared

    def balance_white(self, by: str | None = None) -> Settings:
        """Let the camera find the white balance for everybody. The stream must be on."""
        self.return_to_shared()
        set_at_s = time.perf_counter()
        shared = self._watchdog.call(self._driver.balance_white, exposures=WHITE_BALANCE_EXPOSURES)
        self._note(AppliedSettings(shared, True, set_at_s))
        self._shared_state.share(shared, by)
        return shared

    def return_to_shared(self) -> Settings:
        if self._under_way[-1].settings != self.shared:
            self._set(SettingsRequest.from_settings(self.shared), is_shared=True)
        return self._under_way[-1].settings

    def set_for_batch(self, wanted: SettingsRequest) -> Settings:
        """Set exposure and gain for one batch. Returns what the camera accepted."""
        if self.is_as_shared(wanted):
            return self.return_to_shared()
        return self._set(wanted.fill_from(self.shared), is_shared=False)

    def set_again(self) -> None:
        self._watchdog.call(self._driver.configure, SettingsRequest.from_settings(self._under_way[-1].settings))

    def observe(self, raw: RawFrame) -> None:
        """Note which settings the newest frame shows.

        The first frame with the newest settings means that older ones cannot come any more. That is not so if the same
        settings were in force before: then the frame may be from that time. After some frames older settings end in
        any case.
        """
        *former, newest = self._under_way
        for applied in former:
            applied.frames_since += 1
        if matches(raw, newest.settings) and not any(same.settings == newest.settings for same in former):
            former = []
        self._under_way = [applied for applied in former if applied.frames_since < SETTLE_FRAMES] + [newest]
        self._note_exposures()

    def exposed_since_s(self) -> float | None:
        """The time after which every frame with the newest settings was exposed. None if that is not certain.

        Only a new exposure proves it. A camera may apply a new gain at the read-out, long after the exposure began.
        """
        *former, newest = self._under_way
        had_it_ms = [applied.settings.exposure_ms for applied in former]
        is_new = former and not any(is_same_exposure(ms, newest.settings.exposure_ms) for ms in had_it_ms)
        return newest.set_at_s if is_new else None

    def is_for_everyone(self, raw: RawFrame) -> bool:
        """Return False for a frame with the settings of a batch. Watchers must not see it."""
        if matches(raw, self.shared):
            return True
        # Frames with earlier shared settings are for everybody too.
        return not any(matches(raw, applied.settings) for applied in self._under_way if not applied.is_shared)

    def _set(self, wanted: SettingsRequest, is_shared: bool) -> Settings:
        """Set the camera and read back what it accepted. If it refuses one value, the others are set back. The limits
        are read again, because some depend on settings."""
        before, set_at_s = self._under_way[-1], time.perf_counter()
        try:
            accepted = self._watchdog.call(self._driver.configure, wanted.changes_from(before.settings))
        except errors.SETTING_REFUSALS:
            self._set_back(before, wanted)
            raise
        self._note(AppliedSettings(accepted, is_shared, set_at_s))
        self._shared_state.limits = self._watchdog.call(self._driver.read_limits)
        return accepted

    def _set_back(self, before: AppliedSettings, tried: SettingsRequest) -> None:
        """Set the earlier settings again. Some frames may have been exposed with the new ones meanwhile."""
        exposure_ms = before.settings.exposure_ms if tried.exposure_ms is None else tried.exposure_ms
        # The driver sets the exposure before the gain. If the camera refused the gain, the new exposure was set for a
        # moment.
        self._note(AppliedSettings(replace(before.settings, exposure_ms=exposure_ms), False, time.perf_counter()))
        self._watchdog.call(self._driver.configure, SettingsRequest.from_settings(before.settings))
        self._note(AppliedSettings(before.settings, before.is_shared, time.perf_counter()))

    def _set_first_taken(self, wishes: list[SettingsRequest]) -> Settings:
        """Try several settings in turn. Returns what the camera accepted, or its own settings if it refused all."""
        for wanted in wishes:
            try:
                return self._watchdog.call(self._driver.configure, wanted)
            except errors.SETTING_REFUSALS as refused:
                logger.warning("The camera does not take %s. %s", wanted, refused)
        return self._watchdog.call(self._driver.read_settings)

    def _note(self, applied: AppliedSettings) -> None:
        self._under_way.append(applied)
        self._note_exposures()

    def _note_exposures(self) -> None:
        # The longest exposure that may still be running counts, not the newest one.
        self._watchdog.exposure_s = self.longest_exposure_ms / 1000


def neutral_geometry(limits: Limits) -> SettingsRequest:
    """Return the geometry for the whole sensor, without binning, upright. Pixel format and white balance stay as the
    camera has them: every frame names them, and the right white balance depends on the lamp."""
    return SettingsRequest(
        roi=limits.roi.whole_sensor if limits.roi else None,
        binning=Binning(mode=limits.binning.modes[0]) if limits.binning else None,
        flip_horizontal=False if limits.may_flip else None,
        flip_vertical=False if limits.may_flip else None,
        rotation_deg=0 if limits.rotations_deg != (0,) else None,
        gamma=1.0 if limits.gamma else None,
    )


def has_same_sensor(one: Limits, other: Limits) -> bool:
    """Return True if a region means the same pixels on both cameras."""
    if one.roi is None or other.roi is None:
        return one.roi is other.roi
    return one.roi.whole_sensor == other.roi.whole_sensor


def _within(wanted: SettingsRequest, limits: Limits) -> SettingsRequest:
    """Return the settings with exposure and gain moved into the limits."""
    exposure_ms = None if wanted.exposure_ms is None else limits.exposure_ms.clamp(wanted.exposure_ms)
    gain_db = None if wanted.gain_db is None else limits.gain_db.clamp(wanted.gain_db)
    return SettingsRequest(exposure_ms, gain_db)
