"""Whole files: what was written has its end on the disk, and what is read back has it too, and fits into memory."""

import errno
import io
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from images.errors import NotAnOriginal

# Twice what any camera gives that this program knows; a file that claims more is a bomb, or damaged.
MOST_PIXELS = 100_000_000
MOST_BYTES_OF_PIXEL = 6
# Plain pixels, and as much again for whatever surrounds them.
MOST_FILE_BYTES = 2 * MOST_BYTES_OF_PIXEL * MOST_PIXELS
# What says something of a picture, before its pixels.
MOST_HEAD_BYTES = 4_000_000


def demand_end(file: BinaryIO, end: bytes) -> None:
    """Raise OSError where the file on disk does not end so. On a disk that fills up while it writes straight into a
    file descriptor, Pillow takes the part that was written for the whole and says nothing."""
    if not _ends_with(file, end):
        raise short_write()


def short_write() -> OSError:
    return OSError(errno.ENOSPC, "The disk took only a part of the picture")


def demand_size(width: int, height: int) -> None:
    """Raise NotAnOriginal for a picture of no size, or of one that would fill the memory."""
    if not 0 < width * height <= MOST_PIXELS:
        raise NotAnOriginal(f"It claims to be {width} x {height} pixels large.")


def demand_size_of_record(record: dict[str, Any], width: int, height: int, name: str = "It") -> None:
    """Raise NotAnOriginal for a picture that is not as large as its record says."""
    said = record.get("image")
    if not isinstance(said, dict) or (said.get("width"), said.get("height")) != (width, height):
        raise NotAnOriginal(f"{name} is {width} x {height} pixels large, and its record says otherwise.")


def open_file(path: Path) -> BinaryIO:
    """The file, open for reading. Raises NotAnOriginal for what is none, or is larger than any picture: reading it
    would take for ever."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise NotAnOriginal(f"{path.name} is no file.")
    if status.st_size > MOST_FILE_BYTES:
        raise NotAnOriginal(f"{path.name} is larger than any picture, with {status.st_size} bytes.")
    return path.open("rb")


class Sparing(io.BufferedReader):
    """A file of which no more is read than a picture can need: its parts may be as long as they like to say."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(io.FileIO(file.fileno(), closefd=False))
        self._left_bytes = MOST_HEAD_BYTES

    def allow(self, picture: Image.Image) -> None:
        """Its pixels besides: compressed ones can take somewhat more than plain ones."""
        width, height = picture.size
        self._left_bytes += 2 * MOST_BYTES_OF_PIXEL * width * height

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(self._left_bytes + 1 if size is None or size < 0 else size)
        self._left_bytes -= len(content)
        if self._left_bytes < 0:
            raise NotAnOriginal("It holds more than a picture of its size can.")
        return content


def read_header(path: Path, format_name: str, end: bytes) -> tuple[dict[Any, Any], tuple[int, int]]:
    """What Pillow finds in the file's head, and width and height. Raises NotAnOriginal for a damaged, cut or foreign
    file, and OSError where the file could not be read at all."""
    with _opening(path, format_name, end) as picture:
        return picture.info, picture.size


def read_picture(path: Path, format_name: str, end: bytes) -> np.ndarray:
    """The file's pixels. Raises as `read_header`."""
    with _opening(path, format_name, end) as picture:
        return np.asarray(picture)


def read_reduced(path: Path, format_name: str, end: bytes, least_px: int) -> Image.Image:
    """The picture, smaller where that is faster, but not below `least_px`. Raises as `read_header`."""
    with _opening(path, format_name, end) as picture:
        picture.draft(None, (least_px, least_px))
        picture.load()
        return picture.copy()


@contextmanager
def _opening(path: Path, format_name: str, end: bytes) -> Iterator[Image.Image]:
    with open_file(path) as file:
        if not _ends_with(file, end):
            raise NotAnOriginal(f"{path.name} ends too early.")
        file.seek(0)
        sparing = Sparing(file)
        try:
            with Image.open(sparing, formats=[format_name]) as picture:
                demand_size(*picture.size)
                if picture.info.get("progressive"):
                    raise NotAnOriginal(f"{path.name} is progressive: it could hold any number of pictures.")
                sparing.allow(picture)
                yield picture
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
            if getattr(problem, "errno", None):
                raise  # the system's error: it says nothing of the file
            raise NotAnOriginal(f"{path.name} is no readable {format_name}.") from problem


def _ends_with(file: BinaryIO, end: bytes) -> bool:
    size = file.seek(0, 2)
    file.seek(max(size - len(end), 0))
    return file.read() == end
