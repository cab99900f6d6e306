"""The camera as the whole process sees it: one handle, shared by everyone, opened at first use."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Unpack, cast

from django.apps import apps

from camera import errors
from camera.bulletin import Bulletin
from camera.drivers.base import Driver
from camera.drivers.checking import check
from camera.drivers.choice import DriverChoice
from camera.drivers.limits import Limits
from camera.drivers.settings import Geometry, Settings, Wanted
from camera.frame import CameraIdentity, Frame, RawFrame
from camera.frame_loop import FrameLoop, Timing
from camera.ownership import CameraLock
from camera.turns import Answer, CaptureRequest, Request, SettingsRequest, Source, WhiteBalanceRequest, anew

if TYPE_CHECKING:
    from camera.apps import CameraConfig

STUCK_CHECK_S = 0.25


@dataclass(frozen=True)
class CameraStatus:
    """The camera at one moment. None where a value is not known."""

    state: str
    since: datetime
    cause: errors.CameraError | None
    driver: str | None
    is_simulated: bool
    simulation_reason: str | None
    identity: CameraIdentity | None
    settings: Settings | None
    set_by: Mapping[str, str | None]
    limits: Limits | None
    frame_rate_hz: float | None
    frame_age_ms: float | None
    sensor_temperature_c: float | None
    watchers: int
    next_try_in_s: float | None

    @property
    def is_well(self) -> bool:
        return self.state not in ("fault", "reopening")


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest frame that everybody may see; `count` rises with each."""

    count: int
    raw: RawFrame
    source: Source


class Camera:
    """Every method may be called from any thread. Those that say they block raise the family of `camera.errors`,
    and all end in bounded time: when a call into the driver hangs, with CameraNotResponding."""

    def __init__(
        self,
        choice: DriverChoice,
        lock: CameraLock,
        defaults: Wanted,
        timing: Timing | None = None,
        purpose: str = "this program",
    ) -> None:
        """Opens nothing. `purpose` is what another process is told that finds the camera taken."""
        self.purpose = purpose
        self._choice = choice
        self._lock = lock
        self._defaults = defaults
        self._timing = timing or Timing()
        self._change = threading.Lock()
        self._loop: FrameLoop | None = None
        self._watchers = 0
        self._is_closed_for_good = False

    def open_soon(self) -> None:
        """Have the camera opened in the background. Does not block and raises nothing."""
        with suppress(errors.CameraClosed):
            self._running_loop().want_open()

    def limits(self) -> Limits:
        """What the camera can be set to. Blocks until it is open."""
        limits = self._running_loop().bulletin.limits
        if limits is None:
            self._ask(SettingsRequest(Wanted()))
            limits = self._running_loop().bulletin.limits
        assert limits
        return limits

    def configure(
        self,
        exposure_ms: float | None = None,
        gain_db: float | None = None,
        by: str | None = None,
        **geometry: Unpack[Geometry],
    ) -> Settings:
        """Change the settings that everybody shares; answers what the camera accepted. Blocks. `by`: who does, by
        name, for the others to be told.

        Raises SettingOutOfRange or SettingRefused with nothing changed. Watchers see the new geometry as soon as
        there are frames of it, captures that came before it are not touched.
        """
        return self._ask(SettingsRequest(self._check(Wanted(exposure_ms, gain_db, **geometry)), by=by))

    def balance_white(self, by: str | None = None) -> Settings:
        """Have the camera find, once and for everyone, with which gains what it sees is neutral. Blocks for some
        frames. Raises SettingRefused where it cannot."""
        return self._ask(WhiteBalanceRequest(Wanted(), by=by))

    def capture(
        self, exposure_ms: float | None = None, gain_db: float | None = None, asked_at_s: float | None = None
    ) -> Frame:
        """A frame exposed wholly after it was asked for, under these settings (the shared ones where None). Blocks.

        `asked_at_s` (time.perf_counter): when that was, if not just now: the frame whose exposure began while the
        request was still being read will do. The settings hold for this frame only. Raises CaptureFailed when the
        camera gave no good frame in four tries, SettingOutOfRange, or a CameraUnavailable.
        """
        taken = self._ask(CaptureRequest(self._check(Wanted(exposure_ms, gain_db)), asked_at_s))
        return develop(taken.raw, taken.source, _as_utc(taken.began_at_s), taken.tries)

    def wait_for_newest(self, after: int, timeout_s: float) -> Newest | None:
        """The newest frame, once its count is above `after`; None if none came in time.

        Counts go on through stops of the stream. Keep `watching` meanwhile, else no frame may come.
        Raises the cause when the camera is lost, even if there is a frame from before.
        """
        loop = self._running_loop()
        bulletin = loop.bulletin
        until_s = time.perf_counter() + timeout_s
        with bulletin.changed:
            while True:
                if bulletin.cause is not None:
                    raise anew(bulletin.cause)
                if bulletin.newest and bulletin.newest_source and bulletin.newest_count > after:
                    return Newest(bulletin.newest_count, bulletin.newest, bulletin.newest_source)
                remaining_s = until_s - time.perf_counter()
                if remaining_s <= 0:
                    return None
                bulletin.changed.wait(min(remaining_s, STUCK_CHECK_S))
                if loop.is_stuck:
                    break
        raise anew(self._replace(loop))

    @property
    def newest_count(self) -> int:
        """Of the last frame that watchers could see; 0 before the first."""
        loop = self._loop
        return loop.bulletin.newest_count if loop else 0

    @property
    def longest_exposure_s(self) -> float:
        """How long a frame under way may take, so how long a wait for one is no reason to worry."""
        loop = self._loop
        return loop.longest_exposure_s if loop else 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keeps the stream on within the block."""
        self._running_loop()
        self._add_watchers(1)
        try:
            yield
        finally:
            self._add_watchers(-1)

    def status(self) -> CameraStatus:
        """How the camera is, at once. Raises nothing."""
        loop = self._loop
        if loop is not None and loop.is_stuck:
            self._replace(loop)
            loop = self._loop
        if loop is None:
            return _status_of_closed()
        with loop.bulletin.changed:
            return _status_of(loop.bulletin)

    def close(self, timeout_s: float = 5.0) -> None:
        """Give the camera back, for good: later calls raise CameraClosed. Requests that wait get that error."""
        with self._change:
            self._is_closed_for_good = True
            loop = self._loop
        if loop is not None:
            loop.end(timeout_s)
        self._lock.release()

    def _ask(self, request: Request[Answer]) -> Answer:
        loop = self._running_loop()
        loop.submit(request)
        while not request.wait(STUCK_CHECK_S):
            if loop.is_stuck:
                self._replace(loop)
        return request.result()

    def _check(self, wanted: Wanted) -> Wanted:
        """Refuse nonsense at once, not only when its turn has come. The loop checks again, for limits can change."""
        limits = self._running_loop().bulletin.limits
        if limits is not None:
            check(wanted, limits)
        return wanted

    def _add_watchers(self, number: int) -> None:
        with self._change:
            self._watchers += number
            if self._loop is not None:
                self._loop.note_watchers(self._watchers)

    def _running_loop(self) -> FrameLoop:
        with self._change:
            if self._is_closed_for_good:
                raise errors.CameraClosed("The program is ending.")
            if self._loop is None:
                self._loop = FrameLoop(self._open_driver, self._defaults, self._timing)
                self._loop.start()
            return self._loop

    def _replace(self, stuck: FrameLoop) -> errors.CameraError:
        """Give up a thread that hangs in the driver, and begin a new one in its stead, which tries to reopen."""
        problem = errors.CameraNotResponding(
            "The camera did not answer in time. It is being reopened; if that does not help, switch it off and on."
        )
        with self._change:
            if self._loop is stuck and not self._is_closed_for_good:
                stuck.abandon(problem)
                self._loop = stuck.successor()
                self._loop.note_watchers(self._watchers)
                self._loop.start()
        return problem

    def _open_driver(self) -> tuple[Driver, CameraIdentity]:
        """For the camera's thread."""
        self._lock.acquire(self.purpose)
        if self._is_closed_for_good:
            self._lock.release()
            raise errors.CameraClosed("The program is ending.")
        return self._choice.open()


