"""Encodes one JPEG in two threads: one the upper part, one the lower part. The parts are joined at a restart marker.

At a restart marker, a decoder starts again within a picture (ITU-T T.81, sections B.2.4.4 and E.1.4). So each part is
encoded as a picture of its own, and the scans are put one after the other. The decoded pixels are the same as those of
a picture that was encoded in one piece.
"""

import math
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from camera.memory import as_picture, open_memory_file
from images.formats.guarded_reading import require_end
from images.formats.pixel_sum import sum_coded_data

MIN_PIXELS = 500_000
UPPER_SHARE = 0.5
MAX_RESTART_INTERVAL = 0xFFFF
START_OF_FRAME, START_OF_SCAN = 0xC0, 0xDA
FIRST_RESTART = b"\xff\xd0"
END_OF_IMAGE = b"\xff\xd9"

_lock = threading.Lock()
_encoding = 0
_second_thread = ThreadPoolExecutor((os.cpu_count() or 2) // 2 or 1, thread_name_prefix="jpeg")


def save_jpeg(
    file: BinaryIO, pixels: np.ndarray, quality: int, make_texts: Callable[[], dict[str, bytes]] = dict
) -> str:
    """Write a JPEG of 8-bit pixels, (height, width) or (height, width, 3), at the start of an empty, real file. Returns
    the sum of its coded data: see pixel_sum.py.

    Uses two strips if no other thread encodes; otherwise the other processor has work already. `make_texts` returns
    EXIF, XMP and comment, as options of Pillow. It is called while the lower strip is encoded. Raises OSError on a full
    disk.
    """
    with _counting_encoders() as is_alone:
        if is_alone and can_split(pixels):
            return save_in_strips(file, pixels, quality, make_texts)
        with as_picture(pixels) as picture:
            picture.save(file, "JPEG", quality=quality, **make_texts())
    require_end(file, END_OF_IMAGE)
    return sum_coded_data(file).hexdigest()


def can_split(pixels: np.ndarray) -> bool:
    """Return True if two strips are faster, and if a restart interval can be as long as half the picture."""
    _, units = _split(pixels)
    return pixels.shape[0] * pixels.shape[1] >= MIN_PIXELS and units <= MAX_RESTART_INTERVAL


def save_in_strips(
    file: BinaryIO, pixels: np.ndarray, quality: int, make_texts: Callable[[], dict[str, bytes]] = dict
) -> str:
    """Do the same as `save_jpeg`, in two threads."""
    rows, units = _split(pixels)
    lower = _second_thread.submit(_encode_scan, pixels[rows:], quality, units)
    # An interval as long as the whole upper strip: Pillow then writes no marker itself, and a decoder expects the first
    # one exactly at the joint.
    with as_picture(pixels[:rows]) as upper:
        upper.save(file, "JPEG", quality=quality, restart_marker_blocks=units, **make_texts())
    require_end(file, END_OF_IMAGE)
    # The frame header states the height of the upper strip so far.
    _set_height(file, pixels.shape[0])
    joint = file.seek(-len(END_OF_IMAGE), os.SEEK_END)
    digest = sum_coded_data(file, joint)
    digest.update(FIRST_RESTART)
    # The other thread has ended its strip, and can sum it up while this one writes it.
    summed = _second_thread.submit(digest.update, lower.result())
    file.seek(joint)
    file.write(FIRST_RESTART)
    file.write(lower.result())
    summed.result()
    require_end(file, END_OF_IMAGE)
    return digest.hexdigest()


def _split(pixels: np.ndarray) -> tuple[int, int]:
    """Return the rows of the upper strip, and its number of coding units. A unit has 16 x 16 pixels in colour, because
    Pillow halves the chroma, and 8 x 8 in grey. The lower strip must not be larger than the upper one: it would need a
    restart marker of its own."""
    side = 16 if pixels.ndim == 3 else 8
    height, width = pixels.shape[:2]
    unit_rows = math.ceil(-(-height // side) * UPPER_SHARE)
    return unit_rows * side, unit_rows * -(-width // side)


def _encode_scan(pixels: np.ndarray, quality: int, units: int) -> bytes:
    """Return the scan of these pixels, encoded as JPEG, with the end-of-image marker."""
    with open_memory_file() as scratch, as_picture(pixels) as picture:
        picture.save(scratch, "JPEG", quality=quality, restart_marker_blocks=units)
        require_end(scratch, END_OF_IMAGE)
        start = _find_segment(scratch, START_OF_SCAN)
        scratch.seek(start + _segment_length(scratch, start))
        return scratch.read()


def _set_height(file: BinaryIO, height: int) -> None:
    """Write the height into the frame header. It follows the marker, the length and the sample precision (T.81, section
    B.2.2)."""
    file.seek(_find_segment(file, START_OF_FRAME) + 5)
    file.write(height.to_bytes(2, "big"))


def _find_segment(file: BinaryIO, marker: int) -> int:
    """Return the position of the segment with that marker."""
    # Behind the start-of-image marker, the only one without a length.
    position = 2
    while True:
        file.seek(position)
        prefix, found = file.read(2)
        if prefix != 0xFF:
            raise ValueError("Pillow wrote a JPEG of an unknown layout")
        if found == marker:
            return position
        position += _segment_length(file, position)


def _segment_length(file: BinaryIO, position: int) -> int:
    """Return the bytes from this segment's marker to the next marker."""
    file.seek(position + 2)
    return 2 + int.from_bytes(file.read(2), "big")


@contextmanager
def _counting_encoders() -> Iterator[bool]:
    """Yield True if no other thread encodes when the block begins."""
    global _encoding
    with _lock:
        _encoding += 1
        is_alone = _encoding == 1
    try:
        yield is_alone
    finally:
        with _lock:
            _encoding -= 1
