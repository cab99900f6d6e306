"""Takes the pictures of a job that are sums of several frames, one after another, each part by part."""

from images.capture.capture import CaptureOrder
from images.capture.capture_sum import SumCapture
from images.index.listing import Captured

# After so long a step ends, so that a pause or a stop takes effect soon.
PART_S = 0.5


class SumTaker:
    """Takes sums. Only for the thread that runs the job. A sum is either kept whole, or dropped."""

    def __init__(self, frames: int, ring_frames: int) -> None:
        """`frames`: how many frames each picture has. `ring_frames`: how many of them may wait in memory."""
        self._frames = frames
        self._ring_frames = ring_frames
        self._under_way: SumCapture | None = None

    @property
    def is_on(self) -> bool:
        """True while frames of a picture are taken. Until then, nobody else gets the camera."""
        return self._under_way is not None

    def take_part(self, order: CaptureOrder) -> Captured | None:
        """Begin this picture, or continue it. Returns it once it is safe on disk, otherwise None. If it raises, the
        frames so far are dropped: see SumCapture."""
        self._under_way = self._under_way or SumCapture(order, self._frames, self._ring_frames)
        try:
            captured = self._under_way.take_part(PART_S)
        # Also if the program is told to stop: the camera must not stay reserved for half a sum.
        except BaseException:
            self.end()
            raise
        if captured is not None:
            self.end()
        return captured

    def end(self) -> None:
        """Drop the frames of a picture that is not complete. The camera is free after its next frame."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.close()
