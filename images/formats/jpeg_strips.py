"""One JPEG encoded by two processors: the upper and the lower half each by one, joined at a restart marker.

Restart markers (ITU-T T.81, sections B.2.4.4 and E.1.4) let a decoder begin anew within a picture, so the halves are
encoded as pictures of their own and their scans set one after the other. Decoded, the pixels are those of the
picture encoded in one piece.
"""

import ctypes
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from camera.scratch import open_scratch_file
from images.formats.whole import demand_end

SMALLEST_PIXELS = 500_000
UPPER_SHARE = 0.54
LONGEST_RESTART_INTERVAL = 0xFFFF
START_OF_FRAME, START_OF_SCAN = 0xC0, 0xDA
FIRST_RESTART = b"\xff\xd0"
END_OF_IMAGE = b"\xff\xd9"

_c_library = ctypes.CDLL(None) if hasattr(os, "sched_setaffinity") else None
_lock = threading.Lock()
_encoding = 0
_second_processor = ThreadPoolExecutor((os.cpu_count() or 2) // 2 or 1, thread_name_prefix="jpeg")


def save_jpeg(file: BinaryIO, pixels: np.ndarray, **options: Any) -> None:
    """Write a JPEG of 8-bit pixels, (height, width) or (height, width, 3), at the start of an empty, real file.

    In two strips where that helps: while nobody else encodes, for else the other processor has work already.
    `options` are Pillow's; not those that change Huffman tables or subsampling. Raises OSError on a full disk.
    """
    with _counting_encoders() as is_alone:
        if is_alone and can_split(pixels):
            save_in_strips(file, pixels, **options)
        else:
            Image.fromarray(pixels).save(file, "JPEG", **options)
    demand_end(file, END_OF_IMAGE)


def can_split(pixels: np.ndarray) -> bool:
    """Whether it pays, and a restart interval can be as long as half the picture."""
    _, units = _split(pixels)
    return pixels.shape[0] * pixels.shape[1] >= SMALLEST_PIXELS and units <= LONGEST_RESTART_INTERVAL


def save_in_strips(file: BinaryIO, pixels: np.ndarray, **options: Any) -> None:
    """As `save_jpeg`, by two threads."""
    rows, units = _split(pixels)
    lower = _second_processor.submit(encode_elsewhere, find_processor(), pixels[rows:], options.get("quality"), units)
    Image.fromarray(pixels[:rows]).save(file, "JPEG", restart_marker_blocks=units, **options)
    demand_end(file, END_OF_IMAGE)
    _set_height(file, pixels.shape[0])
    file.seek(-len(END_OF_IMAGE), os.SEEK_END)
    file.write(FIRST_RESTART)
    file.write(lower.result())


def _split(pixels: np.ndarray) -> tuple[int, int]:
    """Rows of the upper strip, and how many coding units it has: 16 x 16 pixels in colour, whose chroma Pillow
    halves, 8 x 8 in grey. It is the larger one, since the lower one's thread begins later."""
    side = 16 if pixels.ndim == 3 else 8
    height, width = pixels.shape[:2]
    unit_rows = round(-(-height // side) * UPPER_SHARE)
    return unit_rows * side, unit_rows * -(-width // side)


def encode_elsewhere(busy: int | None, *strip: Any) -> bytes:
    """On another processor than `busy`, where the system lets one choose: Linux may begin both halves on one, and find
    only when they are nearly done that the other had nothing to do."""
    if busy is None:
        return _encode_scan(*strip)
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, allowed - {busy} or allowed)
    try:
        return _encode_scan(*strip)
    finally:
        os.sched_setaffinity(0, allowed)


def find_processor() -> int | None:
    """The number of the one that runs this thread; None where one cannot choose."""
    return _c_library.sched_getcpu() if _c_library else None


def _encode_scan(pixels: np.ndarray, quality: int | None, units: int) -> bytes:
    """The scan of these pixels as a JPEG, with the end of the image."""
    with open_scratch_file() as scratch:
        Image.fromarray(pixels).save(scratch, "JPEG", quality=quality, restart_marker_blocks=units)
        demand_end(scratch, END_OF_IMAGE)
        start = _find_segment(scratch, START_OF_SCAN)
        scratch.seek(start + _segment_length(scratch, start))
        return scratch.read()


def _set_height(file: BinaryIO, height: int) -> None:
    """In the frame header, after marker, length and sample precision (T.81, section B.2.2)."""
    file.seek(_find_segment(file, START_OF_FRAME) + 5)
    file.write(height.to_bytes(2, "big"))


def _find_segment(file: BinaryIO, marker: int) -> int:
    """Where the segment with that marker begins."""
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
    """Bytes from the segment's marker to the next one's."""
    file.seek(position + 2)
    return 2 + int.from_bytes(file.read(2), "big")


@contextmanager
def _counting_encoders() -> Iterator[bool]:
    """Whether this thread is the only one that encodes as the block begins."""
    global _encoding
    with _lock:
        _encoding += 1
        is_alone = _encoding == 1
    try:
        yield is_alone
    finally:
        with _lock:
            _encoding -= 1
