"""Takes frames of the running stream in a row, adds them up, and keeps the sum as one original."""

import time

from camera.engine.frame_ring import LossCause, LostFrames
from camera.errors import FramesLost, FramesTooFast
from camera.frame_sum import FrameSum
from camera.registry import the_camera
from images.capture.capture import CaptureOrder, keep_frame
from images.index.listing import Captured
from images.library import the_library


class SumCapture:
    """One picture that is the sum of several frames, taken part by part. For one thread, which closes it.

    Until it is closed, nobody else gets the camera.
    """

    def __init__(self, order: CaptureOrder, count: int, ring_frames: int) -> None:
        """`ring_frames`: how many frames may wait to be added. Raises camera.errors and images.errors, as do the other
        methods; then nothing is saved."""
        the_library().archive.check()
        self._order = order
        self._optics = the_library().optics.current()
        self._sum = FrameSum(count)
        wanted = order.requested
        self._burst = the_camera().begin_burst(
            count, min(ring_frames, count), wanted.exposure_ms, wanted.gain_db, order.permit
        )

    def take_part(self, for_s: float) -> Captured | None:
        """Add frames for about so long. Returns the image once it is safe on disk; None while frames are wanting.
        Raises FramesLost or FramesTooFast if the frames are not in a row."""
        until_s = time.perf_counter() + for_s
        while not self._sum.is_complete:
            item = self._burst.take(max(until_s - time.perf_counter(), 0.0))
            if item is None:
                return None
            if isinstance(item, LostFrames):
                raise _describe_loss(item)
            self._sum.add(item.develop())
            if time.perf_counter() > until_s:
                break
        if not self._sum.is_complete:
            return None
        # Others may have the camera while the picture is written.
        self.close()
        return keep_frame(lambda: self._sum.frame, self._order, self._optics)

    def close(self) -> None:
        """Take no more frames. What was added up is dropped, unless it was kept."""
        self._burst.close()


def _describe_loss(lost: LostFrames) -> FramesLost | FramesTooFast:
    which = f"Frames {lost.first_number} to {lost.last_number} of the stream"
    if lost.cause is LossCause.MEMORY:
        return FramesTooFast(f"{which} came faster than this PC could add them up.")
    return FramesLost(f"{which} did not come from the camera.")
