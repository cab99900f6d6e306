"""Cut, damaged, foreign and hostile files are reported, never accepted, and never read completely into memory."""

import os
import resource
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from images.errors import NotAnOriginal, StorageUnavailable
from images.formats import FORMATS, format_of
from images.formats.ome import find_record, make_ome
from images.index.adoption import adopt_unlisted
from images.models import images
from images.tests.frames import TAKEN_AT, make_frame, make_pixels, make_record_of
from images.tests.test_formats import place, write
from images.tests.test_storage import limited

ENTITIES = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><OME>&b;</OME>'
MAX_MEMORY_BYTES = 30_000_000


@pytest.fixture(params=list(FORMATS))
def original(request, tmp_path) -> Path:
    """A small original of each format."""
    frame = make_frame(make_pixels(8, 6))
    return write(place(tmp_path, request.param), frame, make_record_of(frame, request.param))


def read(path: Path) -> None:
    """Read record and pixels, as adoption and thumbnails do."""
    assert format_of(path.name).read_record(path)["schema"] == "microscope.image"
    assert format_of(path.name).read_pixels(path).size < 10**8


def test_a_file_cut_at_any_length_is_no_original(original):
    for length in reversed(range(original.stat().st_size)):
        os.truncate(original, length)
        with pytest.raises(NotAnOriginal):
            format_of(original.name).read_record(original)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_a_bit_turned_anywhere_in_its_head_is_refused_or_harmless(original):
    content = original.read_bytes()
    heads = [range(300)]
    if original.name.endswith(".tif"):
        start = struct.unpack("<I", content[4:8])[0]
        heads = [range(8), range(start, start + 300)]
    for position in (position for head in heads for position in head):
        for bit in (0, 4, 7):
            damaged = bytearray(content)
            damaged[position] ^= 1 << bit
            original.write_bytes(damaged)
            try:
                read(original)
            except NotAnOriginal:
                continue


def test_pixels_that_were_damaged_are_told_or_read_but_never_crash(original):
    content = original.read_bytes()
    for position in range(len(content) // 4, len(content), 97):
        original.write_bytes(content[:position] + b"\xff\x00\xff" + content[position + 3 :])
        try:
            format_of(original.name).read_pixels(original)
        except NotAnOriginal:
            continue


def of_imagej(path: Path) -> None:
    tifffile.imwrite(path, make_pixels(is_colour=False), imagej=True, resolution=(5, 5), metadata={"unit": "um"})


def of_another_ome_writer(path: Path) -> None:
    tifffile.imwrite(path, make_pixels(is_colour=False), ome=True, metadata={"PhysicalSizeX": 0.1})


def of_plain_tifffile(path: Path) -> None:
    tifffile.imwrite(path, make_pixels())


def of_big_endian(path: Path) -> None:
    tifffile.imwrite(path, make_pixels(), byteorder=">")


def of_bigtiff(path: Path) -> None:
    tifffile.imwrite(path, make_pixels(), bigtiff=True)


def of_tiles(path: Path) -> None:
    tifffile.imwrite(path, make_pixels(), tile=(16, 16), photometric="rgb")


def of_many_pages(path: Path) -> None:
    tifffile.imwrite(path, np.zeros((5, 8, 8), np.uint16), photometric="minisblack")


def of_pillow(path: Path) -> None:
    Image.fromarray(make_pixels()).save(path, "TIFF", compression="tiff_lzw")


def of_entities(path: Path) -> None:
    tifffile.imwrite(path, make_pixels(), description=ENTITIES, metadata=None)


FOREIGN = [
    of_imagej,
    of_another_ome_writer,
    of_plain_tifffile,
    of_big_endian,
    of_bigtiff,
    of_tiles,
    of_many_pages,
    of_pillow,
    of_entities,
]


@pytest.mark.parametrize("make", FOREIGN)
def test_a_tiff_of_another_program_is_no_original(tmp_path, make):
    path = place(tmp_path, "tiff")
    make(path)
    with pytest.raises(NotAnOriginal):
        FORMATS["tiff"].read_record(path)


@pytest.mark.parametrize("make", FOREIGN)
@pytest.mark.django_db
def test_a_tiff_of_another_program_in_the_folder_is_reported_and_not_adopted(archive, make, caplog):
    path = archive.root / "2025-01-16" / "capture_20250116_103045_123.ome.tif"
    archive.keep(TAKEN_AT, ".ome.tif", lambda file: file.write(b"makes the folder"))
    make(path)
    assert adopt_unlisted(archive) == 0
    assert path.name in caplog.text and not images.Image.objects.exists() and path.exists()


def inflate_claim(path: Path, width: int, height: int) -> None:
    """Make a TIFF claim another size."""
    content = bytearray(path.read_bytes())
    start = struct.unpack("<I", content[4:8])[0]
    for entry in range(start + 2, start + 2 + 12 * struct.unpack("<H", content[start : start + 2])[0], 12):
        tag = struct.unpack("<H", content[entry : entry + 2])[0]
        if tag in (256, 257):
            content[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, width if tag == 256 else height)
    path.write_bytes(content)


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (2**32 - 1, 2**32 - 1), (0, 0), (1, 10**8), (8, 7)])
def test_a_tiff_that_claims_another_size_is_no_picture_and_takes_no_memory(tmp_path, width, height):
    frame = make_frame(make_pixels(8, 6))
    path = write(place(tmp_path, "tiff"), frame, make_record_of(frame, "tiff"))
    inflate_claim(path, width, height)
    tracemalloc.start()
    with pytest.raises(NotAnOriginal):
        FORMATS["tiff"].read_pixels(path)
    assert tracemalloc.get_traced_memory()[1] < MAX_MEMORY_BYTES
    tracemalloc.stop()


