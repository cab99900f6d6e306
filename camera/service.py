"""The camera for the whole process: one object that all threads share. It is opened at its first use."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Unpack

from camera import errors
from camera.drivers.base import Driver
from camera.drivers.limits import Limits
from camera.drivers.selection import DriverSelection
from camera.drivers.settings import Geometry, Settings, SettingsRequest
from camera.drivers.validation import check
from camera.engine.bursting import BurstRequest
from camera.engine.frame_loop import FrameLoop, Timing
from camera.engine.frame_ring import FrameRing
from camera.engine.process_lock import CameraLock
from camera.engine.requests import (
    Answer,
    CaptureRequest,
    ConfigureRequest,
    Permit,
    Request,
    Source,
    WhiteBalanceRequest,
    copy_without_traceback,
)
from camera.frame import CameraIdentity, Frame, RawFrame
from camera.results.burst import Burst
from camera.results.status import CameraStatus, as_utc, describe_camera, describe_closed_camera
from camera.results.taken_frame import TakenFrame

# A waiting thread looks this often whether the camera's thread hangs. Nothing notifies it of that.
STUCK_CHECK_S = 0.25
OPENING_PATIENCE_S = 0.5


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest frame of the live view. `count` rises with each new frame."""

    count: int
    raw: RawFrame
    source: Source


