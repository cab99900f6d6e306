"""OME-TIFF keeps all bits of the sensor, and is a plain TIFF for programs that do not know OME."""

import hashlib
import struct
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from images.formats import FORMATS
from images.formats.pixel_sum import sum_values
from images.formats.tiff_plain import HEAD_BYTES, sum_head_and_values
from images.index.originals import find_changed_since_capture
from images.tests.frames import make_frame, make_pixels, make_record_of
from images.tests.records import OBJECTIVE, SCALE, UNKNOWN_SCALE
from images.tests.test_formats import KINDS, place, write

ROOT = Path(__file__).resolve().parents[2]


def write_tiff(folder: Path, bits: int = 12, is_colour: bool = False, **fields) -> tuple[Path, np.ndarray]:
    frame = make_frame(make_pixels(bits=bits, is_colour=is_colour), bits=bits)
    record = {**make_record_of(frame, "tiff"), **fields}
    return write(place(folder, "tiff"), frame, record), frame.pixels


@pytest.mark.parametrize("compression", ["none", "zlib"])
@pytest.mark.parametrize(("bits", "is_colour"), KINDS)
def test_every_bit_is_kept_and_comes_back(tmp_path, settings, compression, bits, is_colour):
    settings.TIFF_COMPRESSION = compression
    path, pixels = write_tiff(tmp_path, bits, is_colour)
    read = FORMATS["tiff"].read_pixels(path)
    assert (read.dtype, read.shape) == (pixels.dtype, pixels.shape)
    assert np.array_equal(read, pixels)


@pytest.mark.parametrize("compression", ["none", "zlib"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (5, 3), (3, 5, 3), (700, 3), (3, 4, 3), (333, 257, 3)])
def test_pictures_of_any_shape_come_back(tmp_path, settings, compression, shape):
    settings.TIFF_COMPRESSION = compression
    pixels = np.random.default_rng(3).integers(0, 4096, shape, dtype=np.uint16)
    frame = make_frame(pixels, bits=12)
    path = write(place(tmp_path, "tiff"), frame, make_record_of(frame, "tiff"))
    assert np.array_equal(FORMATS["tiff"].read_pixels(path), pixels)
    assert np.array_equal(tifffile.imread(path), pixels)


def test_a_frame_that_was_turned_is_written_as_it_is_seen(tmp_path):
    pixels = np.rot90(make_pixels(40, 30, 12), 1)[:, ::-1]
    frame = make_frame(pixels, bits=12)
    path = write(place(tmp_path, "tiff"), frame, make_record_of(frame, "tiff"))
    assert np.array_equal(FORMATS["tiff"].read_pixels(path), pixels)


def test_without_compression_it_is_as_large_as_its_pixels_and_with_it_smaller(tmp_path, settings):
    settings.TIFF_COMPRESSION = "none"
    frame = make_frame(np.zeros((480, 640), np.uint16), bits=12)
    path, record = place(tmp_path, "tiff"), make_record_of(frame, "tiff")
    assert write(path, frame, record).stat().st_size > frame.pixels.nbytes
    settings.TIFF_COMPRESSION = "zlib"
    assert write(path, frame, record).stat().st_size < frame.pixels.nbytes / 20


def test_a_file_that_is_not_compressed_begins_with_what_the_sum_of_its_pixels_is_made_of(tmp_path):
    """One pass over the pixels makes both sums, so a burst can keep up."""
    for bits, is_colour in KINDS:
        frame = make_frame(make_pixels(31, 17, bits, is_colour), bits=bits)
        record, path = make_record_of(frame, "tiff"), tmp_path / f"{bits}-{is_colour}.ome.tif"
        with path.open("w+b") as file:
            told = FORMATS["tiff"].write(file, frame.pixels, record, 0)
        content = path.read_bytes()
        assert told == hashlib.sha256(content).hexdigest()
        head = content[: HEAD_BYTES + frame.pixels.nbytes]
        assert record["pixels"] == {"sha256": hashlib.sha256(head).hexdigest(), "of": "TIFF head and pixel values"}


def test_pixels_of_another_shape_or_type_have_another_sum():
    pixels = np.arange(24, dtype=np.uint8)
    others = [pixels.reshape(4, 6), pixels.reshape(6, 4), pixels.reshape(2, 4, 3), pixels.view("<u2").reshape(3, 4)]
    assert len({sum_head_and_values(one) for one in others}) == len(others)


@pytest.mark.parametrize("compression", ["none", "zlib"])
def test_the_sum_of_the_pixels_is_the_same_however_they_are_kept(tmp_path, settings, compression):
    settings.TIFF_COMPRESSION = compression
    path, pixels = write_tiff(tmp_path)
    record = FORMATS["tiff"].read_record(path)
    assert record["pixels"]["sha256"] == sum_head_and_values(pixels)
    assert find_changed_since_capture(path, record) is False


