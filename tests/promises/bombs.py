"""Files that are small on the disk but would need vast memory or endless time. Their names and records are those of
images."""

import io
import json
import os
import struct
import uuid
import zlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image as Picture

from images.formats import FORMATS
from images.formats.ome import make_ome
from images.formats.tiff_directory import Field, Kind, long_field, pack_directory, short_field

SIDE = 60_000
GIGABYTE = 1_000_000_000


def lay_bombs(folder: Path, record: dict[str, Any]) -> list[str]:
    """Write one bomb of each kind and return them by name. Each has a record of its own, like the given one, and an old
    modification time, because files that are being written now are no findings."""
    makers = [*BOMBS.items()]
    names = []
    for number, ((_, extension), make) in enumerate(makers):
        names.append(f"capture_{folder.name.replace('-', '')}_000000_{number:03d}{extension}")
        make(folder / names[-1], record | {"id": str(uuid.uuid4())})
        os.utime(folder / names[-1], (1e9, 1e9), follow_symlinks=False)
    return names


def sized(record: dict[str, Any], width: int, height: int) -> dict[str, Any]:
    return record | {"image": record["image"] | {"width": width, "height": height}}


@cache
def zeros(size: int) -> bytes:
    """Return so many zeros, deflated to a thousandth of their size."""
    deflate = zlib.compressobj(9)
    block = bytes(1_000_000)
    return b"".join(deflate.compress(block) for _ in range(size // len(block))) + deflate.flush()


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(record: dict[str, Any], pixels: bytes, *others: bytes) -> list[bytes]:
    """Return a PNG of head, record, other chunks, pixels and end, with one byte per pixel."""
    head = struct.pack(">IIBBBBB", record["image"]["width"], record["image"]["height"], 8, 0, 0, 0, 0)
    text = b"microscope\0" + json.dumps(record).encode("ascii")
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head), chunk(b"tEXt", text), *others]
    return [*parts, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]


def claim_png(path: Path, record: dict[str, Any]) -> None:
    path.write_bytes(b"".join(png(sized(record, SIDE, SIDE), zeros(1_000_000))))


def text_png(path: Path, record: dict[str, Any]) -> None:
    """A PNG whose record is a gigabyte long."""
    compressed = chunk(b"zTXt", b"microscope\0\0" + zeros(GIGABYTE))
    path.write_bytes(b"".join(png(record, zeros(1_000_000), compressed)))


def texts_png(path: Path, record: dict[str, Any]) -> None:
    """A PNG with thousands of texts, each of an allowed length."""
    texts = [chunk(b"iTXt", b"a%d\0\1\0\0\0" % number + zeros(1_000_000)) for number in range(2000)]
    path.write_bytes(b"".join(png(record, zeros(1_000_000), *texts)))


def sparse_png(path: Path, record: dict[str, Any]) -> None:
    """A PNG with a huge text in a sparse file: it takes no room on the disk."""
    before, after = png(record, zeros(1_000_000))[:-2], png(record, zeros(1_000_000))[-2:]
    with path.open("wb") as file:
        file.write(b"".join(before) + struct.pack(">I", GIGABYTE) + b"tEXtComment\0")
        file.seek(GIGABYTE - len(b"Comment\0"), os.SEEK_CUR)
        file.write(struct.pack(">I", 0) + b"".join(after))


def claim_jpeg(path: Path, record: dict[str, Any]) -> None:
    file = io.BytesIO()
    comment = json.dumps(sized(record, SIDE, SIDE)).encode()
    Picture.new("L", (16, 16)).save(file, "JPEG", comment=comment)
    content = bytearray(file.getvalue())
    frame = content.index(b"\xff\xc0")
    content[frame + 5 : frame + 9] = struct.pack(">HH", SIDE, SIDE)
    path.write_bytes(content)


def progressive_jpeg(path: Path, record: dict[str, Any]) -> None:
    """A progressive JPEG with many scans: each has some hundred bytes and takes a second to decode."""
    comment = json.dumps(sized(record, 9000, 9000)).encode()
    Picture.new("L", (9000, 9000)).save(path, "JPEG", progressive=True, comment=comment)
    content = path.read_bytes()
    scan = content.rindex(b"\xff\xda")
    path.write_bytes(content[:scan] + content[scan:-2] * 3000 + content[-2:])