class Camera:
    """Every method may be called from any thread. Methods that block raise CameraError. All return or raise in bounded
    time: if a call into the driver hangs, they raise CameraNotResponding."""

    # True for that of a library, which has none: see camera/absent/camera.py.
    is_absent = False

    def __init__(
        self,
        selection: DriverSelection,
        lock: CameraLock,
        defaults: SettingsRequest,
        timing: Timing | None = None,
        purpose: str = "this program",
    ) -> None:
        """Does not open the camera. `purpose` names this process in the error that other processes get."""
        self.purpose = purpose
        self._selection = selection
        self._lock = lock
        self._defaults = defaults
        self._timing = timing or Timing()
        self._change = threading.Lock()
        self._loop: FrameLoop | None = None
        self._watchers = 0
        self._is_closed_for_good = False

    def open_soon(self) -> None:
        """Open the camera in the background. Does not block and never raises."""
        with suppress(errors.CameraClosed):
            self._running_loop().want_open()

    def limits(self) -> Limits:
        """Return the limits of the settings. Blocks until the camera is open."""
        limits = self._running_loop().shared_state.limits
        if limits is None:
            # An empty request changes nothing. It is answered when the camera is open.
            self._ask(ConfigureRequest(SettingsRequest()))
            limits = self._running_loop().shared_state.limits
        assert limits
        return limits

    def configure(
        self,
        exposure_ms: float | None = None,
        gain_db: float | None = None,
        by: str | None = None,
        permit: Permit | None = None,
        **geometry: Unpack[Geometry],
    ) -> Settings:
        """Change the settings that all users share, and return what the camera accepted. Blocks. `by` is the name of
        the user, which the other users see. `permit`: see camera.engine.requests.

        Raises SettingOutOfRange, SettingRefused or a ControlRefused; then no setting has changed. Captures that were
        requested earlier still use the old settings. Watchers see the new geometry with its first frame.
        """
        wanted = self._check(SettingsRequest(exposure_ms, gain_db, **geometry))
        return self._ask(ConfigureRequest(wanted, by=by, permit=permit))

    def balance_white(self, by: str | None = None, permit: Permit | None = None) -> Settings:
        """Balance the white once, for all users, on the current view, and return the new settings. Blocks for some
        frames. Raises SettingRefused if the camera cannot, or a ControlRefused."""
        return self._ask(WhiteBalanceRequest(SettingsRequest(), by=by, permit=permit))

    def capture(
        self,
        exposure_ms: float | None = None,
        gain_db: float | None = None,
        asked_at_s: float | None = None,
        permit: Permit | None = None,
    ) -> Frame:
        """Take a frame and convert it to pixels; see `take`."""
        return self.take(exposure_ms, gain_db, asked_at_s, permit).develop()

    def take(
        self,
        exposure_ms: float | None = None,
        gain_db: float | None = None,
        asked_at_s: float | None = None,
        permit: Permit | None = None,
    ) -> TakenFrame:
        """Take a frame whose whole exposure lies after the request, with these settings or, if None, the shared ones.
        Blocks. The raw frame is several times smaller than its pixels, so develop it only when they are needed.

        `asked_at_s` (time.perf_counter) is the time of the request, if it was earlier than this call: a frame whose
        exposure began while the server still read the request is then fresh enough. The settings apply to this frame
        only. Raises SettingOutOfRange, CameraUnavailable, a ControlRefused, or CaptureFailed if no frame was good in
        four tries.
        """
        wanted = self._check(SettingsRequest(exposure_ms, gain_db))
        taken = self._ask(CaptureRequest(wanted, asked_at_s, permit=permit))
        return TakenFrame(taken.raw, taken.source, as_utc(taken.began_at_s), taken.tries)

    def begin_burst(
        self,
        count: int,
        capacity: int,
        exposure_ms: float | None = None,
        gain_db: float | None = None,
        permit: Permit | None = None,
    ) -> Burst:
        """Let `count` frames of the running stream, in a row, go into a ring that holds `capacity` of them. Does not
        wait for them: take them from the burst, and close it. Raises SettingOutOfRange.

        Meanwhile every other request raises CameraBusy. The stream never waits for whoever takes the frames.
        """
        wanted = self._check(SettingsRequest(exposure_ms, gain_db))
        request = BurstRequest(wanted, FrameRing(count, capacity), permit)
        loop = self._running_loop()
        loop.submit(request)
        return Burst(request.ring, lambda: loop.is_stuck and self._replace(loop))

    def wait_for_newest(self, after: int, timeout_s: float) -> Newest | None:
        """Block until there is a frame whose count is above `after`, and return it; None if none came in time.

        Counts continue when the stream restarts. Call it inside `watching`, or no frame may come. Raises the error of
        the camera while there is one, even if an older frame exists.
        """
        loop = self._running_loop()
        shared_state = loop.shared_state
        until_s = time.perf_counter() + timeout_s
        with shared_state.changed:
            while True:
                if shared_state.cause is not None:
                    raise copy_without_traceback(shared_state.cause)
                if shared_state.newest and shared_state.newest_source and shared_state.newest_count > after:
                    return Newest(shared_state.newest_count, shared_state.newest, shared_state.newest_source)
                remaining_s = until_s - time.perf_counter()
                if remaining_s <= 0:
                    return None
                # In short steps, because a thread that hangs in the driver notifies nobody.
                shared_state.changed.wait(min(remaining_s, STUCK_CHECK_S))
                if loop.is_stuck:
                    break
        # After the block: `_replace` takes `_change` and then `changed`. The other order could deadlock.
        raise copy_without_traceback(self._replace(loop))

    def break_off(self) -> None:
        """End the exposure in progress, and fail the captures whose permit is lost; the others are taken anew. Does not
        block and never raises."""
        loop = self._loop
        if loop is not None:
            loop.break_off()

    def look_again(self) -> None:
        """Close a simulated camera, and look for a real one in its place. Does not block and never raises. A real
        camera stays open. Captures that wait meanwhile are taken by the camera that is found."""
        with suppress(errors.CameraClosed):
            self._running_loop().look_again()

    @property
    def newest_count(self) -> int:
        """The count of the newest frame of the live view; 0 before the first."""
        loop = self._loop
        return loop.shared_state.newest_count if loop else 0

    @property
    def longest_exposure_s(self) -> float:
        """The longest exposure that may be running now. A frame that is late by this much is no fault."""
        loop = self._loop
        return loop.longest_exposure_s if loop else 0.0

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Keep the stream running within the block."""
        self._running_loop()
        self._add_watchers(1)
        try:
            yield
        finally:
            self._add_watchers(-1)

    def status(self) -> CameraStatus:
        """Return the state of the camera. Does not block and never raises."""
        loop = self._loop
        # If no request is waiting, nobody else notices the hang.
        if loop is not None and loop.is_stuck:
            self._replace(loop)
            loop = self._loop
        if loop is None:
            return describe_closed_camera()
        with loop.shared_state.changed:
            return describe_camera(loop.shared_state)

    def close(self, timeout_s: float = 5.0) -> None:
        """Close the camera for good. Waiting requests and later calls raise CameraClosed."""
        with self._change:
            self._is_closed_for_good = True
            loop = self._loop
        if loop is not None:
            # A camera that is being opened has no stream to stop, and the call that opens it may hang: wait briefly.
            is_opening = loop.shared_state.state in ("opening", "reopening")
            loop.end(min(timeout_s, OPENING_PATIENCE_S) if is_opening else timeout_s)
        self._lock.release()

    def _ask(self, request: Request[Answer]) -> Answer:
        loop = self._running_loop()
        loop.submit(request)
        while not request.wait(STUCK_CHECK_S):
            if loop.is_stuck:
                self._replace(loop)
        return request.result()

    def _check(self, wanted: SettingsRequest) -> SettingsRequest:
        """Reject invalid values before they are queued. The loop checks again, because limits can change."""
        limits = self._running_loop().shared_state.limits
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
        """Abandon a loop whose thread hangs in the driver, and start a new one, which tries to reopen the camera."""
        problem = errors.CameraNotResponding(
            "The camera did not respond in time and is being reopened. If this does not help, reconnect it."
        )
        with self._change:
            # Several waiting threads notice the hang. Only the first one replaces the loop.
            if self._loop is stuck and not self._is_closed_for_good:
                stuck.abandon(problem)
                self._loop = stuck.successor()
                self._loop.note_watchers(self._watchers)
                self._loop.start()
        return problem

    def _open_driver(self) -> tuple[Driver, CameraIdentity]:
        """Open the driver. Runs on the camera thread."""
        # The lock is kept until `close`, so that no other process takes the camera during a fault.
        self._lock.acquire(self.purpose)
        if self._is_closed_for_good:
            self._lock.release()
            raise errors.CameraClosed("The program is ending.")
        return self._selection.open()
