"""The ring of a burst: hands frames of the running stream from the camera's thread to the thread that keeps them."""

import threading
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

from camera.engine.requests import TakenFrame, copy_without_traceback
from camera.errors import CameraError, CaptureFailed


class LossCause(StrEnum):
    """Why a frame is lost: the camera did not deliver it, or the ring had no room for it."""

    CAMERA = "camera"
    MEMORY = "memory"


@dataclass(frozen=True, slots=True)
class LostFrames:
    """Frames in a row that are lost. The numbers are those of the camera; both ends are included."""

    first_number: int
    last_number: int
    cause: LossCause

    @property
    def count(self) -> int:
        return self.last_number - self.first_number + 1


class FrameRing:
    """Holds at most `capacity` frames, and ends after `count` frames, delivered or lost. The camera's thread puts
    frames in and never waits; another thread takes them out. A frame that does not come out is in a LostFrames that
    comes out in its place.

    The memory of the frames is the driver's pool: it is reused once a frame that was taken out is gone.
    """

    def __init__(self, count: int, capacity: int) -> None:
        self._left = count
        self._capacity = capacity
        self._changed = threading.Condition()
        self._items: deque[TakenFrame | LostFrames] = deque()
        self._held = 0
        self._next_number: int | None = None
        self._is_over = False
        self._problem: CameraError | None = None

    @property
    def is_over(self) -> bool:
        """True if no more frames are wanted."""
        return self._is_over

    @property
    def has_failed(self) -> bool:
        return self._problem is not None

    @property
    def is_drained(self) -> bool:
        """True if nothing comes out any more."""
        with self._changed:
            return self._is_over and not self._items

    def put(self, taken: TakenFrame) -> None:
        """Add the next frame of the stream. Does not block."""
        number = taken.raw.descriptor.frame_number
        with self._changed:
            if self._is_over:
                return
            expected = number if self._next_number is None else self._next_number
            # Then nobody can tell how many frames are missing in between.
            if number < expected:
                self.end(CaptureFailed("The camera began to count its frames again."))
                return
            if number > expected:
                # Not more than are left: a loss beyond the end of the burst is no loss of this burst.
                self._lose(LostFrames(expected, min(number, expected + self._left) - 1, LossCause.CAMERA))
            self._next_number = number + 1
            if self._left:
                self._hold(taken, number)
            self._is_over = self._left == 0
            self._changed.notify_all()

    def take(self, timeout_s: float) -> TakenFrame | LostFrames | None:
        """Return the next frame or loss. None if nothing came in time, or if the ring is empty and over. Blocks for at
        most `timeout_s`. Raises the error of the camera once all frames before it were taken out."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._is_over, timeout_s)
            if self._items:
                item = self._items.popleft()
                self._held -= isinstance(item, TakenFrame)
                return item
            if self._problem is not None:
                raise copy_without_traceback(self._problem)
            return None

    def end(self, problem: CameraError) -> None:
        """End with the error of the camera, unless it is over already."""
        with self._changed:
            if not self._is_over:
                self._is_over, self._problem = True, problem
                self._changed.notify_all()

    def close(self) -> None:
        """End the ring, and drop the frames that are left in it."""
        with self._changed:
            self._is_over = True
            self._items.clear()
            self._held = 0

    def _hold(self, taken: TakenFrame, number: int) -> None:
        if self._held < self._capacity:
            self._items.append(taken)
            self._held += 1
            self._left -= 1
        else:
            self._lose(LostFrames(number, number, LossCause.MEMORY))

    def _lose(self, lost: LostFrames) -> None:
        """Note lost frames. Losses in a row become one item, so that the ring stays bounded if many frames are lost."""
        self._left -= lost.count
        last = self._items[-1] if self._items else None
        if isinstance(last, LostFrames) and (last.cause, last.last_number + 1) == (lost.cause, lost.first_number):
            self._items[-1] = LostFrames(last.first_number, lost.last_number, lost.cause)
        else:
            self._items.append(lost)