def test_a_strip_that_inflates_beyond_its_picture_is_cut_short(tmp_path, settings):
    """A hundred megabytes of zeros deflate to a hundred kilobytes: the reader must stop at the picture's size."""
    settings.TIFF_COMPRESSION = "zlib"
    frame = make_frame(np.zeros((6, 8), np.uint8))
    path = write(place(tmp_path, "tiff"), frame, make_record_of(frame, "tiff"))
    content = path.read_bytes()
    bomb = zlib.compress(bytes(100_000_000))
    start = len(content) + len(content) % 2
    content = content.ljust(start, b"\0") + bomb
    directory = struct.unpack("<I", content[4:8])[0]
    content = bytearray(content)
    for entry in range(directory + 2, directory + 2 + 12 * 40, 12):
        tag = struct.unpack("<H", content[entry : entry + 2])[0]
        if tag == 273:
            content[entry + 8 : entry + 12] = struct.pack("<I", start)
        if tag == 279:
            content[entry + 2 : entry + 12] = struct.pack("<HII", 4, 1, len(bomb))
            break
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(NotAnOriginal, match="more than its picture"):
        FORMATS["tiff"].read_pixels(path)
    assert tracemalloc.get_traced_memory()[1] < MAX_MEMORY_BYTES
    tracemalloc.stop()


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_png_that_claims_more_than_any_camera_gives_is_no_original(tmp_path):
    path = tmp_path / "large.png"
    Image.new("1", (11_000, 10_000)).save(path)
    with pytest.raises(NotAnOriginal, match="11000 x 10000"):
        FORMATS["png"].read_record(path)


@pytest.mark.parametrize("image_format", list(FORMATS))
@pytest.mark.parametrize("compression", ["none", "zlib"])
def test_a_disk_that_fills_up_at_any_byte_leaves_nothing(archive, settings, image_format, compression):
    settings.TIFF_COMPRESSION = compression
    frame = make_frame(make_pixels(96, 64, bits=12, is_colour=False), bits=12)
    record, known = make_record_of(frame, image_format), FORMATS[image_format]

    def keep():
        return archive.keep(TAKEN_AT, known.extension, lambda file: known.write(file, frame.pixels, record, 95))

    size = keep().size_bytes
    for limit in [0, 1, 7, 8, 9, 100, *range(200, size, 211), size - 1]:
        with limited(resource.RLIMIT_FSIZE, limit), pytest.raises(StorageUnavailable):
            keep()
    assert [name for day in archive.days() for name in archive.names_of(day)] == [
        f"capture_20250116_103045_123{known.extension}"
    ]


def test_a_record_behind_a_document_type_is_refused_before_any_entity_is_expanded():
    ome = make_ome(make_record_of(make_frame(), "tiff"))
    assert find_record(ome)["user"] == "ada"
    declared = ome.replace(b"?><OME", b'?><!DOCTYPE OME [<!ENTITY a "aaaaaaaaaa">]><OME')
    with pytest.raises(NotAnOriginal, match="document type"):
        find_record(declared)
