"""Calls into the vendor's library through `pixelinkWrapper`: return codes are checked here, once for all."""

import logging
from typing import Any, NamedTuple

from camera import errors
from camera.drivers.pixelink_errors import WARNINGS, error_for
from camera.drivers.pixelink_library import load_wrapper

logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    """How a call ended. `name` is that of the return code; `results` are what came with it, nothing after a failure."""

    name: str
    is_success: bool
    results: tuple


class Sdk:
    """The loaded wrapper, as `api`. Calls that take no handle may be made from any thread."""

    def __init__(self) -> None:
        """Load the library, some milliseconds. Raises CameraLibraryMissing."""
        self.api = load_wrapper()
        self._names = {code: name for name, code in vars(self.api.ReturnCode).items() if name.startswith("Api")}
        self._said: set[str] = set()

    def call(self, function: str, *arguments: Any) -> Answer:
        """Raises CameraUnavailable only where the installed library lacks the function or crashed in it."""
        try:
            return_code, *results = getattr(self.api, function)(*arguments)
        except AttributeError as missing:
            raise errors.CameraUnavailable(f"The installed Pixelink library is too old: {missing}.") from missing
        except OSError as crash:  # how ctypes tells of an access violation, on Windows
            raise errors.CameraLost(f"The Pixelink library failed in {function} ({crash}).") from crash
        # Codes from 0 are success, with newer ones among them whose names are not known here.
        is_success = return_code >= 0
        name = self._names.get(return_code, f"code {return_code}")
        if return_code > 0:
            self._note(name, function)
        return Answer(name, is_success, tuple(results) if is_success else ())

    def demand(self, function: str, *arguments: Any) -> tuple:
        """The results of a call that must succeed. Raises the error that fits the return code."""
        answer = self.call(function, *arguments)
        if not answer.is_success:
            raise error_for(answer.name, function)
        return answer.results

    def ask(self, function: str, *arguments: Any) -> tuple | None:
        """As `demand`, for what a camera or a library may lack: None after any failure."""
        try:
            answer = self.call(function, *arguments)
        except errors.CameraUnavailable:
            return None
        return answer.results if answer.is_success else None

    def list_serial_numbers(self) -> list[int]:
        """Of the cameras that the library sees; empty also where it cannot say."""
        found = self.ask("getNumberCameras") or ([],)
        return [camera.CameraSerialNum for camera in found[0]]

    def _note(self, name: str, function: str) -> None:
        """Success with a remark: said once, loudly where a person can do something about it."""
        if name in self._said:
            return
        self._said.add(name)
        if name in WARNINGS:
            logger.warning("%s (%s from %s)", WARNINGS[name], name, function)
        else:
            logger.debug("%s answered %s (said once)", function, name)
