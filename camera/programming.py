"""What the camera is set to: for everyone, and for the one whose turn it is."""

import logging
import time
from dataclasses import dataclass, replace

from camera import errors
from camera.bulletin import Bulletin
from camera.driver_calls import DriverCalls
from camera.drivers.base import Driver
from camera.drivers.limits import Limits
from camera.drivers.settings import Settings, Wanted
from camera.frame import PixelAddressing, RawFrame
from camera.proof import is_same_exposure, shows

logger = logging.getLogger(__name__)

SETTLE_FRAMES = 12
# How many exposures a camera may take to find its white balance, by far.
WHITE_BALANCE_EXPOSURES = 40


@dataclass
class Programmed:
    """Settings that frames may still show, and no frame exposed before `set_at_s` does. `frames_since`: how many came
    since other settings took their place."""

    settings: Settings
    is_shared: bool
    set_at_s: float
    frames_since: int = 0


class Programming:
    """Sets one open camera. On the camera's thread alone. Keeps `limits` and `shared` of the bulletin true."""

    def __init__(self, driver: Driver, calls: DriverCalls, bulletin: Bulletin) -> None:
        self._driver = driver
        self._calls = calls
        self._bulletin = bulletin
        self._under_way: list[Programmed] = []

    def restore(self, defaults: Wanted) -> None:
        """A camera that was just opened has its power-up settings, or another program's; it gets ours: those from
        before it was lost, else the defaults with the whole sensor, upright."""
        former, former_limits = self._bulletin.shared, self._bulletin.limits
        self._bulletin.limits = limits = self._calls.make(self._driver.read_limits)
        is_alike = former_limits is not None and has_same_sensor(former_limits, limits)
        light = _within(Wanted(former.exposure_ms, former.gain_db) if former else defaults, limits)
        wishes = [replace(neutral_geometry(limits), exposure_ms=light.exposure_ms, gain_db=light.gain_db), light]
        if former and is_alike:
            wishes.insert(0, replace(Wanted.of(former), exposure_ms=light.exposure_ms, gain_db=light.gain_db))
        set_at_s = time.perf_counter()
        shared = self._set_first_taken(wishes)
        self._note(Programmed(shared, True, set_at_s))
        self._bulletin.limits = self._calls.make(self._driver.read_limits)
        self._bulletin.share(shared)

    @property
    def limits(self) -> Limits:
        assert self._bulletin.limits
        return self._bulletin.limits

    @property
    def shared(self) -> Settings:
        assert self._bulletin.shared
        return self._bulletin.shared

    @property
    def longest_exposure_ms(self) -> float:
        """Of the frames that may be under way."""
        return max(programmed.settings.exposure_ms for programmed in self._under_way)

    def is_as_shared(self, wanted: Wanted) -> bool:
        return wanted.over(self.shared) == Wanted.of(self.shared)

    def change_shared(self, wanted: Wanted, by: str | None = None) -> Settings:
        """All that is named, or nothing."""
        if not self.is_as_shared(wanted):
            self._bulletin.share(self._set(wanted.over(self.shared), is_shared=True), by)
        return self.shared

    def balance_white(self, by: str | None = None) -> Settings:
        """Let the camera find the gains for everybody; the stream must be on."""
        self.return_to_shared()
        set_at_s = time.perf_counter()
        shared = self._calls.make(self._driver.balance_white, exposures=WHITE_BALANCE_EXPOSURES)
        self._note(Programmed(shared, True, set_at_s))
        self._bulletin.share(shared, by)
        return shared

    def return_to_shared(self) -> Settings:
        if self._under_way[-1].settings != self.shared:
            self._set(Wanted.of(self.shared), is_shared=True)
        return self._under_way[-1].settings

    def set_for_turn(self, wanted: Wanted) -> Settings:
        """What the camera accepted."""
        if self.is_as_shared(wanted):
            return self.return_to_shared()
        return self._set(wanted.over(self.shared), is_shared=False)

    def set_again(self) -> None:
        self._calls.make(self._driver.configure, Wanted.of(self._under_way[-1].settings))

    def observe(self, raw: RawFrame) -> None:
        """The first frame that shows the newest settings is the end of those before; unless they came up before and
        the frame might show those. In any case they end after some frames."""
        *former, newest = self._under_way
        for programmed in former:
            programmed.frames_since += 1
        if shows(raw, newest.settings) and not any(same.settings == newest.settings for same in former):
            former = []
        self._under_way = [programmed for programmed in former if programmed.frames_since < SETTLE_FRAMES] + [newest]
        self._note_exposures()

    def exposed_since_s(self) -> float | None:
        """Frames that show the newest settings have certainly been exposed after this; None where that cannot be
        told. A new gain proves nothing: cameras may apply it as late as at the read-out."""
        *former, newest = self._under_way
        had_it_ms = [programmed.settings.exposure_ms for programmed in former]
        is_new = former and not any(is_same_exposure(ms, newest.settings.exposure_ms) for ms in had_it_ms)
        return newest.set_at_s if is_new else None

    def is_for_everyone(self, raw: RawFrame) -> bool:
        """False for a frame under the settings that somebody had for a turn."""
        if shows(raw, self.shared):
            return True
        return not any(shows(raw, programmed.settings) for programmed in self._under_way if not programmed.is_shared)

    def _set(self, wanted: Wanted, is_shared: bool) -> Settings:
        """Set the camera and read back what it took; where it refuses one value, the others are set back. Limits are
        read again, since some depend on settings."""
        before, set_at_s = self._under_way[-1], time.perf_counter()
        try:
            accepted = self._calls.make(self._driver.configure, wanted.beyond(before.settings))
        except errors.SettingRefused:
            self._set_back(before, wanted)
            raise
        self._note(Programmed(accepted, is_shared, set_at_s))
        self._bulletin.limits = self._calls.make(self._driver.read_limits)
        return accepted

    def _set_back(self, before: Programmed, tried: Wanted) -> None:
        """Some frames may have been exposed as was tried meanwhile."""
        exposure_ms = before.settings.exposure_ms if tried.exposure_ms is None else tried.exposure_ms
        self._note(Programmed(replace(before.settings, exposure_ms=exposure_ms), False, time.perf_counter()))
        self._calls.make(self._driver.configure, Wanted.of(before.settings))
        self._note(Programmed(before.settings, before.is_shared, time.perf_counter()))

    def _set_first_taken(self, wishes: list[Wanted]) -> Settings:
        """What the camera accepted of the first that it takes; its own settings if it takes none."""
        for wanted in wishes:
            try:
                return self._calls.make(self._driver.configure, wanted)
            except errors.SettingRefused as refused:
                logger.warning("The camera does not take %s. %s", wanted, refused)
        return self._calls.make(self._driver.read_settings)

    def _note(self, programmed: Programmed) -> None:
        self._under_way.append(programmed)
        self._note_exposures()

    def _note_exposures(self) -> None:
        self._calls.exposure_s = self.longest_exposure_ms / 1000


