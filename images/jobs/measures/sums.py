"""Measures before a job begins what a sum of frames needs on this camera and PC."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from camera.frame import Frame
from camera.frame_sum import FrameSum
from camera.registry import the_camera
from camera.results.taken_frame import TakenFrame
from images.jobs.measures.bursts import count_ring_frames

# With longer exposures, the time that the camera needs between two of them does not matter.
MAX_TEST_LIGHT_MS = 1000.0


@dataclass(frozen=True, slots=True)
class SumMeasured:
    """The result of test frames, which were not kept. `overhead_s`: by how much the whole picture of `frames` frames
    takes longer than its exposures. `adding_s`: how long it takes to add one frame."""

    frames: int
    size_bytes: int
    seconds_per_frame: float
    adding_s: float
    overhead_s: float

    @property
    def is_too_fast(self) -> bool:
        """True if frames come so much faster than they can be added that the memory does not hold them."""
        if self.adding_s <= self.seconds_per_frame:
            return False
        waiting = self.frames * (1 - self.seconds_per_frame / self.adding_s)
        return waiting > count_ring_frames(self.size_bytes)


def measure_sum(frames: int, exposure_ms: float, gain_db: float, write: Callable[[Frame], int]) -> SumMeasured:
    """Take one or two test frames like ordinary captures, so that nobody else has to wait. `write` writes a sum and
    returns its size in bytes. Raises a CameraError, and what `write` raises."""
    began_s = time.perf_counter()
    taken = [the_camera().take(exposure_ms, gain_db)]
    waited_s = time.perf_counter() - began_s
    if exposure_ms <= MAX_TEST_LIGHT_MS:
        taken.append(the_camera().take(exposure_ms, gain_db))
    period_s = max(_find_period_s(taken), exposure_ms / 1000)
    total, adding_s = _add_up(taken)
    began_s = time.perf_counter()
    size_bytes = write(total)
    writing_s = time.perf_counter() - began_s
    overhead_s = max(waited_s - period_s, 0.0) + writing_s + frames * (period_s - exposure_ms / 1000)
    return SumMeasured(frames, size_bytes, period_s, adding_s, overhead_s)


def _find_period_s(taken: list[TakenFrame]) -> float:
    """Return the time in seconds from one frame to the next; 0 if the frames are not of one stream."""
    first, last = taken[0], taken[-1]
    count = last.raw.descriptor.frame_number - first.raw.descriptor.frame_number
    return (last.captured_at - first.captured_at).total_seconds() / count if count > 0 else 0.0


def _add_up(taken: list[TakenFrame]) -> tuple[Frame, float]:
    """Return a sum of two such frames, and how many seconds it took to add one."""
    total, times_s = FrameSum(2), []
    for number, one in enumerate((taken[0], taken[-1])):
        began_s = time.perf_counter()
        frame = one.develop()
        total.add(replace(frame, descriptor=replace(frame.descriptor, frame_number=number)))
        times_s.append(time.perf_counter() - began_s)
    # The first frame with new settings can take longer, so it does not count.
    return total.frame, min(times_s)
