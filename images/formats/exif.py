"""EXIF 2.32: the fields that cameras write and that every picture program reads. They are the same in JPEG, PNG and
TIFF."""

import struct
from datetime import datetime
from typing import Any

from django.utils.timezone import get_default_timezone

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
from images.record.image import describe_picture, has_density, parse_time, pixel_size_um
from images.record.sums import find_exposure_ms, read_sum

MARK = b"Exif\0\0"
UM_PER_CM = 10_000
CENTIMETRE = 3
MAX_SHORT = 0xFFFF
# Programs show it as one sentence. The record itself holds the whole text.
MAX_DESCRIPTION_LENGTH = 2_000

IMAGE_DESCRIPTION, MAKE, MODEL = 0x010E, 0x010F, 0x0110
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
SOFTWARE, DATE_TIME, ARTIST, EXIF_POINTER = 0x0131, 0x0132, 0x013B, 0x8769
EXPOSURE_TIME, EXIF_VERSION, DATE_TIME_ORIGINAL, DATE_TIME_DIGITIZED = 0x829A, 0x9000, 0x9003, 0x9004
OFFSET_TIME, OFFSET_TIME_ORIGINAL, OFFSET_TIME_DIGITIZED = 0x9010, 0x9011, 0x9012
SUBSEC_TIME, SUBSEC_TIME_ORIGINAL, SUBSEC_TIME_DIGITIZED = 0x9290, 0x9291, 0x9292
COMPOSITE_IMAGE, SOURCE_IMAGE_COUNT, SOURCE_EXPOSURES = 0xA460, 0xA461, 0xA462
# A picture made of several, which the camera took for it.
COMPOSITE = 3
IMAGE_UNIQUE_ID, BODY_SERIAL_NUMBER, LENS_MODEL = 0xA420, 0xA431, 0xA434


def make_exif(record: dict[str, Any]) -> bytes:
    """Return the EXIF block in the form of JPEG: a mark, then a small TIFF."""
    main = [*picture_fields(record), *resolution_fields(record)]
    return MARK + HEADER + HEADER_BYTES.to_bytes(4, "little") + pack_with_exif(main, record, HEADER_BYTES)


def pack_with_exif(main: list[Field], record: dict[str, Any], offset: int) -> bytes:
    """Return the main directory, packed for the position `offset`, followed by the EXIF directory to which it
    points."""
    # The main directory has to hold the position of the EXIF directory, which depends on the main directory's length.
    # So it is packed twice: first with a pointer of 0, to learn the length.
    length = len(pack_directory([*main, long_field(EXIF_POINTER, 0)], offset))
    start = offset + length + length % 2
    first = pack_directory([*main, long_field(EXIF_POINTER, start)], offset)
    return first.ljust(start - offset, b"\0") + pack_directory(exposure_fields(record), start)


def picture_fields(record: dict[str, Any]) -> list[Field]:
    """Return the fields of the main directory: who, when, with which camera. Unknown values are left out."""
    camera = record["camera"]
    texts = {
        IMAGE_DESCRIPTION: describe_picture(record)[:MAX_DESCRIPTION_LENGTH],
        MAKE: camera["vendor"],
        MODEL: camera["model"],
        SOFTWARE: record["software"],
        DATE_TIME: format_exif_time(local_time_of(record)),
        ARTIST: record["user"],
    }
    return [text_field(tag, text) for tag, text in texts.items() if text]


def resolution_fields(record: dict[str, Any]) -> list[Field]:
    """Return the fields with pixels per centimetre of the specimen. If the scale is unknown, there are none: any number
    would be taken for a scale."""
    resolution = resolution_per_cm(record)
    if resolution is None:
        return []
    x, y = resolution
    return [rational_field(X_RESOLUTION, x), rational_field(Y_RESOLUTION, y), short_field(RESOLUTION_UNIT, CENTIMETRE)]


def resolution_per_cm(record: dict[str, Any]) -> tuple[tuple[int, int], tuple[int, int]] | None:
    """Return pixels per centimetre along x and y, as rationals; None if the scale is unknown or does not fit into
    them."""
    size_um = pixel_size_um(record) if has_density(record) else None
    if size_um is None:
        return None
    x, y = (to_rational(UM_PER_CM / one) for one in size_um)
    return None if x is None or y is None else (x, y)


def exposure_fields(record: dict[str, Any]) -> list[Field]:
    """Return the fields of the EXIF directory: the time with sub-seconds and offset, the exposure in seconds, serial
    numbers."""
    moment = local_time_of(record)
    time, milliseconds = format_exif_time(moment), f"{moment.microsecond // 1000:03d}"
    texts = {
        **dict.fromkeys((DATE_TIME_ORIGINAL, DATE_TIME_DIGITIZED), time),
        **dict.fromkeys((OFFSET_TIME, OFFSET_TIME_ORIGINAL, OFFSET_TIME_DIGITIZED), format_offset(moment)),
        **dict.fromkeys((SUBSEC_TIME, SUBSEC_TIME_ORIGINAL, SUBSEC_TIME_DIGITIZED), milliseconds),
        IMAGE_UNIQUE_ID: record["id"].replace("-", ""),
        BODY_SERIAL_NUMBER: record["camera"]["serialNumber"],
        LENS_MODEL: (record.get("objective") or {}).get("name"),
    }
    exposure_s = to_rational((find_exposure_ms(record) or 0) / 1000)
    return [
        Field(EXIF_VERSION, Kind.UNDEFINED, b"0232"),
        *([rational_field(EXPOSURE_TIME, exposure_s)] if exposure_s else []),
        *_composite_fields(record),
        *(text_field(tag, text) for tag, text in texts.items() if text),
    ]


def _composite_fields(record: dict[str, Any]) -> list[Field]:
    """Return the fields of a picture that is made of several frames; none for a single frame."""
    summed = read_sum(record)
    if summed is None:
        return []
    # A field of 16 bits cannot count more frames.
    count = min(summed.frames, MAX_SHORT)
    fields = [short_field(COMPOSITE_IMAGE, COMPOSITE), short_field(SOURCE_IMAGE_COUNT, count, count)]
    total_s = to_rational((summed.total_exposure_ms or 0) / 1000)
    each_s = to_rational((record["actual"]["exposureMs"] or 0) / 1000)
    if total_s is None or each_s is None:
        return fields
    # From the first to the last, of all, of those that were used; then the longest and the shortest of both.
    times = rational_field(SOURCE_EXPOSURES, total_s, total_s, total_s, each_s, each_s, each_s, each_s).content
    return [*fields, Field(SOURCE_EXPOSURES, Kind.UNDEFINED, times + struct.pack("<H", 0))]


def local_time_of(record: dict[str, Any]) -> datetime:
    """Return the time of the capture in the lab's time zone. Many programs show EXIF's time and ignore its offset."""
    return parse_time(record["capturedAt"]).astimezone(get_default_timezone())


def format_offset(moment: datetime) -> str:
    """Return the offset from UTC in EXIF's form, such as `+01:00`."""
    offset = moment.strftime("%z")
    return f"{offset[:3]}:{offset[3:5]}"


def format_exif_time(moment: datetime) -> str:
    return moment.strftime("%Y:%m:%d %H:%M:%S")
