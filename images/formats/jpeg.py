"""JPEG: eight bits, lossy; the record stands in the comment segment, EXIF and XMP say what other programs look for."""

from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from camera.frame import to_display
from images.formats.exif import make_exif
from images.formats.jpeg_strips import END_OF_IMAGE, save_jpeg
from images.formats.whole import demand_size_of_record, read_header, read_picture
from images.formats.xmp import make_xmp
from images.record import dump_record, load_record

# What one segment can hold (T.81, section B.1.1.4).
MOST_COMMENT_BYTES = 65_533


def bits_of(pixels: np.ndarray) -> int:
    return 8


def write(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any], quality: int) -> None:
    display = to_display(pixels, record["actual"]["significantBits"])
    texts = {"exif": make_exif(record), "xmp": make_xmp(record), "comment": make_comment(record)}
    save_jpeg(file, display, quality=quality, **texts)


def read_record(path: Path) -> dict[str, Any]:
    """Reads the head of the file and makes sure that its end is there too."""
    info, size = read_header(path, "JPEG", END_OF_IMAGE)
    record = load_record(info.get("comment", b"").decode("utf-8", "replace"), path.name)
    demand_size_of_record(record, *size, path.name)
    return record


def read_pixels(path: Path) -> np.ndarray:
    return read_picture(path, "JPEG", END_OF_IMAGE)


def make_comment(record: dict[str, Any]) -> bytes:
    """The record; a long note in another script than ours takes half the bytes as UTF-8."""
    escaped = dump_record(record).encode("ascii")
    return escaped if len(escaped) <= MOST_COMMENT_BYTES else dump_record(record, is_ascii=False).encode("utf-8")
