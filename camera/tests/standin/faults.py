"""Faults to be injected while a camera runs, from any thread; each is used up by the calls it spoils."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .codes import ReturnCode

GARBAGE: Mapping[str, float] = {
    "Shutter.fValue": float("nan"),
    "Gain.fValue": float("inf"),
    "Roi.fWidth": 0.0,
    "Roi.fHeight": 0.0,
    "PixelFormat.fValue": 4711.0,
    "PixelAddressingValue.fHorizontal": 0.0,
    "dFrameTime": float("nan"),
}


@dataclass(frozen=True)
class GrabFault:
    """What happens to one PxLGetNextFrame: a code after a delay, or a frame that is not what it should be.

    `lost_frames` of the stream are dropped before the one delivered. `descriptor` maps paths such as "Roi.fWidth" to
    values written over the true ones. `byte_count` is how many bytes of the frame are really delivered.
    """

    code: ReturnCode = ReturnCode.ApiSuccess
    after_s: float = 0.0
    lost_frames: int = 0
    descriptor: Mapping[str, float] = field(default_factory=dict)
    byte_count: int | None = None


class Faults:
    """Of one camera. The counting methods add to what is already waiting."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grabs: deque[GrabFault] = deque()
        self._answers: dict[str, deque[ReturnCode]] = {}

    def time_out(self, grabs: int = 1, after_s: float = 0.0) -> None:
        """ApiCameraTimeoutError, which real cameras give "on occasion" (vendor's sample)."""
        self._spoil(grabs, GrabFault(ReturnCode.ApiCameraTimeoutError, after_s))

    def break_frames(self, grabs: int = 1) -> None:
        self._spoil(grabs, GrabFault(ReturnCode.ApiInvalidFrameReceivedError))

    def lose_frames(self, lost_frames: int = 3, grabs: int = 1) -> None:
        """Success with ApiSuccessWithFrameLoss and a gap in the frame numbers; takes the lost frames' time."""
        self._spoil(grabs, GrabFault(ReturnCode.ApiSuccessWithFrameLoss, lost_frames=lost_frames))

    def garble_descriptors(self, frames: int = 1, fields: Mapping[str, float] = GARBAGE) -> None:
        self._spoil(frames, GrabFault(descriptor=fields))

    def shorten_frames(self, byte_count: int, frames: int = 1) -> None:
        """Fewer bytes than the descriptor tells; the rest of the caller's buffer stays as it was."""
        self._spoil(frames, GrabFault(byte_count=byte_count))

    def resize_frames(self, width: int, height: int, frames: int = 1) -> None:
        """A descriptor whose region is not the one that was set, in sensor pixels."""
        self._spoil(frames, GrabFault(descriptor={"Roi.fWidth": float(width), "Roi.fHeight": float(height)}))

    def answer(self, function_name: str, code: ReturnCode, calls: int = 1) -> None:
        """The next calls return `code`: a failure instead of being done, a success (such as 3) after being done."""
        with self._lock:
            self._answers.setdefault(function_name, deque()).extend([code] * calls)

    def clear(self) -> None:
        with self._lock:
            self._grabs.clear()
            self._answers.clear()

    def next_grab(self) -> GrabFault:
        with self._lock:
            return self._grabs.popleft() if self._grabs else GrabFault()

    def next_answer(self, function_name: str) -> ReturnCode | None:
        with self._lock:
            waiting = self._answers.get(function_name)
            return waiting.popleft() if waiting else None

    def _spoil(self, grabs: int, fault: GrabFault) -> None:
        with self._lock:
            self._grabs.extend([fault] * grabs)


class Gates:
    """Calls that hang: a native call waits at the gate of its name until it is released."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._closed: set[str] = set()
        self._waiting: dict[str, int] = {}

    def hang(self, function_name: str) -> None:
        with self._condition:
            self._closed.add(function_name)

    def release(self, function_name: str | None = None) -> None:
        """Let one function's calls go on, or all."""
        with self._condition:
            self._closed = set() if function_name is None else self._closed - {function_name}
            self._condition.notify_all()

    def wait_until_hanging(self, function_name: str, timeout_s: float = 5.0) -> bool:
        """For tests: whether a call has come to the closed gate."""
        with self._condition:
            return self._condition.wait_for(lambda: self._waiting.get(function_name, 0) > 0, timeout_s)

    def pass_through(self, function_name: str) -> None:
        with self._condition:
            if function_name not in self._closed:
                return
            self._waiting[function_name] = self._waiting.get(function_name, 0) + 1
            self._condition.notify_all()
            self._condition.wait_for(lambda: function_name not in self._closed)
            self._waiting[function_name] -= 1
