"""Reads the pixels of this program's TIFF files. They are in strips, one after the other, uncompressed or deflated
(TIFF 6.0, section 3)."""

import math
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from images.errors import NotAnOriginal
from images.formats.guarded_reading import MAX_HEAD_BYTES, require_size
from images.formats.tiff_directory import Field

WIDTH, HEIGHT, BITS_PER_SAMPLE, COMPRESSION = 256, 257, 258, 259
STRIP_OFFSETS, SAMPLES_PER_PIXEL, STRIP_BYTES = 273, 277, 279
UNCOMPRESSED, DEFLATED = 1, 8
# Deflate compresses at most to 1/1032 (zlib's technical details). A file that claims more is damaged.
MAX_INFLATED = 1_100


def locate_strips(file: BinaryIO, fields: dict[int, Field]) -> list[tuple[int, int]]:
    """Return (offset, length in bytes) of each strip. Raises NotAnOriginal if a strip is outside the file."""
    offsets, lengths = (fields[tag].numbers for tag in (STRIP_OFFSETS, STRIP_BYTES))
    size = file.seek(0, 2)
    if not offsets or len(offsets) != len(lengths):
        raise NotAnOriginal("It has no picture.")
    strips = list(zip(offsets, lengths, strict=True))
    if any(offset + length > size for offset, length in strips):
        raise NotAnOriginal("It ends too early.")
    return strips


def read_strips(file: BinaryIO, fields: dict[int, Field]) -> np.ndarray:
    """Return the pixels, (height, width) or (height, width, 3). Raises NotAnOriginal for layouts that this program does
    not write. Uses at most the memory of the picture's stated size."""
    shape, kind = require_layout(file, fields)
    pixels = np.empty(shape, kind)
    room = pixels.data.cast("B")
    for block in _read_blocks(file, fields, pixels.nbytes):
        if len(block) > len(room):
            raise NotAnOriginal("It holds more than its picture.")
        room[: len(block)] = block
        room = room[len(block) :]
    if len(room):
        raise NotAnOriginal("It holds less than its picture.")
    return pixels


def require_layout(file: BinaryIO, fields: dict[int, Field]) -> tuple[tuple[int, ...], str]:
    """Return shape and dtype of the pixels. Raises NotAnOriginal if the strips are too short for these pixels, even if
    deflated, or too long; pixels that deflate cannot compress grow by some bytes."""
    shape, kind = _layout(fields)
    stored_bytes = sum(length for _, length in locate_strips(file, fields))
    size_bytes = np.dtype(kind).itemsize * math.prod(shape)
    if size_bytes > stored_bytes * MAX_INFLATED:
        raise NotAnOriginal("It holds less than its picture.")
    if stored_bytes > 2 * size_bytes + MAX_HEAD_BYTES:
        raise NotAnOriginal("It holds more than its picture.")
    return shape, kind


def _layout(fields: dict[int, Field]) -> tuple[tuple[int, ...], str]:
    """Return shape and dtype that the file states, after checking that they are possible."""
    (width,), (height,), (samples,) = (fields[tag].numbers for tag in (WIDTH, HEIGHT, SAMPLES_PER_PIXEL))
    bits = set(fields[BITS_PER_SAMPLE].numbers)
    require_size(width, height)
    if samples not in (1, 3) or bits not in ({8}, {16}, {32}):
        raise NotAnOriginal("Its pixels are none that this program writes.")
    return (height, width) if samples == 1 else (height, width, samples), f"<u{bits.pop() // 8}"


def _read_blocks(file: BinaryIO, fields: dict[int, Field], most_bytes: int) -> Iterator[bytes]:
    (compression,) = fields[COMPRESSION].numbers
    if compression not in (UNCOMPRESSED, DEFLATED):
        raise NotAnOriginal("It is compressed as this program does not.")
    for offset, length in locate_strips(file, fields):
        file.seek(offset)
        block = file.read(length)
        # One byte more than the picture needs: enough to notice a strip that inflates to more, without inflating all of
        # it.
        yield block if compression == UNCOMPRESSED else zlib.decompressobj().decompress(block, most_bytes + 1)
