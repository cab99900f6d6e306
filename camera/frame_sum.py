"""Adds up frames of the running stream. Nothing is rounded."""

from dataclasses import replace

import numpy as np

from camera.errors import FramesLost
from camera.frame import Frame, SummedFrames
from camera.memory import FrameBuffers

# A value has 32 bits. Programs that read these as floating point, as ImageJ does, hold whole numbers of 24 bits.
MAX_SUM_BITS = 24
_buffers = FrameBuffers()


def count_sum_bits(significant_bits: int, count: int) -> int:
    """Return how many bits the sum of `count` frames needs. `count` is a power of two."""
    return significant_bits + count.bit_length() - 1


class FrameSum:
    """The sum of `count` frames in a row. For one thread.

    `count` is a power of two, so that the upper bits of a sum are those of the mean.
    """

    def __init__(self, count: int) -> None:
        if count < 2 or count & (count - 1):
            raise ValueError(f"{count} frames cannot be added up: it must be 2, 4, 8 and so on")
        self._wanted = count
        self._so_far: Frame | None = None

    @property
    def count(self) -> int:
        """How many frames are in it."""
        return self._so_far.summed.count if self._so_far and self._so_far.summed else 0

    @property
    def is_complete(self) -> bool:
        return self.count == self._wanted

    @property
    def frame(self) -> Frame:
        """The sum. Raises ValueError until it is complete."""
        if self._so_far is None or not self.is_complete:
            raise ValueError(f"{self.count} of {self._wanted} frames were added up")
        return self._so_far

    def add(self, frame: Frame) -> None:
        """Add the next frame. Raises FramesLost if it does not follow the one before, and ValueError if the sum has all
        its frames, or would need too many bits."""
        if self.is_complete:
            raise ValueError("the sum has all its frames")
        self._so_far = self._begin(frame) if self._so_far is None else self._go_on(self._so_far, frame)

    def _begin(self, first: Frame) -> Frame:
        taken, pixels = first.descriptor, first.pixels
        bits = count_sum_bits(taken.significant_bits, self._wanted)
        if bits > MAX_SUM_BITS:
            raise ValueError(f"the sum needs {bits} bits, and has {MAX_SUM_BITS}")
        total = _buffers.lend(4 * pixels.size).view(np.uint32).reshape(pixels.shape)
        total[...] = pixels
        summed = SummedFrames(
            count=1,
            first_number=taken.frame_number,
            last_number=taken.frame_number,
            last_captured_at=first.captured_at,
            bits_per_frame=taken.significant_bits,
            total_exposure_ms=taken.exposure_ms,
        )
        return replace(first, pixels=total, descriptor=replace(taken, significant_bits=bits), summed=summed)

    def _go_on(self, so_far: Frame, frame: Frame) -> Frame:
        before, taken = so_far.summed, frame.descriptor
        assert before
        _require_next(before, frame, so_far)
        np.add(so_far.pixels, frame.pixels, out=so_far.pixels)
        summed = replace(
            before,
            count=before.count + 1,
            last_number=taken.frame_number,
            last_captured_at=frame.captured_at,
            total_exposure_ms=before.total_exposure_ms + taken.exposure_ms,
        )
        return replace(so_far, summed=summed, warnings=tuple(dict.fromkeys((*so_far.warnings, *frame.warnings))))


def _require_next(before: SummedFrames, frame: Frame, so_far: Frame) -> None:
    number = frame.descriptor.frame_number
    if number != before.last_number + 1:
        raise FramesLost(f"Frame {before.last_number} of the stream was followed by frame {number}.")
    if frame.pixels.shape != so_far.pixels.shape or frame.descriptor.significant_bits != before.bits_per_frame:
        raise FramesLost(f"Frame {number} of the stream is of another kind than those before.")
