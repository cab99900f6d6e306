"""File formats: they turn pixels and record into a file, and back. Each has its module; all other code uses only the
table FORMATS."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any, BinaryIO

import numpy as np

from images.formats import jpeg, png, tiff
from images.formats.guarded_reading import Source
from images.record.image import Encoding


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """One file format.

    `write(file, pixels, record, quality)` writes into a real file, so that other threads run meanwhile, and leaves it
    open. `pixels` are those of `camera.frame.Frame`, with the significant bits of the record. It returns the SHA-256 of
    the file, or None if only reading the file can tell. `write` also puts the sum of the pixels into the record;
    `sum_of` says what is summed, and `pixel_sums[of](source)` computes it again, also as older files have it.
    `read_record(source)` returns the record of a path or an open file, and `read_pixels(source)` its pixels with the
    bits that were saved, right-justified. Both raise NotAnOriginal, or OSError if the file cannot be read.
    `bits(pixels)` returns how many bits per value the file holds. `has_quality`: the format is lossy. `signatures`: the
    possible first bytes of its files.
    """

    name: str
    extension: str
    content_type: str
    has_quality: bool
    is_shown_by_browsers: bool
    signatures: tuple[bytes, ...]
    bits: Callable[[np.ndarray], int]
    write: Callable[[BinaryIO, np.ndarray, dict[str, Any], int], str | None]
    read_record: Callable[[Source], dict[str, Any]]
    read_pixels: Callable[[Source], np.ndarray]
    sum_of: str
    pixel_sums: Mapping[str, Callable[[Source], str]]

    def encoding_of(self, pixels: np.ndarray, quality: int) -> Encoding:
        return Encoding(self.name, self.bits(pixels), quality if self.has_quality else None)


def _make(
    module: ModuleType,
    name: str,
    extension: str,
    content_type: str,
    *signatures: bytes,
    has_quality: bool = False,
    is_shown_by_browsers: bool = True,
) -> ImageFormat:
    """Return the format that a module of this room writes and reads."""
    functions = (module.bits_of, module.write, module.read_record, module.read_pixels)
    fields = (name, extension, content_type, has_quality, is_shown_by_browsers, signatures)
    return ImageFormat(*fields, *functions, module.SUM_OF, module.PIXEL_SUMS)


FORMATS = {
    known.name: known
    for known in (
        _make(jpeg, "jpg", ".jpg", "image/jpeg", b"\xff\xd8\xff", has_quality=True),
        _make(png, "png", ".png", "image/png", b"\x89PNG"),
        _make(tiff, "tiff", ".ome.tif", "image/tiff", b"II*\0", b"MM\0*", is_shown_by_browsers=False),
    )
}


def format_of(filename: str) -> ImageFormat | None:
    """Return the format by the file's extension; None for any other extension."""
    return next((known for known in FORMATS.values() if filename.endswith(known.extension)), None)
