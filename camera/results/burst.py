"""A burst, as the thread that keeps its frames sees it."""

import time
from collections.abc import Callable

from camera.engine.frame_ring import FrameRing, LostFrames
from camera.results.status import as_utc
from camera.results.taken_frame import TakenFrame

STUCK_CHECK_S = 0.25


class Burst:
    """For one thread, which closes it."""

    def __init__(self, ring: FrameRing, check_camera: Callable[[], object]) -> None:
        """`check_camera` ends the burst if the camera's thread hangs."""
        self._ring = ring
        self._check_camera = check_camera

    @property
    def is_over(self) -> bool:
        """True if no more frames come in; some may still have to be taken."""
        return self._ring.is_over

    def take(self, timeout_s: float) -> TakenFrame | LostFrames | None:
        """Return the next frame, or the frames that were lost in its place. None if none came in time, or if all have
        come. Raises CameraError, after the last frame that came before it."""
        until_s = time.perf_counter() + timeout_s
        while True:
            remaining_s = until_s - time.perf_counter()
            item = self._ring.take(min(max(remaining_s, 0.0), STUCK_CHECK_S))
            if isinstance(item, LostFrames):
                return item
            if item is not None:
                return TakenFrame(item.raw, item.source, as_utc(item.began_at_s), item.tries)
            if remaining_s <= 0 or (self._ring.is_drained and not self._ring.has_failed):
                return None
            self._check_camera()

    def close(self) -> None:
        """End the burst. The camera is free for others from its next frame on."""
        self._ring.close()
