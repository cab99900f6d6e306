"""The camera of a program that has none: the library of several instruments."""

from typing import NoReturn

from camera.errors import NoCamera
from camera.results.status import CameraStatus, describe_absent_camera
from camera.service import Camera


class AbsentCamera(Camera):
    """Says that it is not there. Every method that needs a camera raises NoCamera. Nothing is ever opened or
    simulated."""

    is_absent = True

    def __init__(self) -> None:
        self.purpose = "the library"
        self._loop = None

    def status(self) -> CameraStatus:
        return describe_absent_camera()

    def close(self, timeout_s: float = 0.0) -> None:
        """Nothing was opened."""

    def _running_loop(self) -> NoReturn:
        raise NoCamera
