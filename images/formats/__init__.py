"""File formats: pixels and record to bytes, and back. One module each; this table is all that the rest sees."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from images.formats import jpeg, png, tiff
from images.record import Encoding


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """`write(file, pixels, record, quality)` writes into a real file, so that other threads run meanwhile, and leaves
    it open; pixels as `camera.frame.Frame` has them, as deep as the record says. `read_record(path)` gives back what
    was written, and `read_pixels(path)` the pixels as deep as they were kept, justified to the right; both raise
    NotAnOriginal, or OSError where the file cannot be read. `bits` says how deep such pixels are kept."""

    name: str
    extension: str
    content_type: str
    has_quality: bool
    bits: Callable[[np.ndarray], int]
    write: Callable[[BinaryIO, np.ndarray, dict[str, Any], int], None]
    read_record: Callable[[Path], dict[str, Any]]
    read_pixels: Callable[[Path], np.ndarray]

    def encoding_of(self, pixels: np.ndarray, quality: int) -> Encoding:
        return Encoding(self.name, self.bits(pixels), quality if self.has_quality else None)


FORMATS = {
    "jpg": ImageFormat("jpg", ".jpg", "image/jpeg", True, jpeg.bits_of, jpeg.write, jpeg.read_record, jpeg.read_pixels),
    "png": ImageFormat("png", ".png", "image/png", False, png.bits_of, png.write, png.read_record, png.read_pixels),
    "tiff": ImageFormat(
        "tiff", ".ome.tif", "image/tiff", False, tiff.bits_of, tiff.write, tiff.read_record, tiff.read_pixels
    ),
}


def format_of(path: Path) -> ImageFormat | None:
    """The format by the file's extension; None for a file that can be none of ours."""
    return next((known for known in FORMATS.values() if path.name.endswith(known.extension)), None)
