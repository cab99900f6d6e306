"""Which driver: CAMERA_DRIVER=auto, pixelink or simulated."""

import logging
from collections.abc import Callable

from camera.drivers.base import Driver
from camera.errors import CameraLibraryMissing, CameraNotFound
from camera.frame import CameraIdentity
from camera.ownership import SeenCamera

logger = logging.getLogger(__name__)


class DriverChoice:
    """Opens the camera that the settings ask for.

    `auto` opens a real camera and simulates only where there is no library or no camera. It never simulates once a
    serial number is configured or a real camera was seen: a lost camera must not turn into drawn pictures.
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
        """An opened driver. Raises the CameraUnavailable that says why there is none."""
        if self._mode == "simulated":
            return self._simulate("The settings ask for the simulated camera.")
        try:
            return self._open_real()
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
