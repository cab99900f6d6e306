"""One record as EXIF, XMP, PNG and OME: they say the same, and never invent an unknown value."""

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from camera.frame import to_display
from images.formats import FORMATS, format_of
from images.formats.ome import MIN_SIZE_UM, NAMESPACE, make_ome
from images.record.image import SIMULATED, pixel_size_um
from images.tests.frames import make_frame, make_pixels, make_record_of
from images.tests.records import OBJECTIVE, SCALE, UNKNOWN_SCALE, records
from images.tests.test_formats import KINDS, place, read_exif, write

TAG = ExifTags.Base
XMP_NAMES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
}
every_format = pytest.mark.parametrize("image_format", list(FORMATS))
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=80)


def write_one(folder: Path, image_format: str, **fields: Any) -> tuple[Path, dict[str, Any]]:
    frame = make_frame(exposure_ms=12.5)
    record = {**make_record_of(frame, image_format, "José 山田 µ"), **fields}
    return write(place(folder, image_format), frame, record), record


def read_xmp(path: Path) -> ElementTree.Element:
    with Image.open(path) as picture:
        packet = picture.info["xmp"]
    text = packet if isinstance(packet, str) else packet.decode("utf-8")
    return ElementTree.fromstring(text.split("?>", 1)[1].rsplit("<?", 1)[0])


def xmp_text(root: ElementTree.Element, name: str) -> str | None:
    found = root.find(f".//{name}", XMP_NAMES)
    return None if found is None else "".join(found.itertext())


@many
@given(st.sampled_from(list(FORMATS)), st.sampled_from(KINDS), st.data())
def test_whatever_was_said_comes_back_from_every_format(tmp_path, image_format, kind, data):
    bits, is_colour = kind
    frame = make_frame(make_pixels(12, 8, bits, is_colour), bits=bits)
    record = data.draw(records(frame, image_format))
    path = write(place(tmp_path, image_format), frame, record)
    assert format_of(path.name).read_record(path) == record
    pixels = format_of(path.name).read_pixels(path)
    assert pixels.shape == frame.pixels.shape
    if image_format != "jpg":
        kept = frame.pixels if record["file"]["bits"] == 16 else to_display(frame.pixels, bits)
        assert pixels.dtype == kept.dtype and np.array_equal(pixels, kept)


@many
@given(st.data())
def test_no_number_is_ever_invented_for_a_scale_that_is_not_known(tmp_path, data):
    frame = make_frame(make_pixels(12, 8))
    record = data.draw(records(frame, "tiff"))
    root = ElementTree.fromstring(make_ome(record))
    (pixels,) = root.iter(f"{{{NAMESPACE}}}Pixels")
    size_um = pixel_size_um(record)
    if size_um is None or min(size_um) < MIN_SIZE_UM:
        assert not [name for name in pixels.attrib if name.startswith("PhysicalSize")]
    else:
        assert (float(pixels.attrib["PhysicalSizeX"]), float(pixels.attrib["PhysicalSizeY"])) == size_um


@pytest.mark.parametrize(
    "scale",
    [
        None,
        UNKNOWN_SCALE,
        {"known": "yes", "umPerPixelX": 1.0, "umPerPixelY": 1.0},
        {"known": True},
        {"known": True, "umPerPixelX": 1.0},
        {"known": True, "umPerPixelX": 0.0, "umPerPixelY": 1.0},
        {"known": True, "umPerPixelX": -1.0, "umPerPixelY": 1.0},
        {"known": True, "umPerPixelX": "1", "umPerPixelY": 1.0},
        {"known": True, "umPerPixelX": None, "umPerPixelY": None},
    ],
)
def test_a_scale_that_makes_no_sense_is_not_known(scale):
    assert pixel_size_um({"scale": scale}) is None
    assert pixel_size_um({}) is None


@every_format
@pytest.mark.parametrize(
    ("zone", "time", "offset"),
    [("Europe/Berlin", "2025:01:16 11:30:45", "+01:00"), ("America/St_Johns", "2025:01:16 07:00:45", "-03:30")],
)
def test_exif_tells_the_labs_time_with_its_offset(tmp_path, settings, image_format, zone, time, offset):
    settings.TIME_ZONE = zone
    path, _record = write_one(tmp_path, image_format)
    exif, details = read_exif(path)
    assert exif[TAG.DateTime] == details[TAG.DateTimeOriginal] == details[TAG.DateTimeDigitized] == time
    assert (details[TAG.SubsecTimeOriginal], details[TAG.OffsetTimeOriginal]) == ("123", offset)


