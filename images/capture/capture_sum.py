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
    """One picture that is the sum of several frames, taken part by part. Only for one thread, which must close it.

    Until it is closed, nobody else gets the camera.
    """

    def __init__(self, order: CaptureOrder, count: int, ring_frames: int) -> None:
        """`count`: how many frames are added. `ring_frames`: how many may wait in memory. All methods raise
        camera.errors and images.errors; then nothing is saved."""
        the_library().archive.check()
        self._order = order
        self._optics = the_library().optics.current()
        self._sum = FrameSum(count)
        wanted = order.requested
        self._burst = the_camera().begin_burst(
            count, min(ring_frames, count), wanted.exposure_ms, wanted.gain_db, order.permit
        )

    def take_part(self, for_s: float) -> Captured | None:
        """Add frames for about `for_s` seconds, then return None, so that the caller can look after other things.
        Returns the image once the sum is complete and safe on disk. Raises FramesLost or FramesTooFast if a frame in
        between was lost."""
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
        # Give the camera back now: to write the picture takes time, and needs no camera.
        self.close()
        return keep_frame(lambda: self._sum.frame, self._order, self._optics)

    def close(self) -> None:
        """Take no more frames, and give the camera back. A sum that is not complete is dropped."""
        self._burst.close()


def _describe_loss(lost: LostFrames) -> FramesLost | FramesTooFast:
    which = f"Frames {lost.first_number} to {lost.last_number} of the stream"
    if lost.cause is LossCause.MEMORY:
        return FramesTooFast(f"{which} came faster than this PC could add them up.")
    return FramesLost(f"{which} did not come from the camera.")
