"""Promise 10: other programs see the right pixels, depth and scale in the originals and exports that the server sends.
An unknown scale stays unknown. images/tests/readers says what each program reads of each kind of file."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import tifffile

from images.tests.readers.libraries import open_with_bioio, read_with_ome_types, validate_with_ome_types
from images.tests.readers.programs import (
    identify_with_imagemagick,
    read_with_exiftool,
    read_with_imagej,
    read_with_imagemagick,
)
from tests.promises.bench import own_bench, sha256_of
from tests.promises.library import Library, Row
from tests.promises.server import Server

pytestmark = pytest.mark.long

# Every depth with its number of significant bits.
CAMERAS = {"colour-small": 8, "mono-small-12bit": 12, "mono-1mp-16bit": 16}
FORMATS = ("jpg", "png", "tiff")
EXPOSURE_MS = 30
NOTE = "5 \u00b5m beads, \u7d30\u80de <&>"
OBJECTIVE = "Plan Apo \u03bb 20\u00d7"
# The calibration line of the library goes 300 pixels to the right and 1 pixel down.
LINE_UM = 97.5
UM_PER_PIXEL = LINE_UM / math.hypot(300, 1)
REGION = {"left": 0, "top": 0, "width": 96, "height": 64}
# Programs decode JPEG slightly differently, by a few steps of 255. Wrong pixels differ by much more.
OFF_BY, OFF_BY_ON_AVERAGE = 24, 2.0


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was received. `pixels`: the values of the original; `bits`: its significant bits."""

    path: Path
    image: Row
    pixels: np.ndarray
    bits: int

    @property
    def is_jpeg(self) -> bool:
        return self.path.suffix == ".jpg"

    @property
    def is_tiff(self) -> bool:
        return self.path.suffix == ".tif"

    @property
    def is_for_slides(self) -> bool:
        """True for exports as JPEG and PNG: they carry no density, which slide programs take for the size on paper."""
        return self.path.name.startswith("export_of_") and not self.is_tiff

    @property
    def size_um(self) -> float | None:
        return self.image["umPerPixelX"]

    @property
    def held(self) -> int:
        """How many significant bits this file holds: a JPEG holds eight."""
        return 8 if self.image["format"] == "jpg" else self.bits

    @property
    def kept(self) -> np.ndarray:
        """The original's pixels as this format keeps them: a JPEG keeps the upper eight bits."""
        is_cut = self.is_jpeg and self.pixels.itemsize == 2
        return (self.pixels >> (self.bits - 8)).astype(np.uint8) if is_cut else self.pixels

    def assert_same(self, values: np.ndarray) -> None:
        """The pixels are equal; for a JPEG nearly equal."""
        off = np.abs(np.asarray(values, dtype=int) - self.kept.astype(int))
        is_lossy = self.is_jpeg or self.image["format"] == "jpg"
        most, on_average = (OFF_BY, OFF_BY_ON_AVERAGE) if is_lossy else (0, 0)
        assert off.max() <= most and off.mean() <= on_average, (self.path.name, off.max(), off.mean())


def capture_each(library: Library, objective: str, length_um: float) -> list[Row]:
    """Capture in each format, before and after the objective is calibrated on this camera."""
    micrometer = library.capture(library.operator, format="png")
    library.operator.must("PATCH", "/api/v1/camera/settings", {"roi": REGION})
    unscaled = [library.capture(library.operator, format=one, exposure=EXPOSURE_MS, note=NOTE) for one in FORMATS]
    library.calibrate(objective, micrometer, length_um)
    scaled = [library.capture(library.operator, format=one, exposure=EXPOSURE_MS, note=NOTE) for one in FORMATS]
    return [*unscaled, *scaled]


def download(server: Server, folder: Path, image_id: int, query: str = "") -> Path:
    answer = server.client.ask("GET", f"/api/v1/images/{image_id}/file{query}")
    assert answer.status == 200, answer.content
    path = folder / answer.headers.get_filename()
    path.write_bytes(answer.content)
    return path


def download_each(server: Server, folder: Path, captured: Row, bits: int) -> Iterator[Sent]:
    """Download the original, and its export in each other format."""
    image = server.client.get(f"/api/v1/images/{captured['imageId']}")
    original = download(server, folder, image["imageId"])
    assert sha256_of(original) == captured["sha256"]
    pixels = np.load(download(server, folder, image["imageId"], "?as=npy"))
    yield Sent(original, image, pixels, bits)
    for image_format in set(FORMATS) - {image["format"]}:
        yield Sent(download(server, folder, image["imageId"], f"?as={image_format}"), image, pixels, bits)


