"""The stand-in for Pixelink's native library: the cameras on the bus, and who uses which of them."""

import threading
from collections import deque
from collections.abc import Iterable

from .camera import StandinCamera
from .clock import Clock, RealClock
from .codes import InitializeFlag, RefusedError, ReturnCode, StreamState
from .faults import Faults, Gates
from .session import Session

LINUX_NAME = "libPxLApi.so"
WINDOWS_NAME = "PxLAPI40.dll"


class Library:
    """`violations` are sentences about what a careful program does not do. A test asserts that there are none.

    `missing_functions` are not exported: older libraries lack some. `faults.answer` and `hang` of this class are for
    functions without a handle; those of a camera are for calls on that camera.
    """

    def __init__(self, cameras: Iterable[StandinCamera] = (), clock: Clock | None = None) -> None:
        self.clock = clock or RealClock()
        self.cameras: list[StandinCamera] = []
        self.sessions: dict[int, Session] = {}
        self.violations: list[str] = []
        self.missing_functions: set[str] = set()
        self.calls: deque[str] = deque(maxlen=10_000)
        self.faults = Faults()
        self.gates = Gates()
        self._lock = threading.RLock()
        self._next_handle = 0x1001
        for camera in cameras:
            self.plug(camera)

    def plug(self, camera: StandinCamera) -> StandinCamera:
        """Plug in a new camera, or one that was unplugged. It powers up, so it has its power-up settings."""
        with self._lock:
            camera.power_on(self.clock)
            self.cameras.append(camera)
        return camera

    def unplug(self, camera: StandinCamera) -> None:
        """Unplug the camera in any state: its handles die, a blocked grab returns, and the library reports the
        event."""
        for session in self._cut_off(camera):
            session.notify_disconnected()

    def _cut_off(self, camera: StandinCamera) -> list[Session]:
        with self._lock:
            self.cameras.remove(camera)
            affected = [session for session in self.sessions.values() if session.camera is camera]
        for session in affected:
            session.end(camera.unplugged_code)
        camera.power_off()
        return affected

    def replug(self, camera: StandinCamera) -> None:
        if camera in self.cameras:
            self.unplug(camera)
        self.plug(camera)

    def hang(self, function_name: str) -> None:
        self.gates.hang(function_name)

    def release(self, function_name: str | None = None) -> None:
        self.gates.release(function_name)

    def close(self) -> None:
        """End of the test: release every call that hangs or waits, and call no callback any more."""
        self.release()
        for session in list(self.sessions.values()):
            session.camera.release()
        for camera in list(self.cameras):
            camera.release()
            self._cut_off(camera)

    @property
    def open_handles(self) -> list[int]:
        """The handles that PxLUninitialize has not given up, also dead ones."""
        with self._lock:
            return list(self.sessions)

    def session_of(self, handle: int) -> Session:
        with self._lock:
            session = self.sessions.get(handle)
        if session is None:
            raise RefusedError(ReturnCode.ApiInvalidHandleError, f"no handle {handle:#x}")
        return session

    def find(self, serial: int) -> StandinCamera:
        """Return the camera with this serial number; 0 means the first camera that no program uses."""
        with self._lock:
            if serial:
                return self._with_serial(serial)
            if not self.cameras:
                raise RefusedError(ReturnCode.ApiNoCameraAvailableError, "no camera")
            return next((camera for camera in self.cameras if not self._is_taken(camera)), self.cameras[0])

    def open(self, camera: StandinCamera, flags: int) -> Session:
        """Open the camera. One that a killed program left streaming opens only with ISSUE_STREAM_STOP."""
        with self._lock:
            if self._is_taken(camera):
                raise RefusedError(ReturnCode.ApiCameraInUseError, "another program has it")
            if flags & InitializeFlag.MONITOR_ACCESS_ONLY:
                raise RefusedError(ReturnCode.ApiNotSupportedError, "monitor access is for GigE cameras")
            if camera.left_streaming and not flags & InitializeFlag.ISSUE_STREAM_STOP:
                raise RefusedError(camera.left_streaming_code, "left streaming")
            camera.left_streaming = False
            session = Session(self._next_handle, camera, self.violations)
            self.sessions[session.handle] = session
            self._next_handle += 1
        return session

    def shut(self, session: Session) -> None:
        with self._lock:
            self.sessions.pop(session.handle, None)
        session.end(session.dead_code or ReturnCode.ApiInvalidHandleError)
        if session.camera.is_plugged:
            session.camera.halt(StreamState.STOP)

    def _with_serial(self, serial: int) -> StandinCamera:
        for camera in self.cameras:
            if camera.serial == serial:
                return camera
        raise RefusedError(ReturnCode.ApiInvalidSerialNumberError, f"no camera {serial}")

    def _is_taken(self, camera: StandinCamera) -> bool:
        """Return True if any program uses the camera, also this one. What a second PxLInitialize does then is not
        documented."""
        own = any(session.camera is camera and session.dead_code is None for session in self.sessions.values())
        return camera.in_use_elsewhere or own
