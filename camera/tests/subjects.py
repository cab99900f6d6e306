"""The cameras for the driver contract: simulated ones, stand-ins, and a real one."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from camera.drivers.base import Driver
from camera.drivers.pixelink.driver import PixelinkDriver
from camera.drivers.simulated.driver import SimulatedDriver, SimulatedModel
from camera.tests.driving import driving
from camera.tests.standin.codes import PixelFormat

LONG_MS = 8000.0  # longer than any test may wait


class Subject:
    """A camera for the contract. `make` returns a new driver for it that is not open yet."""

    def __init__(self, make: Callable[[], Driver], unplug: Callable, replug: Callable) -> None:
        self._make = make
        self.unplug, self.replug = unplug, replug
        self._made: list[Driver] = []

    def make(self) -> Driver:
        self._made.append(self._make())
        return self._made[-1]

    def close(self) -> None:
        for driver in self._made:
            driver.close()


@contextmanager
def simulated(model: SimulatedModel) -> Iterator[Subject]:
    drivers: list[SimulatedDriver] = []

    def make() -> SimulatedDriver:
        drivers.append(SimulatedDriver(model))
        return drivers[-1]

    yield Subject(make, lambda: drivers[-1].unplug(), lambda: drivers[-1].replug())


@contextmanager
def pixelink(pixel_format: PixelFormat, **characteristics: Any) -> Iterator[Subject]:
    with driving(**characteristics) as driven:
        driven.camera.leave_behind(pixel_format=pixel_format)
        driven.camera.user_settings = driven.camera.settings  # as of power-up, also after replugging
        library, camera = driven.library, driven.camera
        subject = Subject(PixelinkDriver, lambda: library.unplug(camera), lambda: library.plug(camera))
        yield subject
        subject.close()


@contextmanager
def hardware() -> Iterator[Subject]:
    yield Subject(PixelinkDriver, unplug=lambda: None, replug=lambda: None)


MONO = SimulatedModel("mono-tiny", 320, 256, False, 12)
COLOUR = SimulatedModel("colour-tiny", 320, 256, True, 8)
PLUGGABLE = [
    pytest.param(lambda: simulated(MONO), id="simulated-mono-12bit"),
    pytest.param(lambda: simulated(COLOUR), id="simulated-colour-8bit"),
    pytest.param(lambda: pixelink(PixelFormat.MONO8), id="pixelink-mono8"),
    pytest.param(lambda: pixelink(PixelFormat.MONO16, significant_bits=16), id="pixelink-mono16"),
    pytest.param(lambda: pixelink(PixelFormat.MONO10_PACKED_MSFIRST), id="pixelink-mono10-packed"),
    pytest.param(lambda: pixelink(PixelFormat.BAYER8_GRBG, is_colour=True), id="pixelink-bayer8"),
    pytest.param(lambda: pixelink(PixelFormat.BAYER16_GRBG, is_colour=True), id="pixelink-bayer16-12bit"),
]
ALL = [*PLUGGABLE, pytest.param(hardware, marks=pytest.mark.hardware, id="hardware")]
