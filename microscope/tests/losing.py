"""A camera that was unplugged, and stays as it was at that moment however busy the machine is."""

import pytest

from camera.drivers.simulated.driver import SimulatedDriver
from camera.service import Camera
from images.tests.conftest import wait_until


def lose(camera: Camera, drivers: list[SimulatedDriver], monkeypatch: pytest.MonkeyPatch) -> None:
    """Unplug the camera. Its status stays that of the loss, although it is opened again soon."""
    seen = []

    def is_lost() -> bool:
        seen.append(camera.status())
        return not seen[-1].is_well

    camera.capture(exposure_ms=1)
    drivers[-1].unplug()
    wait_until(is_lost)
    monkeypatch.setattr(camera, "status", lambda: seen[-1])
