"""If the camera bins along one axis only, the pixels of the image are oblong, and every scale says so."""

import io
import struct
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import tifffile
from PIL import ExifTags
from PIL import Image as Picture

from images.calibration.calibrate import calibrate
from images.calibration.scale import Line
from images.formats import FORMATS
from images.formats.ome import NAMESPACE
from images.models import Image
from images.tests.test_formats import read_exif
from images.tests.test_formats_dialects import read_xmp, xmp_text

# Committed, because the program reads the objective in use again only after a commit.
pytestmark = pytest.mark.django_db(transaction=True)
CAMERA = "/api/v1/camera"
UM_PER_PIXEL = 0.5


@pytest.fixture
def client(api, operator, camera, archive):
    return api(operator)


@pytest.fixture
def capture(client, manager, objective):
    """capture("tiff", 90) captures through a calibrated objective, with pixels that are two sensor pixels wide."""
    first = client.post(f"{CAMERA}/capture", {}, format="json").json()
    calibrate(objective.pk, first["imageId"], Line(0, 0, 100, 0), 100 * UM_PER_PIXEL, by=manager)

    def take(image_format: str, rotation: int = 0, mode: str = "decimate") -> Image:
        binning = {"x": 2, "y": 1, "mode": mode}
        wanted = {"objective": str(objective.pk), "binning": binning, "rotation": rotation}
        assert client.patch(f"{CAMERA}/settings", wanted, format="json").status_code == 200
        answer = client.post(f"{CAMERA}/capture", {"format": image_format}, format="json").json()
        return Image.objects.get(pk=answer["imageId"])

    return take


def sizes_told(path: Path) -> dict[str, tuple[float, float]]:
    """Return the size of a pixel in micrometres along x and y, as each dialect in the file says it."""
    exif, _ = read_exif(path)
    xmp = read_xmp(path)
    told = {"EXIF": per_cm(exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution])}
    told["XMP"] = per_cm(*(ratio(xmp_text(xmp, f"tiff:{axis}Resolution")) for axis in "XY"))
    if path.suffix == ".png":
        content = path.read_bytes()
        x, y, unit = struct.unpack_from(">IIB", content, content.index(b"pHYs") + 4)
        assert unit == 1
        told["pHYs"] = 1e6 / x, 1e6 / y
    if path.name.endswith(".tif"):
        (pixels,) = ElementTree.fromstring(tifffile.tiffcomment(path)).iter(f"{{{NAMESPACE}}}Pixels")
        assert {pixels.attrib["PhysicalSizeXUnit"], pixels.attrib["PhysicalSizeYUnit"]} == {"µm"}
        told["OME"] = float(pixels.attrib["PhysicalSizeX"]), float(pixels.attrib["PhysicalSizeY"])
    return told


def per_cm(x: float, y: float) -> tuple[float, float]:
    return 10_000 / float(x), 10_000 / float(y)


def ratio(text: str) -> float:
    numerator, denominator = map(int, text.split("/"))
    return numerator / denominator


@pytest.mark.parametrize("image_format", list(FORMATS))
@pytest.mark.parametrize(("rotation", "size_um"), [(0, (1.0, 0.5)), (90, (0.5, 1.0))])
def test_row_and_every_dialect_of_the_file_tell_both_sides(capture, archive, image_format, rotation, size_um):
    image = capture(image_format, rotation)
    assert (image.um_per_pixel_x, image.um_per_pixel_y) == size_um
    told = sizes_told(archive.path_of(image.filename))
    assert len(told) == (2 if image_format == "jpg" else 3)
    for dialect, size in told.items():
        assert size == pytest.approx(size_um, rel=1e-5), dialect


@pytest.mark.parametrize("mode", ["bin", "average", "decimate"])
def test_the_rule_by_which_pixels_are_put_together_changes_no_scale(capture, mode):
    image = capture("png", mode=mode)
    assert image.metadata["actual"]["binning"] == {"x": 2, "y": 1, "mode": mode}
    assert (image.um_per_pixel_x, image.um_per_pixel_y) == (1.0, 0.5)


def test_an_export_to_measure_on_tells_both_sides_too(capture, client, tmp_path):
    image = capture("tiff")
    response = client.get(f"/api/v1/images/{image.pk}/file?as=tiff")
    path = tmp_path / f"export{FORMATS['tiff'].extension}"
    path.write_bytes(b"".join(response.streaming_content))
    for dialect, size in sizes_told(path).items():
        assert size == pytest.approx((1.0, 0.5), rel=1e-5), dialect


@pytest.mark.parametrize(("rotation", "um_per_pixel_x"), [(0, 1.0), (90, 0.5)])
def test_a_scale_bar_lies_along_x_and_is_as_long_as_that_says(capture, client, rotation, um_per_pixel_x):
    image = capture("png", rotation)
    bare, burnt = (
        np.asarray(Picture.open(io.BytesIO(b"".join(response.streaming_content)))).astype(int)
        for response in (client.get(f"/api/v1/images/{image.pk}/file?as=png{more}") for more in ("", "&scaleBar=true"))
    )
    rows = ((burnt == 255) & (burnt != bare)).reshape(*burnt.shape[:2], -1).any(axis=2).sum(axis=1)
    longest_um = image.width / 4 * um_per_pixel_x
    length_um = max(step * 10**power for step in (1, 2, 5) for power in range(4) if step * 10**power <= longest_um)
    assert rows.max() == pytest.approx(length_um / um_per_pixel_x, abs=1)
