"""Faults for a running camera. Any thread may add them; each call that fails uses one up."""

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
    """The fault of one PxLGetNextFrame: a code after a delay, or a wrong frame.

    The camera drops `lost_frames` before it delivers one. `descriptor` maps paths such as "Roi.fWidth" to values that
    replace the true ones. `byte_count`: how many bytes of the frame are really delivered.
    """

    code: ReturnCode = ReturnCode.ApiSuccess
    after_s: float = 0.0
    lost_frames: int = 0
    descriptor: Mapping[str, float] = field(default_factory=dict)
    byte_count: int | None = None


class Faults:
    """The faults of one camera. The methods that count add to the faults that wait already."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._grabs: deque[GrabFault] = deque()
        self._answers: dict[str, deque[ReturnCode]] = {}

    def time_out(self, grabs: int = 1, after_s: float = 0.0) -> None:
        """Add ApiCameraTimeoutError, which real cameras return "on occasion" (vendor's sample)."""
        self._spoil(grabs, GrabFault(ReturnCode.ApiCameraTimeoutError, after_s))

    def break_frames(self, grabs: int = 1) -> None:
        self._spoil(grabs, GrabFault(ReturnCode.ApiInvalidFrameReceivedError))

    def lose_frames(self, lost_frames: int = 3, grabs: int = 1) -> None:
        """Add ApiSuccessWithFrameLoss with a gap in the frame numbers. The grab also takes the time of the lost
        frames."""
        self._spoil(grabs, GrabFault(ReturnCode.ApiSuccessWithFrameLoss, lost_frames=lost_frames))

    def garble_descriptors(self, frames: int = 1, fields: Mapping[str, float] = GARBAGE) -> None:
        self._spoil(frames, GrabFault(descriptor=fields))

    def shorten_frames(self, byte_count: int, frames: int = 1) -> None:
        """Deliver fewer bytes than the descriptor says. The rest of the caller's buffer stays as it was."""
        self._spoil(frames, GrabFault(byte_count=byte_count))

    def resize_frames(self, width: int, height: int, frames: int = 1) -> None:
        """Let the descriptor report another region than the one that was set, in sensor pixels."""
        self._spoil(frames, GrabFault(descriptor={"Roi.fWidth": float(width), "Roi.fHeight": float(height)}))

    def answer(self, function_name: str, code: ReturnCode, calls: int = 1) -> None:
        """Let the next calls return `code`. A failing call does nothing; a call with a success code (such as 3) does
        its work."""
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
    """Calls that hang: a native call waits at the gate of its name until the gate is released."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._closed: set[str] = set()
        self._waiting: dict[str, int] = {}

    def hang(self, function_name: str) -> None:
        with self._condition:
            self._closed.add(function_name)

    def release(self, function_name: str | None = None) -> None:
        """Let the calls of one function continue, or all calls."""
        with self._condition:
            self._closed = set() if function_name is None else self._closed - {function_name}
            self._condition.notify_all()

    def wait_until_hanging(self, function_name: str, timeout_s: float = 5.0) -> bool:
        """For tests: return True once a call waits at the closed gate."""
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
