"""The lines that the image page copies, run in the programs that they are for, against the real server."""

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from images.formats import FORMATS, format_of
from images.tests.readers.programs import read_with_imagej
from microscope.tests.server_process import ServerProcess

PASSWORD = "lines-password"
LENGTH_UM, LENGTH_PX = 100, 80
UM_PER_PIXEL = LENGTH_UM / LENGTH_PX
# napari needs 660 MB. This stands in for it, and keeps what it was told to show.
NAPARI = """
import numpy


def view_image(data, *, name, rgb=None, scale=None, units=None):
    numpy.save("shown.npy", data)
    print(repr({"name": name, "rgb": rgb, "scale": scale, "units": units}))
"""


class Library(ServerProcess):
    """A server with two images, one from before the calibration of the objective and one from after it."""

    def __init__(self, data_path: Path, camera: str, image_format: str) -> None:
        super().__init__(data_path, DATABASE_URL="", ADMIN_PASSWORD=PASSWORD, SIMULATED_CAMERA=camera)
        self.image_format = image_format

    def fill(self) -> "Library":
        self.wait_until_ready()
        self.access = self.log_in("admin", PASSWORD)
        self.unscaled = self.capture()
        objective = self.order("POST", "/api/v1/objectives", {"name": "10x", "magnification": 10})["id"]
        self.order("PATCH", "/api/v1/camera/settings", {"objective": objective})
        line = {"x1": 10, "y1": 20, "x2": 10 + LENGTH_PX, "y2": 20, "lengthUm": LENGTH_UM}
        calibration = {"imageId": self.unscaled["imageId"], **line}
        self.order("POST", f"/api/v1/objectives/{objective}/calibrations", calibration)
        self.scaled = self.capture()
        return self

    def order(self, method: str, path: str, body: Any = None) -> Any:
        status, answer = self.ask(method, path, body, self.access)
        assert status < 300, answer
        return answer

    def capture(self) -> dict[str, Any]:
        return self.order("POST", "/api/v1/camera/capture", {"format": self.image_format})

    def line(self, program: str, image: dict[str, Any]) -> str:
        return self.order("POST", f"/api/v1/images/{image['imageId']}/link")[program]


@pytest.fixture(scope="module", params=[("mono-small-12bit", "tiff"), ("colour-small", "jpg")], ids=str)
def library(request, tmp_path_factory) -> Iterator[Library]:
    """Once with originals that programs open as they are, once with others, which they open as TIFF."""
    server = Library(tmp_path_factory.mktemp("library"), *request.param)
    try:
        yield server.fill()
    finally:
        server.kill()


def original_pixels(image: dict[str, Any]) -> np.ndarray:
    """Return the pixels of the file on disk."""
    path = Path(image["filepath"])
    known = format_of(path.name)
    assert known
    return FORMATS[known.name].read_pixels(path)


def run(command: list[str | Path], **options: Any) -> str:
    return subprocess.run(command, check=True, capture_output=True, timeout=120, **options).stdout.decode()


def test_imagej_sees_pixels_depth_and_calibration(library):
    images = [library.scaled, library.unscaled]
    scaled, unscaled = seen = read_with_imagej([library.line("imagej", image) for image in images])
    for image, one in zip(images, seen, strict=True):
        pixels = original_pixels(image)
        planes = np.moveaxis(pixels, -1, 0) if pixels.ndim == 3 else pixels[None]
        assert one.bits == (24 if pixels.ndim == 3 else 16)
        assert np.array_equal(one.values, planes)
    assert scaled.unit in ("µm", "um", "micron")
    assert scaled.size == pytest.approx((UM_PER_PIXEL, UM_PER_PIXEL), rel=1e-6)
    assert (unscaled.unit, unscaled.size) == ("pixel", (1.0, 1.0))


def test_python_gets_the_pixels(library, tmp_path):
    line = library.line("python", library.scaled)
    run([sys.executable, "-c", f"{line}\nimport numpy; numpy.save('pixels.npy', pixels)"], cwd=tmp_path)
    got, pixels = np.load(tmp_path / "pixels.npy"), original_pixels(library.scaled)
    assert got.dtype == pixels.dtype
    assert (got == pixels).all()


@pytest.mark.parametrize("is_scaled", [True, False])
def test_napari_is_asked_to_show_the_pixels_at_their_scale(library, tmp_path, is_scaled):
    image = library.scaled if is_scaled else library.unscaled
    (tmp_path / "napari.py").write_text(NAPARI)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    said = run([sys.executable, "-c", library.line("napari", image)], cwd=tmp_path, env=environment)
    shown, pixels, asked = np.load(tmp_path / "shown.npy"), original_pixels(image), ast.literal_eval(said)
    assert (shown == pixels).all() and shown.dtype == pixels.dtype
    assert asked["rgb"] == (True if pixels.ndim == 3 else None)
    assert (asked["scale"] is not None) == is_scaled
    if is_scaled:
        assert asked["scale"] == pytest.approx((UM_PER_PIXEL, UM_PER_PIXEL))
        assert asked["units"] == ("um", "um")
