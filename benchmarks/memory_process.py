"""Serves for benchmarks.memory, and imports little beside the program: `python -m benchmarks.memory_process SCENARIO
FOLDER`. A stand-in Pixelink camera returns one prepared frame, which is in the folder, beside its picture."""

import ctypes
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import numpy as np

from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.codes import PixelFormat, ReturnCode
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install_forever
from camera.tests.standin.native import ENTRIES, Entry

SERIAL = 725001234
ROW_TIME_S = 11.7e-3 / 1216


@dataclass(frozen=True)
class Scenario:
    """A camera, and what the clients ask of it. `pixel_format` is that of the stand-in; None for the simulated
    camera."""

    name: str
    width: int
    height: int
    image_format: str
    pixel_format: PixelFormat | None = None
    model: str = ""

    @property
    def environment(self) -> dict[str, str]:
        if self.pixel_format is None:
            return {"CAMERA_DRIVER": "simulated", "SIMULATED_CAMERA": self.model}
        return {"CAMERA_DRIVER": "pixelink"}


SCENARIOS = [
    Scenario("pixelink 1936 x 1216 colour, JPEG", 1936, 1216, "jpg", PixelFormat.BAYER8_GRBG),
    Scenario("pixelink 5 MP mono 16 bit, TIFF", 2592, 2048, "tiff", PixelFormat.MONO16),
    Scenario("pixelink 5 MP colour 16 bit, TIFF", 2592, 2048, "tiff", PixelFormat.BAYER16_GRBG),
    Scenario("pixelink 5 MP mono 16 bit, JPEG", 2592, 2048, "jpg", PixelFormat.MONO16),
    Scenario("simulated 1920 x 1080 colour, JPEG", 1920, 1080, "jpg", model="colour-2mp"),
    Scenario("simulated 5 MP mono 12 bit, TIFF", 2592, 2048, "tiff", model="mono-5mp-12bit"),
]


class PreparedCamera(StandinCamera):
    """Every frame has the same bytes, whatever the settings are."""

    def __init__(self, scenario: Scenario, frame: bytes) -> None:
        with mock.patch("camera.tests.standin.camera.draw_scene", return_value=np.zeros((1, 1, 3))):
            super().__init__(
                SERIAL,
                is_colour=scenario.pixel_format is not PixelFormat.MONO16,
                sensor_width=scenario.width,
                sensor_height=scenario.height,
                significant_bits=16,
                row_time_s=ROW_TIME_S,
                link_bytes_per_s=1e9,
            )
        self._frame = frame
        self.leave_behind(pixel_format=scenario.pixel_format)
        self.user_settings = self.settings

    def pixels_of(self, _frame: object) -> bytes:
        return self._frame


def serve(scenario: Scenario, folder: Path) -> None:
    """Run `manage.py serve` on the stand-in. The prepared picture is in the folder."""
    picture = (folder / "picture").read_bytes() if (folder / "picture").exists() else b""

    def format_picture(_library, _frame, _descriptor, _format, target: int | None, size: int) -> ReturnCode:
        if target:
            ctypes.memmove(target, picture, len(picture))
        ctypes.c_uint.from_address(size).value = len(picture)
        return ReturnCode.ApiSuccess

    ENTRIES["PxLFormatImage"] = Entry("library", format_picture, ENTRIES["PxLFormatImage"].argument_types)
    install_forever(Library([PreparedCamera(scenario, (folder / "frame").read_bytes())]))
    sys.argv = ["manage.py", "serve"]
    import manage

    manage.main()


if __name__ == "__main__":
    serve(next(one for one in SCENARIOS if one.name == sys.argv[1]), Path(sys.argv[2]))