def test_the_sum_of_an_older_file_is_of_its_values_alone(tmp_path):
    path, pixels = write_tiff(tmp_path)
    record = FORMATS["tiff"].read_record(path)
    older = {**record, "pixels": {"sha256": sum_values(pixels), "of": "pixel values"}}
    assert find_changed_since_capture(path, older) is False
    assert find_changed_since_capture(path, {**record, "pixels": {**older["pixels"], "sha256": "0" * 64}}) is True


@pytest.mark.parametrize(("bits", "is_colour"), [(8, False), (8, True), (16, False)])
def test_a_program_that_knows_only_plain_tiff_sees_the_same(tmp_path, bits, is_colour):
    path, pixels = write_tiff(tmp_path, bits, is_colour)
    with Image.open(path) as picture:
        assert (picture.format, picture.n_frames) == ("TIFF", 1)
        assert np.array_equal(np.asarray(picture, dtype=pixels.dtype), pixels)


def test_it_says_how_many_bits_carry_signal_and_the_largest_value(tmp_path):
    path, _ = write_tiff(tmp_path, 10)
    with tifffile.TiffFile(path) as tiff:
        assert tiff.pages[0].tags["MaxSampleValue"].value == 1023
        assert 'SignificantBits="10"' in tiff.ome_metadata
        assert tiff.pages[0].bitspersample == 16


def test_a_known_scale_stands_in_pixels_per_centimetre(tmp_path):
    path, _ = write_tiff(tmp_path, scale=SCALE, objective=OBJECTIVE)
    with tifffile.TiffFile(path) as tiff:
        tags = tiff.pages[0].tags
        x, y = (tags[name].value for name in ("XResolution", "YResolution"))
        assert 10_000 * x[1] / x[0] == pytest.approx(0.1625, rel=1e-9)
        assert 10_000 * y[1] / y[0] == pytest.approx(0.325, rel=1e-9)
        assert tags["ResolutionUnit"].value == tifffile.RESUNIT.CENTIMETER


@pytest.mark.parametrize(
    "fields", [{}, {"scale": UNKNOWN_SCALE}, {"scale": None}, {"scale": {**SCALE, "known": False}}]
)
def test_an_unknown_scale_is_no_number_that_could_be_taken_for_one(tmp_path, fields):
    path, _ = write_tiff(tmp_path, **fields)
    with tifffile.TiffFile(path) as tiff:
        assert not {"XResolution", "YResolution", "ResolutionUnit"} & {tag.name for tag in tiff.pages[0].tags}
        assert "PhysicalSize" not in tiff.ome_metadata


def test_the_name_of_the_file_changes_nothing(tmp_path):
    """The file is written under a temporary name, and tifffile chooses options by the name."""
    frame = make_frame()
    record = make_record_of(frame, "tiff")
    contents = []
    for name in ("a.part", "a.ome.tif"):
        with (tmp_path / name).open("w+b") as file:
            FORMATS["tiff"].write(file, frame.pixels, record, 95)
        contents.append((tmp_path / name).read_bytes())
    assert contents[0] == contents[1]


def test_its_directory_holds_each_field_once_in_order(tmp_path):
    path, _ = write_tiff(tmp_path, note="µ", scale=SCALE)
    content = path.read_bytes()
    start = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack("<H", content[start : start + 2])[0]
    tags = [struct.unpack_from("<H", content, start + 2 + 12 * number)[0] for number in range(count)]
    assert tags == sorted(set(tags))


def test_there_is_one_directory_and_it_stands_behind_the_pixels(tmp_path):
    path, pixels = write_tiff(tmp_path)
    content = path.read_bytes()
    start = struct.unpack("<I", content[4:8])[0]
    count = struct.unpack("<H", content[start : start + 2])[0]
    assert start >= pixels.nbytes
    assert content[start + 2 + 12 * count :][:4] == bytes(4)


def test_it_can_be_written_by_what_the_program_itself_needs(tmp_path):
    """If imagecodecs is installed, as for some tests, tifffile compresses with it. The program does not need it."""
    code = f"""
import sys; sys.modules["imagecodecs"] = None
import django; django.setup()
from pathlib import Path
from django.conf import settings
from images.tests.test_formats_tiff import write_tiff
from images.formats import FORMATS
settings.TIFF_COMPRESSION = "zlib"
path, pixels = write_tiff(Path({str(tmp_path)!r}))
assert (FORMATS["tiff"].read_pixels(path) == pixels).all()
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=60)
    assert tifffile.imread(place(tmp_path, "tiff")).shape == (48, 64)


def test_several_written_at_once_are_each_whole(tmp_path):
    paths = [tmp_path / f"{number}.ome.tif" for number in range(8)]
    frames = [make_frame(np.full((200, 300), number, np.uint16), bits=12) for number in range(8)]
    threads = [
        threading.Thread(target=write, args=(path, frame, make_record_of(frame, "tiff")))
        for path, frame in zip(paths, frames, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [set(FORMATS["tiff"].read_pixels(path).ravel().tolist()) for path in paths] == [{n} for n in range(8)]
