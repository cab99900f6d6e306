"""The sum of a picture's pixels, which its record carries. It tells an edited picture that kept its record from the
captured one, even if there is no row any more.

PNG and TIFF: the sum of the decoded pixel values, with shape and type (TIFF: as tiff_plain.py lays them out). JPEG: the
sum of all parts of the file that decide the pixels. This costs a tenth of decoding, and is the same for every decoder.
"""

import hashlib
import os
import secrets
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, BinaryIO

import numpy as np

from images.errors import NotAnOriginal

OF_VALUES = "pixel values"
OF_HEAD_AND_VALUES = "TIFF head and pixel values"
OF_CODED_DATA = "JPEG data without APPn and COM"
BLOCK_BYTES = 2**18
# The metadata before the pixels: a small segment, and one each of at most 64 kB for EXIF, XMP and the record.
JPEG_HEAD_BYTES = 2**18
START_OF_IMAGE, START_OF_SCAN, COMMENT = b"\xff\xd8", 0xDA, 0xFE
# APP14 says how colours are coded, so it decides the pixels too.
APP_SEGMENTS = set(range(0xE0, 0xF0)) - {0xEE}
PNG_SIGNATURE_BYTES = 8

_beside_encoding = ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="pixel-sum")


def reserve_sum(record: dict[str, Any], of: str) -> str:
    """Put a placeholder for the sum into the record, as long as a sum, and return it. It is random, so it occurs
    nowhere else in the file."""
    reserved = secrets.token_hex(hashlib.sha256().digest_size)
    record["pixels"] = {"sha256": reserved, "of": of}
    return reserved


def sum_values(pixels: np.ndarray) -> str:
    """Return the SHA-256 of one line with shape and type (`1080x1920x3 uint8`), followed by the values row by row,
    little-endian."""
    shape = "x".join(str(side) for side in pixels.shape)
    digest = hashlib.sha256(f"{shape} {pixels.dtype.name}\n".encode())
    digest.update(np.ascontiguousarray(pixels, pixels.dtype.newbyteorder("<")).data)
    return digest.hexdigest()


def sum_beside(pixels: np.ndarray, sum_up: Callable[[np.ndarray], str] = sum_values) -> Future[str]:
    """Start to sum up the pixel values in another thread, while this thread encodes."""
    return _beside_encoding.submit(sum_up, pixels)


def sum_coded_data(file: BinaryIO, end: int | None = None) -> Any:
    """Return the SHA-256, as an object of hashlib, of a JPEG without the segments that hold only metadata: of what is
    before `end`, or of all. Raises NotAnOriginal if the file is no JPEG."""
    file.seek(0)
    if file.read(2) != START_OF_IMAGE:
        raise NotAnOriginal("It is no JPEG.")
    digest = hashlib.sha256()
    marker = None
    while marker != START_OF_SCAN:
        head = file.read(4)
        length = int.from_bytes(head[2:], "big")
        # Every segment before the scan has a marker of two bytes and a length that counts its own two bytes.
        if len(head) < 4 or head[0] != 0xFF or length < 2:
            raise NotAnOriginal("It is a JPEG of an unknown layout.")
        marker, content = head[1], file.read(length - 2)
        if marker not in APP_SEGMENTS and marker != COMMENT:
            digest.update(head + content)
    left_bytes = sys.maxsize if end is None else end - file.tell()
    # Further tables can be between scans, and they decide the pixels too.
    while block := file.read(min(BLOCK_BYTES, left_bytes)):
        digest.update(block)
        left_bytes -= len(block)
    return digest


def fill_in_jpeg(file: BinaryIO, reserved: str, pixels_sha256: str) -> None:
    """Replace the placeholder in the comment with the sum."""
    file.seek(0)
    position = file.read(JPEG_HEAD_BYTES).index(reserved.encode())
    file.seek(position)
    file.write(pixels_sha256.encode())


def fill_in_png(file: BinaryIO, reserved: str, pixels_sha256: str) -> None:
    """Replace the placeholder with the sum, and compute the checksum of its chunk again (PNG, section 5.3). Raises
    ValueError if the file has no such placeholder."""
    position = PNG_SIGNATURE_BYTES
    while True:
        file.seek(position)
        length = int.from_bytes(file.read(4), "big")
        chunk = file.read(4 + length)
        if not chunk:
            raise ValueError("Pillow wrote a PNG of an unknown layout")
        if reserved.encode() in chunk:
            break
        position += 4 + len(chunk) + 4
    chunk = chunk.replace(reserved.encode(), pixels_sha256.encode())
    file.seek(position + 4)
    file.write(chunk + zlib.crc32(chunk).to_bytes(4, "big"))
