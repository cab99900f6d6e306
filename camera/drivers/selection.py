"""Selects the driver by CAMERA_DRIVER: `auto`, `simulated`, or a make of cameras. `auto` looks for a Pixelink
camera."""

import logging
from collections.abc import Callable

from camera.drivers.base import Driver
from camera.drivers.seen_camera import SeenCamera
from camera.errors import CameraLibraryMissing, CameraNotFound
from camera.frame import CameraIdentity

logger = logging.getLogger(__name__)


def make_pixelink_driver(serial_number: str) -> Driver:
    # Imported at the first use: a library without a camera imports no driver.
    from camera.drivers.pixelink.driver import PixelinkDriver

    return PixelinkDriver(serial_number)


# Makes a closed driver for the camera with this serial number ("": any camera). The keys are values of CAMERA_DRIVER.
MAKES: dict[str, Callable[[str], Driver]] = {"pixelink": make_pixelink_driver}


class DriverSelection:
    """Opens the camera that the settings ask for.

    `auto` opens a real camera, and simulates only if there is no library or no camera. It never simulates if a serial
    number is configured or a real camera was seen before: simulated pictures must not replace those of a lost camera.
    """

    def __init__(
        self,
        mode: str,
        real: Callable[[], Driver],
        simulated: Callable[[], Driver],
        seen: SeenCamera,
        has_serial_number: bool = False,
    ) -> None:
        self._mode = mode
        self._real = real
        self._simulated = simulated
        self._seen = seen
        self._has_serial_number = has_serial_number

    def open(self) -> tuple[Driver, CameraIdentity]:
        """Return an open driver and its camera. Raises CameraUnavailable with the reason if there is none."""
        if self._mode == "simulated":
            return self._simulate("The settings ask for the simulated camera.")
        try:
            return self._open_real()
        # A camera that another program uses, or that does not respond, exists. It is never replaced by a simulated one.
        except (CameraLibraryMissing, CameraNotFound) as absent:
            if not self._may_simulate():
                raise
            logger.warning("Simulating the camera: %s", absent)
            cause = "No camera was found." if isinstance(absent, CameraNotFound) else "No camera library is installed."
            return self._simulate(cause)

    def _may_simulate(self) -> bool:
        return self._mode == "auto" and not self._has_serial_number and self._seen.recall() is None

    def _open_real(self) -> tuple[Driver, CameraIdentity]:
        driver = self._real()
        identity = driver.open()
        self._seen.remember(identity)
        return driver, identity

    def _simulate(self, reason: str) -> tuple[Driver, CameraIdentity]:
        driver = self._simulated()
        driver.simulation_reason = reason
        return driver, driver.open()
