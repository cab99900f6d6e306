import struct
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from images.errors import NotAnOriginal
from images.formats import FORMATS, format_of
from images.record.image import Requested
from images.tests.frames import make_frame, make_pixels, make_record_of

ROOT = Path(__file__).resolve().parents[2]
KINDS = [(8, False), (8, True), (10, False), (12, False), (12, True), (16, False), (16, True)]
names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40) | st.sampled_from(
    ["José Núñez", "山田太郎", "µ-lab", "Ω\n\t\\", '"', "\N{MICROSCOPE}"]
)


def write(path: Path, frame, record: dict[str, Any], quality: int = 95) -> Path:
    with path.open("w+b") as file:
        format_of(path.name).write(file, frame.pixels, record, quality)
    return path


def place(folder: Path, image_format: str, stem: str = "picture") -> Path:
    return folder / f"{stem}{FORMATS[image_format].extension}"


def read_exif(path: Path) -> tuple[Any, Any]:
    with Image.open(path) as image:
        exif = image.getexif()
        return exif, exif.get_ifd(ExifTags.IFD.Exif)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.sampled_from(list(FORMATS)), st.sampled_from(KINDS), names, names, st.none() | st.floats(0, 1e6))
def test_the_record_survives_every_format_depth_and_name(tmp_path, image_format, kind, username, job_name, x_position):
    bits, is_colour = kind
    frame = make_frame(make_pixels(24, 16, bits, is_colour), bits=bits)
    record = make_record_of(
        frame,
        image_format,
        username,
        job={"id": 1, "name": job_name},
        x_position=x_position,
        requested=Requested(100.0, None),
    )
    path = write(place(tmp_path, image_format), frame, record)
    assert FORMATS[image_format].read_record(path) == record


@pytest.mark.parametrize("bits", [8, 10, 12, 16])
def test_png_keeps_every_bit_of_mono_justified_to_the_right(tmp_path, bits):
    pixels = make_pixels(bits=bits, is_colour=False)
    frame = make_frame(pixels, bits=bits)
    path = write(tmp_path / "mono.png", frame, make_record_of(frame, "png"))
    with Image.open(path) as image:
        assert image.mode == ("L" if bits == 8 else "I;16")
        read = np.asarray(image, dtype=pixels.dtype)
    assert np.array_equal(read, pixels)


def test_png_keeps_every_bit_of_eight_bit_colour(tmp_path):
    frame = make_frame()
    path = write(tmp_path / "colour.png", frame, make_record_of(frame, "png"))
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), frame.pixels)


def test_deeper_colour_keeps_its_upper_eight_bits_and_says_so(tmp_path):
    frame = make_frame(make_pixels(bits=12), bits=12)
    record = make_record_of(frame, "png")
    path = write(tmp_path / "deep.png", frame, record)
    assert (record["file"]["bits"], record["actual"]["significantBits"]) == (8, 12)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), (frame.pixels >> 4).astype(np.uint8))


@pytest.mark.parametrize(("bits", "is_colour"), KINDS)
def test_jpeg_shows_the_picture_it_was_given(tmp_path, bits, is_colour):
    slope = np.linspace(0, 2**bits - 1, 64).astype(np.uint8 if bits == 8 else np.uint16)
    pixels = np.tile(slope, (48, 1))
    frame = make_frame(np.dstack([pixels] * 3) if is_colour else pixels, bits=bits)
    path = write(tmp_path / "picture.jpg", frame, make_record_of(frame))
    with Image.open(path) as image:
        read = np.asarray(image).astype(int)
    assert np.abs(read - (frame.pixels.astype(int) >> (bits - 8))).max() <= 4


def test_quality_is_that_of_the_request(tmp_path):
    frame = make_frame(make_pixels(256, 256))
    poor, good = (write(tmp_path / f"{q}.jpg", frame, make_record_of(frame), q).stat().st_size for q in (10, 95))
    assert poor < good / 2


def test_exif_tells_other_programs_when_and_how_it_was_taken(tmp_path):
    taken_at = datetime(2025, 1, 16, 23, 59, 59, 7_000, tzinfo=UTC)
    frame = make_frame(exposure_ms=12.5, taken_at=taken_at)
    record = make_record_of(frame)
    exif, details = read_exif(write(tmp_path / "picture.jpg", frame, record))
    tag = ExifTags.Base
    assert (exif[tag.Make], exif[tag.Model], exif[tag.Software]) == ("Pixelink", "PL-D752", record["software"])
    assert details[tag.ExposureTime] == pytest.approx(0.0125)
    assert details[tag.DateTimeOriginal] == "2025:01:16 23:59:59"
    assert (details[tag.SubsecTimeOriginal], details[tag.OffsetTimeOriginal]) == ("007", "+00:00")
    assert details[tag.BodySerialNumber] == "775001234"
    assert details[tag.ImageUniqueID] == record["id"].replace("-", "")


