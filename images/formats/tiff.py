"""OME-TIFF: everything the sensor gave, lossless, values neither shifted nor stretched. The record stands in the
OME-XML; resolution, EXIF and XMP say to other programs what they look for. Any TIFF reader opens it."""

import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from django.conf import settings
from tifffile import FileHandle, TiffWriter

from images.errors import NotAnOriginal
from images.formats import exif
from images.formats.ome import find_record, make_ome
from images.formats.tiff_directory import (
    Field,
    Kind,
    point_to_first_directory,
    read_directory,
    read_first_directory,
    short_field,
)
from images.formats.tiff_strips import demand_layout, locate_strips, read_strips
from images.formats.whole import demand_end, demand_size_of_record, open_file, short_write
from images.formats.xmp import make_xmp
from images.record import bits_held

DESCRIPTION, MAX_SAMPLE_VALUE, XMP = 270, 281, 700
# The library writes one pixel in one of no unit. ImageJ would take that for a calibration in a unit of no name.
RESOLUTION = {exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.RESOLUTION_UNIT}
COMPRESSIONS: dict[str, dict[str, Any]] = {
    "none": {},
    # zlib's fastest, and no predictor: older ImageJ undoes that for LZW only.
    "zlib": {"compression": "zlib", "compressionargs": {"level": 1}, "predictor": False},
}
COLOUR, MONO = {"photometric": "rgb", "planarconfig": "contig"}, {"photometric": "minisblack"}


def bits_of(pixels: np.ndarray) -> int:
    return 8 * pixels.dtype.itemsize


def write(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any], quality: int) -> None:
    _write_pixels(file, pixels)
    layout = [field for tag, field in _read_layout(file).items() if tag not in RESOLUTION]
    _append_directory(file, [*layout, *_make_fields(record)], record)


def read_record(path: Path) -> dict[str, Any]:
    """Reads the head of the file and makes sure that all it points to is there too."""
    return _read(path, _find_record)


def read_pixels(path: Path) -> np.ndarray:
    return _read(path, read_strips)


def _write_pixels(file: BinaryIO, pixels: np.ndarray) -> None:
    """A plain TIFF. numpy writes the array itself, into the file's descriptor, and other threads run meanwhile."""
    kind: dict[str, Any] = COLOUR if pixels.ndim == 3 else MONO
    try:
        with TiffWriter(FileHandle(file, name="picture"), byteorder="<", bigtiff=False, ome=False) as tiff:
            tiff.write(pixels, metadata=None, software=False, **kind, **COMPRESSIONS[settings.TIFF_COMPRESSION])
    except OSError as problem:
        if problem.errno is None:
            raise short_write() from problem  # numpy tells how much was written, and not why no more
        raise


def _make_fields(record: dict[str, Any]) -> list[Field]:
    """What the record says in the words of TIFF."""
    largest = 2 ** bits_held(record) - 1
    return [
        *(field for field in exif.picture_fields(record) if field.tag != DESCRIPTION),
        *exif.resolution_fields(record),
        Field(DESCRIPTION, Kind.ASCII, make_ome(record) + b"\0"),
        Field(XMP, Kind.BYTE, make_xmp(record)),
        short_field(MAX_SAMPLE_VALUE, *[largest] * (3 if record["image"]["isColour"] else 1)),
    ]


def _append_directory(file: BinaryIO, fields: list[Field], record: dict[str, Any]) -> None:
    """Behind the pixels, in the place of the library's own: so whatever is cut from the file is missed."""
    end = file.seek(0, 2)
    start = end + end % 2
    directory = exif.pack_with_exif(fields, record, start)
    file.write(bytes(start - end) + directory)
    point_to_first_directory(file, start)
    demand_end(file, directory)


def _read_layout(file: BinaryIO) -> dict[int, Field]:
    """Of the pixels that were just written. Raises OSError where not all of them are in the file: what the C library
    kept back in its buffer, numpy does not miss when the disk has no room for it."""
    try:
        fields = read_first_directory(file)
        locate_strips(file, fields)
        return fields
    except NotAnOriginal as problem:
        raise short_write() from problem


def _find_record(file: BinaryIO, fields: dict[int, Field]) -> dict[str, Any]:
    record = find_record(fields[DESCRIPTION].content)
    (height, width, *_), _ = demand_layout(file, fields)
    demand_size_of_record(record, width, height)
    return record


def _read(path: Path, find: Callable[[BinaryIO, dict[int, Field]], Any]) -> Any:
    """What `find` finds in a file of which every part is there."""
    with open_file(path) as file:
        try:
            fields = read_first_directory(file)
            locate_strips(file, fields)
            read_directory(file, *fields[exif.EXIF_POINTER].numbers)
            return find(file, fields)
        except (NotAnOriginal, KeyError, ValueError, TypeError, zlib.error) as problem:
            raise NotAnOriginal(f"{path.name} is no TIFF of this program: {problem}") from problem
