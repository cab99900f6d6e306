"""EXIF 2.32: what cameras write and every picture program reads. The same fields for JPEG, PNG and TIFF."""

from datetime import datetime
from typing import Any

from images.formats.tiff_directory import (
    HEADER,
    HEADER_BYTES,
    Field,
    Kind,
    long_field,
    pack_directory,
    rational_field,
    short_field,
    text_field,
    to_rational,
)
from images.record import describe_picture, parse_time, pixel_size_um

MARK = b"Exif\0\0"
UM_PER_CM = 10_000
CENTIMETRE = 3
# What shows as a sentence need not be longer; the record itself has all of it.
LONGEST_DESCRIPTION = 2_000

IMAGE_DESCRIPTION, MAKE, MODEL = 0x010E, 0x010F, 0x0110
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
SOFTWARE, DATE_TIME, ARTIST, EXIF_POINTER = 0x0131, 0x0132, 0x013B, 0x8769
EXPOSURE_TIME, EXIF_VERSION, DATE_TIME_ORIGINAL, DATE_TIME_DIGITIZED = 0x829A, 0x9000, 0x9003, 0x9004
OFFSET_TIME, OFFSET_TIME_ORIGINAL, OFFSET_TIME_DIGITIZED = 0x9010, 0x9011, 0x9012
SUBSEC_TIME, SUBSEC_TIME_ORIGINAL, SUBSEC_TIME_DIGITIZED = 0x9290, 0x9291, 0x9292
IMAGE_UNIQUE_ID, BODY_SERIAL_NUMBER, LENS_MODEL = 0xA420, 0xA431, 0xA434


def make_exif(record: dict[str, Any]) -> bytes:
    """All of it, as JPEG holds it: a small TIFF behind a mark."""
    main = [*picture_fields(record), *resolution_fields(record)]
    return MARK + HEADER + HEADER_BYTES.to_bytes(4, "little") + pack_with_exif(main, record, HEADER_BYTES)


def pack_with_exif(main: list[Field], record: dict[str, Any], offset: int) -> bytes:
    """A main directory that stands at `offset`, and the EXIF directory that it points to behind it."""
    length = len(pack_directory([*main, long_field(EXIF_POINTER, 0)], offset))
    start = offset + length + length % 2
    first = pack_directory([*main, long_field(EXIF_POINTER, start)], offset)
    return first.ljust(start - offset, b"\0") + pack_directory(exposure_fields(record), start)


def picture_fields(record: dict[str, Any]) -> list[Field]:
    """Those of the main directory: who, when, with what. No field where nothing is known."""
    camera = record["camera"]
    texts = {
        IMAGE_DESCRIPTION: describe_picture(record)[:LONGEST_DESCRIPTION],
        MAKE: camera["vendor"],
        MODEL: camera["model"],
        SOFTWARE: record["software"],
        DATE_TIME: format_exif_time(parse_time(record["capturedAt"])),
        ARTIST: record["user"],
    }
    return [text_field(tag, text) for tag, text in texts.items() if text]


def resolution_fields(record: dict[str, Any]) -> list[Field]:
    """Pixels in a centimetre of the specimen. None at all where the scale is unknown: any could be taken for one."""
    resolution = resolution_per_cm(record)
    if resolution is None:
        return []
    x, y = resolution
    return [rational_field(X_RESOLUTION, x), rational_field(Y_RESOLUTION, y), short_field(RESOLUTION_UNIT, CENTIMETRE)]


def resolution_per_cm(record: dict[str, Any]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Pixels in a centimetre along x and y, as rationals; None where the scale is unknown or none that they hold."""
    size_um = pixel_size_um(record)
    if size_um is None:
        return None
    x, y = (to_rational(UM_PER_CM / one) for one in size_um)
    return None if x is None or y is None else (x, y)


def exposure_fields(record: dict[str, Any]) -> list[Field]:
    """Those of the EXIF directory: the moment with sub-seconds and offset, exposure in seconds, serial numbers."""
    moment = parse_time(record["capturedAt"])
    time, milliseconds = format_exif_time(moment), f"{moment.microsecond // 1000:03d}"
    texts = {
        **dict.fromkeys((DATE_TIME_ORIGINAL, DATE_TIME_DIGITIZED), time),
        **dict.fromkeys((OFFSET_TIME, OFFSET_TIME_ORIGINAL, OFFSET_TIME_DIGITIZED), "+00:00"),
        **dict.fromkeys((SUBSEC_TIME, SUBSEC_TIME_ORIGINAL, SUBSEC_TIME_DIGITIZED), milliseconds),
        IMAGE_UNIQUE_ID: record["id"].replace("-", ""),
        BODY_SERIAL_NUMBER: record["camera"]["serialNumber"],
        LENS_MODEL: (record.get("objective") or {}).get("name"),
    }
    exposure_s = to_rational((record["actual"]["exposureMs"] or 0) / 1000)
    return [
        Field(EXIF_VERSION, Kind.UNDEFINED, b"0232"),
        *([rational_field(EXPOSURE_TIME, exposure_s)] if exposure_s else []),
        *(text_field(tag, text) for tag, text in texts.items() if text),
    ]


def format_exif_time(moment: datetime) -> str:
    return moment.strftime("%Y:%m:%d %H:%M:%S")