@every_format
def test_exif_says_when_how_long_by_whom_and_with_what(tmp_path, image_format):
    path, record = write_one(tmp_path, image_format, objective=OBJECTIVE)
    exif, details = read_exif(path)
    assert (exif[TAG.Make], exif[TAG.Model], exif[TAG.Software]) == ("Pixelink", "PL-D752", record["software"])
    assert details[TAG.ExposureTime] == pytest.approx(0.0125)
    assert details[TAG.DateTimeOriginal] == "2025:01:16 10:30:45"
    assert (details[TAG.SubsecTimeOriginal], details[TAG.OffsetTimeOriginal]) == ("123", "+00:00")
    assert details[TAG.BodySerialNumber] == "775001234"
    assert details[TAG.ImageUniqueID] == record["id"].replace("-", "")
    content = path.read_bytes()
    assert "José 山田 µ\0".encode() in content and f"{OBJECTIVE['name']}\0".encode() in content


@every_format
def test_xmp_says_the_same_in_every_script(tmp_path, image_format):
    note = "µm über 細胞 <&>"
    path, record = write_one(tmp_path, image_format, note=note, scale=SCALE)
    root = read_xmp(path)
    assert xmp_text(root, "dc:creator") == "José 山田 µ"
    assert xmp_text(root, "dc:description") == note
    assert xmp_text(root, "dc:identifier") == f"urn:uuid:{record['id']}"
    assert xmp_text(root, "exif:DateTimeOriginal") == "2025-01-16T10:30:45.123Z"
    assert xmp_text(root, "exif:ExposureTime") == "1/80"
    assert (xmp_text(root, "tiff:Make"), xmp_text(root, "tiff:Model")) == ("Pixelink", "PL-D752")
    for axis, size_um in (("X", 0.1625), ("Y", 0.325)):
        numerator, denominator = map(int, xmp_text(root, f"tiff:{axis}Resolution").split("/"))
        assert 10_000 * denominator / numerator == pytest.approx(size_um)


@every_format
def test_where_the_scale_is_unknown_exif_and_xmp_hold_none(tmp_path, image_format):
    path, _ = write_one(tmp_path, image_format, scale=UNKNOWN_SCALE)
    exif, _ = read_exif(path)
    assert TAG.XResolution not in exif and TAG.ResolutionUnit not in exif
    assert xmp_text(read_xmp(path), "tiff:XResolution") is None


def test_png_tells_its_scale_in_pixels_per_metre(tmp_path):
    path, _ = write_one(tmp_path, "png", scale=SCALE)
    content = path.read_bytes()
    start = content.index(b"pHYs") + 4
    assert int.from_bytes(content[start : start + 4], "big") == round(1e6 / 0.1625)
    assert int.from_bytes(content[start + 4 : start + 8], "big") == round(1e6 / 0.325)
    assert content[start + 8] == 1
    path, _ = write_one(tmp_path, "png", scale=UNKNOWN_SCALE)
    assert b"pHYs" not in path.read_bytes()


@every_format
@pytest.mark.parametrize("um_per_pixel", [1e-12, 5e-324, 1e-5, 1e300])
def test_a_scale_that_a_tag_cannot_hold_stays_in_the_record_alone(tmp_path, image_format, um_per_pixel):
    scale = {"known": True, "umPerPixelX": um_per_pixel, "umPerPixelY": um_per_pixel}
    path, _ = write_one(tmp_path, image_format, scale=scale)
    exif, _ = read_exif(path)
    assert format_of(path.name).read_record(path)["scale"] == scale
    if TAG.XResolution in exif:
        assert 10_000 / float(exif[TAG.XResolution]) == pytest.approx(um_per_pixel)


@every_format
def test_the_longest_note_fits_whatever_its_script(tmp_path, image_format):
    for character in "aé細\N{MICROSCOPE}&":
        path, record = write_one(tmp_path, image_format, note=character * 10_000, sample=character * 200)
        assert format_of(path.name).read_record(path) == record


@every_format
def test_a_simulated_picture_says_so_in_every_dialect(tmp_path, image_format):
    path, _ = write_one(tmp_path, image_format, simulated=True)
    assert SIMULATED in xmp_text(read_xmp(path), "dc:description")
    assert path.read_bytes().count(SIMULATED.encode()) >= 2