def the_camera() -> Camera:
    """The camera of this process, made when the app loads."""
    return cast("CameraConfig", apps.get_app_config("camera")).camera


def develop(raw: RawFrame, source: Source, captured_at: datetime | None = None, tries: int = 1) -> Frame:
    """Make a Frame of a raw one, in the caller's thread."""
    return Frame(
        pixels=raw.develop(),
        descriptor=raw.descriptor,
        camera=source.identity,
        driver=source.driver,
        is_simulated=source.is_simulated,
        captured_at=captured_at or _as_utc(raw.received_at_s - raw.descriptor.exposure_ms / 1000),
        tries=tries,
        label_rows=raw.label_rows,
    )


def _as_utc(monotonic_s: float) -> datetime:
    """The monotonic clock is read first: if the thread is held up between the two, the result is late by that, and
    not too early. What began after a request must not seem to have begun before it."""
    age_s = time.perf_counter() - monotonic_s
    return datetime.now(UTC) - timedelta(seconds=age_s)


def _status_of(bulletin: Bulletin) -> CameraStatus:
    source, newest, now_s = bulletin.source, bulletin.newest, time.perf_counter()
    next_try_at_s = bulletin.next_try_at_s
    return CameraStatus(
        state=bulletin.state,
        since=_as_utc(bulletin.state_since_s),
        cause=bulletin.cause,
        driver=source.driver if source else None,
        is_simulated=source.is_simulated if source else False,
        simulation_reason=source.simulation_reason if source else None,
        identity=source.identity if source else None,
        settings=bulletin.shared,
        set_by=bulletin.set_by,
        limits=bulletin.limits,
        frame_rate_hz=bulletin.frame_rate_hz,
        frame_age_ms=(now_s - newest.received_at_s) * 1000 if newest else None,
        sensor_temperature_c=newest.descriptor.sensor_temperature_c if newest else None,
        watchers=bulletin.watchers,
        next_try_in_s=max(next_try_at_s - now_s, 0.0) if next_try_at_s is not None else None,
    )


def _status_of_closed() -> CameraStatus:
    return CameraStatus(
        "closed", datetime.now(UTC), None, None, False, None, None, None, {}, None, None, None, None, 0, None
    )
