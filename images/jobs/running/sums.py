"""Takes the pictures of a job that are sums of several frames: one after the other, each part by part."""

from images.capture.capture import CaptureOrder
from images.capture.capture_sum import SumCapture
from images.index.listing import Captured

# So long a step adds frames before the job is looked at again: a pause or a stop holds after that.
PART_S = 0.5


class SumTaker:
    """On the thread that runs the job. A sum that was begun is either kept whole, or dropped."""

    def __init__(self, frames: int, ring_frames: int) -> None:
        """`frames`: of each picture. `ring_frames`: how many of them may wait to be added."""
        self._frames = frames
        self._ring_frames = ring_frames
        self._under_way: SumCapture | None = None

    @property
    def is_on(self) -> bool:
        """True while frames of a picture are taken. Nobody can set the camera otherwise then."""
        return self._under_way is not None

    def take_part(self, order: CaptureOrder) -> Captured | None:
        """Go on with this picture, or begin it. Returns it once it is safe on disk, else None. What it raises drops
        the frames so far: see SumCapture."""
        self._under_way = self._under_way or SumCapture(order, self._frames, self._ring_frames)
        try:
            captured = self._under_way.take_part(PART_S)
        except BaseException:
            self.end()
            raise
        if captured is not None:
            self.end()
        return captured

    def end(self) -> None:
        """Drop the frames of a picture that is not whole. The camera is free from its next frame on."""
        under_way, self._under_way = self._under_way, None
        if under_way is not None:
            under_way.close()
