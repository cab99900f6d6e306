"""The camera as the whole process sees it: one handle, shared by everyone, opened at first use."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.apps import apps

from camera import errors
from camera.drivers.base import Driver, Limits, Settings
from camera.drivers.choice import DriverChoice
from camera.frame import CameraIdentity, Frame, RawFrame
from camera.frame_loop import FrameLoop, Timing
from camera.ownership import CameraLock
from camera.turns import Answer, CaptureRequest, Request, SettingsRequest, Wanted

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
    limits: Limits | None
    frame_rate_hz: float | None
    frame_age_ms: float | None
    sensor_temperature_c: float | None
    watchers: int
    next_try_in_s: float | None

    @property
    def is_well(self) -> bool:
        return self.state not in ("fault", "reopening")


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
        self._is_closed_for_good = False

    def open_soon(self) -> None:
        """Have the camera opened in the background. Does not block and raises nothing."""
        self._running_loop().want_open()

    def limits(self) -> Limits:
        """What the camera can be set to. Blocks until it is open."""
        loop = self._running_loop()
        if loop.limits is None:
            self._ask(SettingsRequest(Wanted()))
        assert loop.limits
        return loop.limits

    def configure(self, exposure_ms: float | None = None, gain_db: float | None = None) -> Settings:
        """Change the settings that everybody shares; answers what the camera accepted. Blocks.

        Raises SettingOutOfRange or SettingRefused with nothing changed.
        """
        return self._ask(SettingsRequest(self._check(Wanted(exposure_ms, gain_db))))

    def capture(self, exposure_ms: float | None = None, gain_db: float | None = None) -> Frame:
        """A frame exposed wholly after this call, under these settings (the shared ones where None). Blocks.

        The settings hold for this frame only. Raises CaptureFailed when the camera gave no good frame in four
        tries, SettingOutOfRange, or a CameraUnavailable.
        """
        taken = self._ask(CaptureRequest(self._check(Wanted(exposure_ms, gain_db))))
        return self.develop(taken.raw, _as_utc(taken.began_at_s), taken.tries)

    def develop(self, raw: RawFrame, captured_at: datetime | None = None, tries: int = 1) -> Frame:
        """Make a Frame of a raw one, in the caller's thread."""
        loop = self._loop
        driver = loop.driver if loop else None
        assert loop and loop.identity
        return Frame(
            pixels=raw.develop(),
            descriptor=raw.descriptor,
            camera=loop.identity,
            driver=driver.name if driver else "",
            is_simulated=driver.is_simulated if driver else False,
            captured_at=captured_at or _as_utc(raw.received_at_s - raw.descriptor.exposure_ms / 1000),
            tries=tries,
        )

    def wait_for_newest(self, after: int, timeout_s: float) -> tuple[int, RawFrame] | None:
        """The newest frame and its count, once its count is above `after`; None if none came in time.

        Counts go on through stops of the stream. Keep `watching` meanwhile, else no frame may come.
        Raises the cause when the camera is lost while waiting.
        """
        loop = self._running_loop()
        until_s = time.monotonic() + timeout_s
        with loop.changed:
            while loop.newest_count <= after or loop.newest is None:
                if loop.cause is not None:
                    raise loop.cause
                remaining_s = until_s - time.monotonic()
                if remaining_s <= 0:
                    return None
                loop.changed.wait(min(remaining_s, STUCK_CHECK_S))
                if loop.is_stuck:
                    raise self._replace(loop)
            return loop.newest_count, loop.newest

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keeps the stream on within the block."""
        loop = self._running_loop()
        loop.add_watchers(1)
        try:
            yield
        finally:
            loop.add_watchers(-1)

    def status(self) -> CameraStatus:
        """How the camera is, at once."""
        loop = self._loop
        if loop is None:
            return _status_of_closed()
        with loop.changed:
            return _status_of(loop)

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
        loop = self._running_loop()
        if loop.limits is not None:
            wanted.check(loop.limits)
        return wanted

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
            if self._loop is stuck:
                stuck.abandon(problem)
                self._loop = stuck.successor(problem)
                self._loop.start()
        return problem

    def _open_driver(self) -> tuple[Driver, CameraIdentity]:
        if not self._lock.is_held:
            self._lock.acquire(self.purpose)
        return self._choice.open()


def the_camera() -> Camera:
    """The camera of this process, made when the app loads."""
    return apps.get_app_config("camera").camera


def _as_utc(monotonic_s: float) -> datetime:
    return datetime.now(UTC) - timedelta(seconds=time.monotonic() - monotonic_s)


def _status_of(loop: FrameLoop) -> CameraStatus:
    driver, newest, now_s = loop.driver, loop.newest, time.monotonic()
    is_stuck = loop.is_stuck
    not_responding = errors.CameraNotResponding("The camera did not answer in time.")
    return CameraStatus(
        state="fault" if is_stuck else loop.state,
        since=_as_utc(loop.state_since_s),
        cause=not_responding if is_stuck else loop.cause,
        driver=driver.name if driver else None,
        is_simulated=driver.is_simulated if driver else False,
        simulation_reason=driver.simulation_reason if driver else None,
        identity=loop.identity,
        settings=loop.shared,
        limits=loop.limits,
        frame_rate_hz=loop.frame_rate_hz,
        frame_age_ms=(now_s - newest.received_at_s) * 1000 if newest else None,
        sensor_temperature_c=newest.descriptor.sensor_temperature_c if newest else None,
        watchers=loop.watchers,
        next_try_in_s=max(loop.next_try_at_s - now_s, 0.0) if loop.next_try_at_s is not None else None,
    )


def _status_of_closed() -> CameraStatus:
    return CameraStatus(
        "closed", datetime.now(UTC), None, None, False, None, None, None, None, None, None, None, 0, None
    )
