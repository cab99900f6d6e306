"""OME-TIFF: every value as the sensor gave it, lossless, neither shifted nor stretched. The record is in the OME-XML;
resolution, EXIF and XMP hold what other programs look for. Any TIFF reader opens the file."""

import zlib
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from django.conf import settings

from images.errors import NotAnOriginal
from images.formats import exif
from images.formats.guarded_reading import (
    Source,
    name_of,
    open_file,
    require_end,
    require_size_of_record,
    write_whole,
)
from images.formats.ome import find_record, make_ome
from images.formats.pixel_sum import OF_HEAD_AND_VALUES, OF_VALUES, sum_beside, sum_values
from images.formats.tiff_directory import (
    Field,
    Kind,
    long_field,
    point_to_first_directory,
    read_directory,
    read_first_directory,
    short_field,
)
from images.formats.tiff_plain import (
    begin_sum,
    find_directory_offset,
    in_file_order,
    layout_fields,
    make_head,
    sum_head_and_values,
)
from images.formats.tiff_strips import locate_strips, read_strips, require_layout
from images.formats.xmp import make_xmp
from images.record.image import bits_held

DESCRIPTION, MAX_SAMPLE_VALUE, MAX_DEEP_SAMPLE_VALUE, XMP = 270, 281, 341, 700
# The library writes a resolution of 1 pixel per unit, without a unit. ImageJ would take that for a calibration.
RESOLUTION = {exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.RESOLUTION_UNIT}
SUM_OF = OF_HEAD_AND_VALUES
# zlib's fastest level. No predictor, because older versions of ImageJ undo it for LZW only.
ZLIB: dict[str, Any] = {"compression": "zlib", "compressionargs": {"level": 1}, "predictor": False}
COLOUR, MONO = {"photometric": "rgb", "planarconfig": "contig"}, {"photometric": "minisblack"}


def bits_of(pixels: np.ndarray) -> int:
    return 8 * pixels.dtype.itemsize


def write(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any], quality: int) -> str | None:
    if settings.TIFF_COMPRESSION == "none":
        return _write_plain(file, pixels, record)
    _write_compressed(file, pixels, record)
    return None


def read_record(source: Source) -> dict[str, Any]:
    """Read the head of the file, and check that everything it points to is there too."""
    return _read(source, _find_record)


def read_pixels(source: Source) -> np.ndarray:
    return _read(source, read_strips)


# Older files carry the sum of the values alone.
PIXEL_SUMS: dict[str, Callable[[Source], str]] = {
    SUM_OF: lambda source: sum_head_and_values(read_pixels(source)),
    OF_VALUES: lambda source: sum_values(read_pixels(source)),
}


def _write_plain(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any]) -> str:
    """The file is laid out in memory and then written front to back, so its sum is known without reading it."""
    digest = begin_sum(pixels)
    record["pixels"] = {"sha256": digest.hexdigest(), "of": SUM_OF}
    start = find_directory_offset(pixels)
    directory = exif.pack_with_exif([*layout_fields(pixels), *_make_fields(record)], record, start)
    tail = bytes(pixels.nbytes % 2) + directory
    digest.update(tail)
    write_whole(file, make_head(pixels), in_file_order(pixels), tail)
    return digest.hexdigest()


def _write_compressed(file: BinaryIO, pixels: np.ndarray, record: dict[str, Any]) -> None:
    summing = sum_beside(pixels, sum_head_and_values)
    _compress_pixels(file, pixels)
    layout = [field for tag, field in read_first_directory(file).items() if tag not in RESOLUTION]
    record["pixels"] = {"sha256": summing.result(), "of": SUM_OF}
    _append_directory(file, [*layout, *_make_fields(record)], record)


def _compress_pixels(file: BinaryIO, pixels: np.ndarray) -> None:
    """Write a TIFF with the pixels alone."""
    # Imported where it is used: it takes 2 MB, and by default nothing is compressed.
    from tifffile import FileHandle, TiffWriter

    kind: dict[str, Any] = COLOUR if pixels.ndim == 3 else MONO
    with TiffWriter(FileHandle(file, name="picture"), byteorder="<", bigtiff=False, ome=False) as tiff:
        tiff.write(pixels, metadata=None, software=False, **kind, **ZLIB)


def _make_fields(record: dict[str, Any]) -> list[Field]:
    """Return the record's values as TIFF fields."""
    samples = 3 if record["image"]["isColour"] else 1
    return [
        *(field for field in exif.picture_fields(record) if field.tag != DESCRIPTION),
        *exif.resolution_fields(record),
        Field(DESCRIPTION, Kind.ASCII, make_ome(record) + b"\0"),
        Field(XMP, Kind.BYTE, make_xmp(record)),
        _make_largest([2 ** bits_held(record) - 1] * samples),
    ]


def _make_largest(values: list[int]) -> Field:
    """Return the field with the largest possible value of each sample. The usual one holds 16 bits only."""
    if max(values) < 2**16:
        return short_field(MAX_SAMPLE_VALUE, *values)
    return long_field(MAX_DEEP_SAMPLE_VALUE, *values)


def _append_directory(file: BinaryIO, fields: list[Field], record: dict[str, Any]) -> None:
    """Write the directory behind the pixels, and use it instead of the library's own. So the directory is the end of
    the file, and a file that was cut at any place is noticed."""
    end = file.seek(0, 2)
    # TIFF 6.0, section 2: directories begin at an even offset.
    start = end + end % 2
    directory = exif.pack_with_exif(fields, record, start)
    file.write(bytes(start - end) + directory)
    point_to_first_directory(file, start)
    require_end(file, directory)


def _find_record(file: BinaryIO, fields: dict[int, Field]) -> dict[str, Any]:
    record = find_record(fields[DESCRIPTION].content)
    (height, width, *_), _ = require_layout(file, fields)
    require_size_of_record(record, width, height)
    return record


def _read(source: Source, find: Callable[[BinaryIO, dict[int, Field]], Any]) -> Any:
    """Return the result of `find` for a file, after checking that every part of it is there."""
    with open_file(source) as file:
        try:
            fields = read_first_directory(file)
            locate_strips(file, fields)
            read_directory(file, *fields[exif.EXIF_POINTER].numbers)
            return find(file, fields)
        except (NotAnOriginal, KeyError, ValueError, TypeError, zlib.error) as problem:
            raise NotAnOriginal(f"{name_of(source)} is no TIFF of this program: {problem}") from problem
