"""A camera that a program has initialised: the handle, the last error, the callbacks, and the calls in progress."""

import _thread
import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import POINTER, c_double, c_ubyte, c_uint, c_void_p

from .camera import StandinCamera
from .codes import EventId, RefusedError, ReturnCode, StreamState
from .structures import ErrorReport, FrameDescriptor

# On 64 bit systems the Windows convention of the wrapper's callbacks is the same as the C one.
EventFunction = ctypes.CFUNCTYPE(c_uint, c_uint, c_uint, c_double, c_uint, POINTER(c_ubyte), c_void_p)
FrameFunction = ctypes.CFUNCTYPE(c_uint, c_uint, POINTER(c_ubyte), c_uint, POINTER(FrameDescriptor), c_void_p)


class Session:
    """`dead_code`: if it is set, every call returns it. A handle stays dead after unplugging."""

    def __init__(self, handle: int, camera: StandinCamera, violations: list[str]) -> None:
        self.handle = handle
        self.camera = camera
        self.dead_code: ReturnCode | None = None
        self.report = ErrorReport()
        self.frame_callback: FrameCallback | None = None
        self._event_callbacks: dict[int, tuple[int, int | None]] = {}
        self._violations = violations
        self._lock = threading.Lock()
        self._busy_with: dict[str, int] = {}

    def raise_if_dead(self) -> None:
        if self.dead_code is not None:
            raise RefusedError(self.dead_code, "the camera is gone")

    @contextmanager
    def calling(self, function_name: str) -> Iterator[None]:
        """Note a violation if another call on this handle is in progress: the SDK does not say that it may."""
        with self._lock:
            if self._busy_with:
                self._violations.append(f"{function_name} during {', '.join(self._busy_with)} on one handle")
            self._busy_with[function_name] = self._busy_with.get(function_name, 0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._busy_with[function_name] -= 1
                if not self._busy_with[function_name]:
                    del self._busy_with[function_name]

    def note_violation(self, sentence: str) -> None:
        self._violations.append(sentence)

    def is_calling_twice(self, function_name: str) -> bool:
        with self._lock:
            return self._busy_with.get(function_name, 0) > 1

    def remember_error(self, function_name: str, refusal: RefusedError) -> None:
        """Remember the error for PxLGetErrorReport, which returns the last error, also after later calls that
        succeeded."""
        self.report = ErrorReport(
            refusal.code, function_name.encode(), refusal.code.name.encode(), refusal.reason.encode()[:255]
        )

    def register_event(self, event_id: int, context: int | None, function: int | None) -> None:
        if function:
            self._event_callbacks[event_id] = (function, context)
        else:
            self._event_callbacks.pop(event_id, None)

    def register_frames(self, context: int | None, function: int | None) -> None:
        if self.frame_callback:
            self.frame_callback.cancel()
        self.frame_callback = FrameCallback(self, context, function) if function else None

    def end(self, dead_code: ReturnCode) -> None:
        self.dead_code = dead_code
        self.register_frames(None, None)

    def notify_disconnected(self) -> None:
        """Call the program back from a thread that Python does not know."""
        registered = [self._event_callbacks.get(event) for event in (EventId.ANY, EventId.CAMERA_DISCONNECTED)]
        for function, context in filter(None, registered):
            _thread.start_new_thread(self._call_back, (function, context, self.camera.timestamp_s))

    def _call_back(self, function: int, context: int | None, timestamp_s: float) -> None:
        EventFunction(function)(self.handle, EventId.CAMERA_DISCONNECTED, timestamp_s, 0, None, context)


class FrameCallback:
    """Passes every frame of the stream to a function of the program, on a thread of the library, until it is
    cancelled."""

    def __init__(self, session: Session, context: int | None, function: int) -> None:
        self._session = session
        self._context = context
        self._call = FrameFunction(function)
        self._is_cancelled = False
        _thread.start_new_thread(self._run, ())

    def cancel(self) -> None:
        camera = self._session.camera
        with camera.condition:
            self._is_cancelled = True
            camera.condition.notify_all()

    def _run(self) -> None:
        while not self._is_cancelled:
            try:
                self._deliver_stream()
            except RefusedError as refusal:
                if refusal.code != ReturnCode.ApiStreamStopped:
                    return

    def _deliver_stream(self) -> None:
        camera = self._session.camera
        after = self._wait_for_stream()
        while not self._is_cancelled:
            with camera.condition:
                frame = camera.wait_for_frame(after, self._raise_if_over)
            after = frame.arrives_at
            self._deliver(camera.pixels_of(frame), camera.descriptor_of(frame))

    def _wait_for_stream(self) -> float:
        camera = self._session.camera
        with camera.condition:
            while camera.stream.state != StreamState.START:
                self._raise_if_over()
                camera.clock.wait(camera.condition, None)
            return camera.clock.now()

    def _raise_if_over(self) -> None:
        if self._is_cancelled:
            raise RefusedError(ReturnCode.ApiInvalidFunctionCallError, "no longer registered")
        self._session.raise_if_dead()

    def _deliver(self, pixels: bytes, descriptor: FrameDescriptor) -> None:
        buffer = (c_ubyte * len(pixels)).from_buffer_copy(pixels)
        pixel_format = int(descriptor.PixelFormat.fValue)
        self._call(self._session.handle, buffer, pixel_format, ctypes.pointer(descriptor), self._context)
