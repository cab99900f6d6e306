"""What the camera is set to: for everyone, and for the one whose turn it is."""

import logging
import time
from dataclasses import dataclass, replace

from camera import errors
from camera.bulletin import Bulletin
from camera.driver_calls import DriverCalls
from camera.drivers.base import Driver, Limits, Settings
from camera.frame import RawFrame
from camera.turns import Wanted, is_same_exposure, shows

logger = logging.getLogger(__name__)

SETTLE_FRAMES = 12


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
        """A camera that was just opened has its power-up settings, or another program's; it gets ours."""
        self._bulletin.limits = limits = self._calls.make(self._driver.read_limits)
        former = self._bulletin.shared
        wanted = Wanted(former.exposure_ms, former.gain_db) if former else defaults
        exposure_ms = None if wanted.exposure_ms is None else limits.exposure_ms.clamp(wanted.exposure_ms)
        gain_db = None if wanted.gain_db is None else limits.gain_db.clamp(wanted.gain_db)
        set_at_s = time.perf_counter()
        try:
            shared = self._calls.make(self._driver.configure, exposure_ms, gain_db)
        except errors.SettingRefused as refused:
            logger.warning("The camera keeps its own settings: it does not take %s. %s", wanted, refused)
            shared = self._calls.make(self._driver.read_settings)
        self._note(Programmed(shared, True, set_at_s))
        self._bulletin.limits, self._bulletin.shared = self._calls.make(self._driver.read_limits), shared

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
        return wanted.over(self.shared) == (self.shared.exposure_ms, self.shared.gain_db)

    def change_shared(self, wanted: Wanted) -> Settings:
        """All that is named, or nothing."""
        if not self.is_as_shared(wanted):
            self._bulletin.shared = self._set(*wanted.over(self.shared), is_shared=True)
        return self.shared

    def return_to_shared(self) -> Settings:
        if self._under_way[-1].settings != self.shared:
            self._set(self.shared.exposure_ms, self.shared.gain_db, is_shared=True)
        return self._under_way[-1].settings

    def set_for_turn(self, wanted: Wanted) -> Settings:
        """What the camera accepted."""
        if self.is_as_shared(wanted):
            return self.return_to_shared()
        return self._set(*wanted.over(self.shared), is_shared=False)

    def set_again(self) -> None:
        settings = self._under_way[-1].settings
        self._calls.make(self._driver.configure, settings.exposure_ms, settings.gain_db)

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

    def _set(self, exposure_ms: float, gain_db: float, is_shared: bool) -> Settings:
        """Set the camera and read back what it took; where it refuses one value, the other is set back. Limits are
        read again, since some depend on settings."""
        before, set_at_s = self._under_way[-1], time.perf_counter()
        try:
            accepted = self._calls.make(self._driver.configure, exposure_ms, gain_db)
        except errors.SettingRefused:
            self._set_back(before, exposure_ms)
            raise
        self._note(Programmed(accepted, is_shared, set_at_s))
        self._bulletin.limits = self._calls.make(self._driver.read_limits)
        return accepted

    def _set_back(self, before: Programmed, tried_exposure_ms: float) -> None:
        """Some frames may have been exposed as was tried meanwhile."""
        tried = replace(before.settings, exposure_ms=tried_exposure_ms)
        self._note(Programmed(tried, False, time.perf_counter()))
        self._calls.make(self._driver.configure, before.settings.exposure_ms, before.settings.gain_db)
        self._note(Programmed(before.settings, before.is_shared, time.perf_counter()))

    def _note(self, programmed: Programmed) -> None:
        self._under_way.append(programmed)
        self._note_exposures()

    def _note_exposures(self) -> None:
        self._calls.exposure_s = self.longest_exposure_ms / 1000