def neutral_geometry(limits: Limits) -> Wanted:
    """The whole sensor, each pixel by itself, upright. Pixel format and white balance stay the camera's own: every
    frame tells them, and a white balance belongs to the lamp and not to the program."""
    return Wanted(
        roi=limits.roi.whole_sensor if limits.roi else None,
        addressing=PixelAddressing(mode=limits.addressing.modes[0]) if limits.addressing else None,
        flip_horizontal=False if limits.may_flip else None,
        flip_vertical=False if limits.may_flip else None,
        rotation_deg=0 if limits.rotations_deg != (0,) else None,
        gamma=1.0 if limits.gamma else None,
    )


def has_same_sensor(one: Limits, other: Limits) -> bool:
    """Whether a region of the one means the same on the other."""
    if one.roi is None or other.roi is None:
        return one.roi is other.roi
    return one.roi.whole_sensor == other.roi.whole_sensor


def _within(wanted: Wanted, limits: Limits) -> Wanted:
    """Exposure and gain, brought within the limits."""
    exposure_ms = None if wanted.exposure_ms is None else limits.exposure_ms.clamp(wanted.exposure_ms)
    gain_db = None if wanted.gain_db is None else limits.gain_db.clamp(wanted.gain_db)
    return Wanted(exposure_ms, gain_db)