def segments_jpeg(path: Path, record: dict[str, Any]) -> None:
    """A JPEG with a thousand segments before the picture."""
    file = io.BytesIO()
    size = (record["image"]["width"], record["image"]["height"])
    Picture.new("L", size).save(file, "JPEG", comment=json.dumps(record).encode())
    segment = b"\xff\xe5" + struct.pack(">H", 65_535) + bytes(65_533)
    path.write_bytes(file.getvalue()[:2] + segment * 1000 + file.getvalue()[2:])


def tiff(record: dict[str, Any], strip: bytes, *others: Field) -> bytes:
    """A TIFF with one deflated strip and one byte per pixel."""
    exif = pack_directory([short_field(1, 1)], 8)
    strip_at = 8 + len(exif) + len(exif) % 2
    directory_at = strip_at + len(strip) + len(strip) % 2
    fields = [
        *(long_field(256, record["image"]["width"]), long_field(257, record["image"]["height"])),
        *(short_field(258, 8), short_field(259, 8), short_field(262, 1), short_field(277, 1)),
        *(long_field(273, strip_at), long_field(278, record["image"]["height"]), long_field(279, len(strip))),
        *(Field(270, Kind.ASCII, make_ome(record) + b"\0"), long_field(0x8769, 8)),
    ]
    content = (b"II*\0" + struct.pack("<I", directory_at) + exif).ljust(strip_at, b"\0") + strip
    return content.ljust(directory_at, b"\0") + pack_directory([*fields, *others], directory_at)


def claim_tiff(path: Path, record: dict[str, Any]) -> None:
    path.write_bytes(tiff(sized(record, SIDE, SIDE), zeros(GIGABYTE)))


def fields_tiff(path: Path, record: dict[str, Any]) -> None:
    """A TIFF with many fields that all point to the same megabytes."""
    path.write_bytes(tiff(record, zeros(3_000_000), *(Field(1000 + number, Kind.BYTE, b"x") for number in range(40))))
    content = bytearray(path.read_bytes())
    for number in range(40):
        entry = content.index(struct.pack("<HHI", 1000 + number, Kind.BYTE, 1))
        content[entry + 4 : entry + 12] = struct.pack("<II", 3_900_000, 8)
    path.write_bytes(content + bytes(4_000_000))


def endless_jpeg(path: Path, record: dict[str, Any]) -> None:
    """A JPEG with a valid start and end, and a hundred gigabytes of nothing between them in a sparse file."""
    pixels = np.zeros((record["image"]["height"], record["image"]["width"]), np.uint8)
    with path.open("w+b") as file:
        FORMATS["jpg"].write(file, pixels, record | {"file": record["file"] | {"bits": 8}}, 50)
        file.seek(100 * GIGABYTE)
        file.write(b"\xff\xd9")


def pipe(path: Path, record: dict[str, Any]) -> None:
    """A named pipe: opening it blocks until somebody writes."""
    os.mkfifo(path)


def link_to_zeros(path: Path, record: dict[str, Any]) -> None:
    path.symlink_to("/dev/zero")


BOMBS = {
    ("claim", ".png"): claim_png,
    ("text", ".png"): text_png,
    ("texts", ".png"): texts_png,
    ("sparse", ".png"): sparse_png,
    ("claim", ".jpg"): claim_jpeg,
    ("progressive", ".jpg"): progressive_jpeg,
    ("segments", ".jpg"): segments_jpeg,
    ("claim", ".ome.tif"): claim_tiff,
    ("fields", ".ome.tif"): fields_tiff,
    ("endless", ".jpg"): endless_jpeg,
    ("pipe", ".png"): pipe,
    ("zeros", ".jpg"): link_to_zeros,
}


def swap_for_bomb(original: Path, record: dict[str, Any]) -> None:
    """Put a bomb in the place of a listed original. It keeps the record: by its head alone it is that image."""
    width, height = record["image"]["width"], record["image"]["height"]
    extension = original.name[original.name.index(".") :]
    if extension == ".jpg":
        return segments_jpeg(original, record)
    if extension == ".png":
        return sparse_png(original, record)
    return original.write_bytes(tiff(record, zeros(100 * width * height))) and None
