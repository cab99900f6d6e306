"""Whole files: what was written has its end on the disk, and what is read back has it too."""

import errno
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from images.errors import NotAnOriginal


def demand_end(file: BinaryIO, end: bytes) -> None:
    """Raise OSError where the file on disk does not end so. On a disk that fills up while it writes straight into a
    file descriptor, Pillow takes the part that was written for the whole and says nothing."""
    if not _ends_with(file, end):
        raise OSError(errno.ENOSPC, "The disk took only a part of the picture")


def read_header(path: Path, format_name: str, end: bytes) -> dict[Any, Any]:
    """What Pillow finds in the file's head. Raises NotAnOriginal for a damaged, cut or foreign file, and OSError where
    the file could not be read at all."""
    with path.open("rb") as file:
        if not _ends_with(file, end):
            raise NotAnOriginal(f"{path.name} ends too early.")
        file.seek(0)
        try:
            with Image.open(file, formats=[format_name]) as image:
                return image.info
        except (OSError, ValueError, Image.DecompressionBombError) as problem:
            if getattr(problem, "errno", None):
                raise  # the system's error: it says nothing of the file
            raise NotAnOriginal(f"{path.name} is no readable {format_name}.") from problem


def _ends_with(file: BinaryIO, end: bytes) -> bool:
    size = file.seek(0, 2)
    file.seek(max(size - len(end), 0))
    return file.read() == end