@pytest.fixture(scope="module")
def sent(tmp_path_factory) -> list[Sent]:
    folder, sent = tmp_path_factory.mktemp("sent"), []
    with own_bench(tmp_path_factory.mktemp("serving")) as bench:
        objective = ""
        for camera, bits in CAMERAS.items():
            server = bench.serve(SIMULATED_CAMERA=camera)
            library = Library(bench, *[server.client] * 4)
            objective = objective or library.add_objective(OBJECTIVE, magnification=20, numericalAperture=0.75)
            library.choose(objective)
            for captured in capture_each(library, objective, LINE_UM):
                sent += download_each(server, folder, captured, bits)
            server.kill()
    return sent


def test_every_kind_of_file_was_sent(sent):
    kinds = {(one.path.suffix, one.bits, one.pixels.ndim, one.size_um is None) for one in sent}
    assert len(kinds) == len(FORMATS) * len(CAMERAS) * 2
    assert len({one.path for one in sent}) == len(sent) == len(FORMATS) ** 2 * len(CAMERAS) * 2
    for one in sent:
        assert one.size_um in (None, UM_PER_PIXEL)
        is_of_jpeg = one.image["format"] == "jpg"
        assert one.pixels.itemsize == (1 if is_of_jpeg or one.bits == 8 else 2)
        assert one.pixels.shape[:2] == (REGION["height"], REGION["width"])
        assert 2 ** (one.held - 2) < one.pixels.max() < 2**one.held, "not the values of the camera"


def test_tifffile_and_bioio_read_the_pixels_and_the_scale_of_every_tiff(sent):
    for one in filter(lambda one: one.is_tiff, sent):
        for read in (tifffile.imread(one.path), np.squeeze(open_with_bioio(one.path).data)):
            assert read.dtype == one.pixels.dtype
            assert np.array_equal(read, one.pixels)
        validate_with_ome_types(tifffile.tiffcomment(one.path))
        pixels = read_with_ome_types(one.path).images[0].pixels
        assert pixels.significant_bits == one.held
        assert (pixels.physical_size_x, pixels.physical_size_y) == (one.size_um, one.size_um)
        assert pixels.planes[0].exposure_time == one.image["exposureTime"]


def test_imagej_measures_in_the_right_unit(sent):
    for one, seen in zip(sent, read_with_imagej([one.path for one in sent]), strict=True):
        assert seen.bits == (24 if one.pixels.ndim == 3 else 8 * one.kept.itemsize)
        one.assert_same(np.moveaxis(seen.values, 0, -1) if one.pixels.ndim == 3 else seen.values[0])
        if one.size_um is None:
            assert (seen.unit, seen.size) == ("pixel", (1.0, 1.0)), one.path.name
        elif one.is_tiff:
            assert seen.unit in ("\u00b5m", "um", "micron")
            assert seen.size == pytest.approx((one.size_um, one.size_um), rel=1e-6)


def test_exiftool_has_no_complaint_and_tells_exposure_scale_and_that_it_is_simulated(sent):
    told = read_with_exiftool([one.path for one in sent])
    for one in sent:
        tags = told[one.path.name]
        assert [tag for tag in tags if "Warning" in tag or "Error" in tag] == []
        assert tags["ExifIFD:ExposureTime"] == pytest.approx(one.image["exposureTime"] / 1000)
        assert tags["XMP-dc:Description"].startswith("SIMULATED") and tags["XMP-dc:Description"].endswith(NOTE)
        if one.size_um is None or one.is_for_slides:
            assert tags.get("IFD0:ResolutionUnit", 1) == 1
        else:
            assert tags["IFD0:ResolutionUnit"] == 3
            assert 10_000 / tags["IFD0:XResolution"] == pytest.approx(one.size_um, rel=1e-6)
            assert tags["ExifIFD:LensModel"] == OBJECTIVE


def test_imagemagick_sees_the_same_values_at_the_same_depth(sent):
    told = identify_with_imagemagick([one.path for one in sent])
    for one in sent:
        kind, width, height, channels, depth, *_ = told[one.path.name]
        assert kind == {".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF"}[one.path.suffix]
        assert (int(width), int(height), int(depth)) == (REGION["width"], REGION["height"], 8 * one.kept.itemsize)
        assert channels.split()[0].startswith("srgb" if one.pixels.ndim == 3 else "gray")
        one.assert_same(read_with_imagemagick(one.path, like=one.kept))