@pytest.mark.parametrize("exposure_ms", [0.002, 0.02, 33.333, 10_000.0, 3_600_000.0])
def test_exif_holds_the_shortest_and_the_longest_exposure(tmp_path, exposure_ms):
    frame = make_frame(exposure_ms=exposure_ms)
    _, details = read_exif(write(tmp_path / "picture.jpg", frame, make_record_of(frame)))
    assert float(details[ExifTags.Base.ExposureTime]) == pytest.approx(exposure_ms / 1000, rel=1e-5)


@pytest.mark.parametrize("image_format", list(FORMATS))
def test_a_simulated_picture_says_so_in_its_file(tmp_path, image_format):
    frame = make_frame()
    record = {**make_record_of(frame, image_format), "simulated": True}
    content = write(place(tmp_path, image_format), frame, record).read_bytes()
    assert b"SIMULATED: drawn by a program, no data" in content


@pytest.mark.parametrize("image_format", list(FORMATS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(keep_share=st.floats(0, 0.9999))
def test_a_file_that_was_cut_anywhere_is_no_original(tmp_path, image_format, keep_share):
    frame = make_frame()
    path = write(place(tmp_path, image_format, "cut"), frame, make_record_of(frame, image_format))
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep_share)])
    with pytest.raises(NotAnOriginal):
        FORMATS[image_format].read_record(path)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("image_format", list(FORMATS))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(data=st.data())
def test_damage_anywhere_is_refused_or_harmless_and_nothing_else(tmp_path, image_format, data):
    frame = make_frame(make_pixels(8, 8))
    content = bytearray(
        write(place(tmp_path, image_format, "a"), frame, make_record_of(frame, image_format)).read_bytes()
    )
    for byte in data.draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=8)):
        content[byte] = data.draw(st.integers(0, 255))
    (place(tmp_path, image_format, "b")).write_bytes(content)
    try:
        record = FORMATS[image_format].read_record(place(tmp_path, image_format, "b"))
    except NotAnOriginal:
        return
    assert record["schema"] == "microscope.image"


@pytest.mark.parametrize("image_format", list(FORMATS))
def test_a_picture_of_another_program_is_no_original(tmp_path, image_format):
    path = place(tmp_path, image_format, "foreign")
    Image.new("RGB", (8, 8)).save(path)
    with pytest.raises(NotAnOriginal):
        FORMATS[image_format].read_record(path)


def test_a_picture_under_the_name_of_another_format_is_no_original(tmp_path):
    frame = make_frame()
    path = write(tmp_path / "picture.png", frame, make_record_of(frame, "png"))
    with pytest.raises(NotAnOriginal):
        FORMATS["jpg"].read_record(path.rename(tmp_path / "picture.jpg"))


def test_a_decompression_bomb_is_no_original(tmp_path):
    frame = make_frame()
    path = write(tmp_path / "bomb.png", frame, make_record_of(frame, "png"))
    content = bytearray(path.read_bytes())
    content[16:24] = struct.pack(">II", 60_000, 60_000)
    path.write_bytes(content)
    with pytest.raises(NotAnOriginal):
        FORMATS["png"].read_record(path)


def test_a_file_that_cannot_be_read_now_is_not_called_damaged(tmp_path):
    with pytest.raises(FileNotFoundError):
        FORMATS["jpg"].read_record(tmp_path / "away.jpg")


def test_a_jpeg_is_encoded_straight_into_a_real_file(tmp_path):
    """Pillow releases the interpreter's lock only if it encodes into a file descriptor."""
    asked = []

    class Watched:
        def __init__(self, file):
            self.file = file

        def fileno(self) -> int:
            asked.append("fileno")
            return self.file.fileno()

        def __getattr__(self, name: str):
            return getattr(self.file, name)

    frame = make_frame()
    with (tmp_path / "picture").open("w+b") as file:
        FORMATS["jpg"].write(Watched(file), frame.pixels, make_record_of(frame), 95)
    assert asked


def test_no_source_encodes_into_memory():
    sources = [path for app in ("camera", "images") for path in (ROOT / app).rglob("*.py") if "tests" not in path.parts]
    found = [path.name for path in sources if "BytesIO" in path.read_text(encoding="utf-8")]
    assert found == ["links.py"], "whose lines are for other programs"


def test_the_format_is_told_by_the_extension():
    assert format_of("capture_1.jpg") is FORMATS["jpg"]
    assert format_of("capture_1.gif") is None
