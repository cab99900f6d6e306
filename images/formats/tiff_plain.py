"""An uncompressed TIFF, known to its last byte before any of it is written: a head of 64 bytes, the pixel values, the
directory.

The head depends on shape and type of the pixels alone. So the sum of head and values is the sum of the pixels, made
again from any file that holds the same pixels; and the sum of the whole file goes on from there. Each value is summed
up once.
"""

import hashlib
import struct

import numpy as np

from images.formats.tiff_directory import HEADER, Field, long_field, short_field
from images.formats.tiff_strips import (
    BITS_PER_SAMPLE,
    COMPRESSION,
    HEIGHT,
    SAMPLES_PER_PIXEL,
    STRIP_BYTES,
    STRIP_OFFSETS,
    UNCOMPRESSED,
    WIDTH,
)

PHOTOMETRIC, ROWS_PER_STRIP, PLANAR_CONFIGURATION = 262, 278, 284
BLACK_IS_ZERO, RED_GREEN_BLUE = 1, 2
CONTIGUOUS = 1
HEAD_BYTES = 64


def in_file_order(pixels: np.ndarray) -> memoryview:
    """Return the values as they are in the file: row by row, little-endian. Copies them only if they are not."""
    return np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).data.cast("B")


def find_directory_offset(pixels: np.ndarray) -> int:
    """Return where the directory begins: TIFF 6.0, section 2, wants an even offset."""
    end = HEAD_BYTES + pixels.nbytes
    return end + end % 2


def make_head(pixels: np.ndarray) -> bytes:
    """Return the TIFF header, and a line with shape and type (`1080x1920x3 uint8`), filled up with zeros."""
    shape = "x".join(str(side) for side in pixels.shape)
    header = HEADER + struct.pack("<I", find_directory_offset(pixels))
    return (header + f"{shape} {pixels.dtype.name}\n".encode()).ljust(HEAD_BYTES, b"\0")


def begin_sum(pixels: np.ndarray) -> "hashlib._Hash":
    """Return the SHA-256 of head and values, which goes on with what follows in the file."""
    digest = hashlib.sha256(make_head(pixels))
    digest.update(in_file_order(pixels))
    return digest


def sum_head_and_values(pixels: np.ndarray) -> str:
    return begin_sum(pixels).hexdigest()


def layout_fields(pixels: np.ndarray) -> list[Field]:
    """Return the fields that say how the values follow the head, in one strip."""
    height, width, *samples = pixels.shape
    count = samples[0] if samples else 1
    return [
        long_field(WIDTH, width),
        long_field(HEIGHT, height),
        short_field(BITS_PER_SAMPLE, *[8 * pixels.dtype.itemsize] * count),
        short_field(COMPRESSION, UNCOMPRESSED),
        short_field(PHOTOMETRIC, RED_GREEN_BLUE if samples else BLACK_IS_ZERO),
        long_field(STRIP_OFFSETS, HEAD_BYTES),
        short_field(SAMPLES_PER_PIXEL, count),
        long_field(ROWS_PER_STRIP, height),
        long_field(STRIP_BYTES, pixels.nbytes),
        short_field(PLANAR_CONFIGURATION, CONTIGUOUS),
    ]
