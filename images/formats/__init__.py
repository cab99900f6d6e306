"""File formats: pixels and record to bytes, and back. One module each; this table is all that the rest sees."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from camera.frame import Frame
from images.formats import jpeg, png
from images.record import Encoding


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """`write(file, frame, record, quality)` writes into a real file, so that other threads run meanwhile, and
    leaves it open. `read_record(path)` raises NotAnOriginal, or OSError where the file cannot be read. `bits` says
    how deep a frame is kept."""

    name: str
    extension: str
    content_type: str
    has_quality: bool
    bits: Callable[[Frame], int]
    write: Callable[[BinaryIO, Frame, dict[str, Any], int], None]
    read_record: Callable[[Path], dict[str, Any]]

    def encoding_of(self, frame: Frame, quality: int) -> Encoding:
        return Encoding(self.name, self.bits(frame), quality if self.has_quality else None)


FORMATS = {
    "jpg": ImageFormat("jpg", ".jpg", "image/jpeg", True, jpeg.bits_of, jpeg.write, jpeg.read_record),
    "png": ImageFormat("png", ".png", "image/png", False, png.bits_of, png.write, png.read_record),
}


def format_of(path: Path) -> ImageFormat | None:
    """The format by the file's extension; None for a file that can be none of ours."""
    return next((known for known in FORMATS.values() if path.suffix == known.extension), None)
