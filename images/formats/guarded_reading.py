"""Guards for image files. A file that was written must be complete on disk. A file that is read must be complete and
must fit into memory."""

import errno
import io
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from images.errors import NotAnOriginal

# Twice the pixels of the largest known camera. A file that claims more is damaged, or a decompression bomb.
MAX_PIXELS = 100_000_000
MAX_BYTES_OF_PIXEL = 6
# Uncompressed pixels, and the same again for everything around them, or for the sums of frames.
MAX_FILE_BYTES = 2 * MAX_BYTES_OF_PIXEL * MAX_PIXELS
# For the metadata in front of the pixels.
MAX_HEAD_BYTES = 4_000_000


def require_end(file: BinaryIO, end: bytes) -> None:
    """Raise OSError if the file on disk does not end with these bytes. Pillow writes straight into the file descriptor;
    if the disk becomes full meanwhile, it raises nothing and leaves a part of the picture."""
    if not _ends_with(file, end):
        raise short_write()


def write_whole(file: BinaryIO, *parts: bytes | memoryview) -> None:
    """Write the parts one after the other, as all that the file holds. Raises OSError if the disk took less.

    It is one call to the operating system, if it has one for that: in a burst, several threads write, and after each
    call a thread waits for its turn to run Python."""
    if sys.platform == "win32":
        for part in parts:
            file.write(part)
        require_end(file, bytes(parts[-1]))
    elif os.writev(file.fileno(), parts) < sum(map(len, parts)):
        raise short_write()


def short_write() -> OSError:
    return OSError(errno.ENOSPC, "The disk took only a part of the picture")


def require_size(width: int, height: int) -> None:
    """Raise NotAnOriginal if the picture has no pixels, or so many that they would fill the memory."""
    if not 0 < width * height <= MAX_PIXELS:
        raise NotAnOriginal(f"It claims to be {width} x {height} pixels large.")


def require_size_of_record(record: dict[str, Any], width: int, height: int, name: str = "It") -> None:
    """Raise NotAnOriginal if the picture does not have the size that its record states."""
    said = record.get("image")
    if not isinstance(said, dict) or (said.get("width"), said.get("height")) != (width, height):
        raise NotAnOriginal(f"{name} is {width} x {height} pixels large, and its record says otherwise.")


# A picture is read from a path, or from a file that is open already. An open file stays open.
Source = Path | BinaryIO


def open_file(source: Source) -> BinaryIO:
    """Open the file for reading. Raises NotAnOriginal if it is no regular file, or larger than any picture."""
    status = source.stat() if isinstance(source, Path) else os.fstat(source.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise NotAnOriginal(f"{name_of(source)} is no file.")
    if status.st_size > MAX_FILE_BYTES:
        raise NotAnOriginal(f"{name_of(source)} is larger than any picture, with {status.st_size} bytes.")
    # `dup` gives this reader a file object of its own, so that closing it leaves the caller's file open.
    return source.open("rb") if isinstance(source, Path) else os.fdopen(os.dup(source.fileno()), "rb")


def name_of(source: Source) -> str:
    return Path(source.name).name


class BoundedReader(io.BufferedReader):
    """A file that refuses to be read further than a picture can need, whatever lengths its parts claim. Raises
    NotAnOriginal then."""

    def __init__(self, file: BinaryIO) -> None:
        super().__init__(io.FileIO(file.fileno(), closefd=False))
        self._left_bytes = MAX_HEAD_BYTES

    def allow(self, picture: Image.Image) -> None:
        """Allow the pixels of this picture too. Compressed pixels can be a little larger than plain ones."""
        width, height = picture.size
        self._left_bytes += 2 * MAX_BYTES_OF_PIXEL * width * height

    def read(self, size: int | None = -1, /) -> bytes:
        # `-1` means all. It is cut to one byte more than is allowed, which is enough to notice a file that is too
        # large.
        content = super().read(self._left_bytes + 1 if size is None or size < 0 else size)
        self._left_bytes -= len(content)
        if self._left_bytes < 0:
            raise NotAnOriginal("It holds more than a picture of its size can.")
        return content


def read_header(source: Source, format_name: str, end: bytes) -> tuple[dict[Any, Any], tuple[int, int]]:
    """Return what Pillow finds in the file's head, and (width, height). Raises NotAnOriginal for a damaged, cut or
    foreign file, and OSError if the file could not be read at all."""
    with _opening(source, format_name, end) as picture:
        return picture.info, picture.size


def read_picture(source: Source, format_name: str, end: bytes) -> np.ndarray:
    """Return the file's pixels. Raises like `read_header`."""
    with _opening(source, format_name, end) as picture:
        return np.asarray(picture)


def read_reduced(source: Source, format_name: str, end: bytes, least_px: int) -> Image.Image:
    """Return the picture, reduced if that is faster, but not below `least_px`. Raises like `read_header`."""
    with _opening(source, format_name, end) as picture:
        # A JPEG decoder can skip detail and reduce by 2, 4 or 8 while it decodes. Other formats ignore this.
        picture.draft(None, (least_px, least_px))
        picture.load()
        return picture.copy()


@contextmanager
def _opening(source: Source, format_name: str, end: bytes) -> Iterator[Image.Image]:
    with open_file(source) as file:
        if not _ends_with(file, end):
            # Pillow reads only the head here, and does not notice a missing end.
            raise NotAnOriginal(f"{name_of(source)} ends too early.")
        file.seek(0)
        sparing = BoundedReader(file)
        try:
            with Image.open(sparing, formats=[format_name]) as picture:
                require_size(*picture.size)
                # Each scan of a progressive JPEG covers the whole picture again, so its decoding time has no limit.
                if picture.info.get("progressive"):
                    raise NotAnOriginal(f"{name_of(source)} is progressive: it could hold any number of pictures.")
                sparing.allow(picture)
                yield picture
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as problem:
            if getattr(problem, "errno", None):
                raise  # an error with errno comes from the disk, and says nothing about the file's content
            raise NotAnOriginal(f"{name_of(source)} is no readable {format_name}.") from problem


def _ends_with(file: BinaryIO, end: bytes) -> bool:
    size = file.seek(0, 2)
    file.seek(max(size - len(end), 0))
    return file.read() == end
