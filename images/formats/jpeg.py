"""JPEG: eight bits, lossy; the record stands in the comment segment, and EXIF says what other programs look for."""

from pathlib import Path
from typing import Any, BinaryIO

from PIL import ExifTags, Image

from camera.frame import Frame, to_display
from images.formats.jpeg_strips import END_OF_IMAGE, save_jpeg
from images.formats.whole import read_header
from images.record import dump_record, load_record, parse_time

# What one segment can hold (T.81, section B.1.1.4).
MOST_COMMENT_BYTES = 65_533


def bits_of(frame: Frame) -> int:
    return 8


def write(file: BinaryIO, frame: Frame, record: dict[str, Any], quality: int) -> None:
    display = to_display(frame.pixels, frame.descriptor.significant_bits)
    save_jpeg(file, display, quality=quality, exif=make_exif(record), comment=make_comment(record))


def read_record(path: Path) -> dict[str, Any]:
    """Reads the head of the file and makes sure that its end is there too."""
    comment = read_header(path, "JPEG", END_OF_IMAGE).get("comment", b"")
    return load_record(comment.decode("utf-8", "replace"))


def make_comment(record: dict[str, Any]) -> bytes:
    """The record; a long note in another script than ours takes half the bytes as UTF-8."""
    escaped = dump_record(record).encode("ascii")
    return escaped if len(escaped) <= MOST_COMMENT_BYTES else dump_record(record, is_ascii=False).encode("utf-8")


def make_exif(record: dict[str, Any]) -> Image.Exif:
    """EXIF 2.32 tags: times with sub-seconds and offset, exposure in seconds, camera."""
    moment = parse_time(record["capturedAt"])
    camera, place = record["camera"], ExifTags.Base
    exif = Image.Exif()
    exif[place.Make] = _ascii(camera["vendor"])
    exif[place.Model] = _ascii(camera["model"])
    exif[place.Software] = record["software"]
    exif[place.DateTime] = moment.strftime("%Y:%m:%d %H:%M:%S")
    exif[place.Artist] = _ascii(record["user"])
    if record["simulated"]:
        exif[place.ImageDescription] = "SIMULATED: drawn by a program, no data"
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {
            place.ExposureTime: record["actual"]["exposureMs"] / 1000,
            place.DateTimeOriginal: moment.strftime("%Y:%m:%d %H:%M:%S"),
            place.SubsecTimeOriginal: f"{moment.microsecond // 1000:03d}",
            place.OffsetTimeOriginal: "+00:00",
            place.BodySerialNumber: _ascii(camera["serialNumber"]),
            place.ImageUniqueID: record["id"].replace("-", ""),
        }
    )
    return exif


def _ascii(text: str) -> str:
    """EXIF's texts are ASCII; the record itself keeps every character."""
    return text.encode("ascii", "replace").decode("ascii")
