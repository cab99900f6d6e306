"""JPEG: 8 bits, lossy. The record is in the comment segment; EXIF and XMP hold what other programs look for."""

from typing import Any, BinaryIO

import numpy as np

from camera.frame import to_display
from images.formats.exif import make_exif
from images.formats.guarded_reading import (
    Source,
    name_of,
    open_file,
    read_header,
    read_picture,
    require_size_of_record,
)
from images.formats.jpeg_strips import END_OF_IMAGE, save_jpeg
from images.formats.pixel_sum import OF_CODED_DATA, fill_in_jpeg, reserve_sum, sum_coded_data
from images.formats.xmp import make_xmp
from images.record.image import dump_record, load_record

# The most that one segment holds (T.81, section B.1.1.4).
MAX_COMMENT_BYTES = 65_533
SUM_OF = OF_CODED_DATA


def bits_of(pixels: np.ndarray) -> int:
    return 8


def write(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any], quality: int) -> None:
    display = to_display(pixels, record["actual"]["significantBits"])
    # The sum is of the coded pixels, which exist only after encoding; the record is written before them. So a
    # placeholder of the same length is written first, and replaced afterwards.
    reserved = reserve_sum(record, SUM_OF)
    record["pixels"]["sha256"] = save_jpeg(file, display, quality, lambda: make_texts(record))
    fill_in_jpeg(file, reserved, record["pixels"]["sha256"])


def read_record(source: Source) -> dict[str, Any]:
    """Read the head of the file, and check that its end is there too."""
    info, size = read_header(source, "JPEG", END_OF_IMAGE)
    record = load_record(info.get("comment", b"").decode("utf-8", "replace"), name_of(source))
    require_size_of_record(record, *size, name_of(source))
    return record


def read_pixels(source: Source) -> np.ndarray:
    return read_picture(source, "JPEG", END_OF_IMAGE)


def sum_pixels(source: Source) -> str:
    with open_file(source) as file:
        return sum_coded_data(file).hexdigest()


PIXEL_SUMS = {SUM_OF: sum_pixels}


def make_texts(record: dict[str, Any]) -> dict[str, bytes]:
    """Return the metadata as options of Pillow."""
    return {"exif": make_exif(record), "xmp": make_xmp(record), "comment": make_comment(record)}


def make_comment(record: dict[str, Any]) -> bytes:
    """Return the record as bytes for the comment segment. ASCII is preferred; a record that is too long for the segment
    is in UTF-8, where a note in a non-Latin script takes half the bytes."""
    escaped = dump_record(record).encode("ascii")
    return escaped if len(escaped) <= MAX_COMMENT_BYTES else dump_record(record, is_ascii=False).encode("utf-8")
