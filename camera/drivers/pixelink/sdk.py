"""Calls into the vendor's library through `pixelinkWrapper`. All return codes are checked here."""

import logging
from collections.abc import Callable
from ctypes import byref, c_uint, c_void_p
from typing import Any, NamedTuple

import numpy as np

from camera import errors
from camera.drivers.pixelink.errors import TOO_SMALL, error_for
from camera.drivers.pixelink.library import load_wrapper
from camera.drivers.pixelink.warnings import Warnings

logger = logging.getLogger(__name__)


class Answer(NamedTuple):
    """The result of a call. `name` is the name of the return code. `results` is empty after a failure."""

    name: str
    is_success: bool
    results: tuple


class Sdk:
    """The loaded wrapper, as `api`. Calls without a handle may be made from any thread."""

    def __init__(self) -> None:
        """Load the library; takes some milliseconds. Raises CameraLibraryMissing."""
        self.api = load_wrapper()
        self._names = {code: name for name, code in vars(self.api.ReturnCode).items() if name.startswith("Api")}
        self._said: set[str] = set()
        self.warnings = Warnings()

    def call(self, function: str, *arguments: Any) -> Answer:
        """Call a function of the wrapper and return the result, also after a failure. Raises CameraUnavailable only if
        the library lacks the function or crashes in it."""
        return self._call(function, arguments, lambda: getattr(self.api, function)(*arguments))

    def convert(self, frame: np.ndarray, native: Any, image_format: int, target: np.ndarray) -> Answer:
        """Convert a frame as the wrapper's formatNumPyImage does, but into `target`, because the wrapper allocates
        megabytes for each frame. The result is the size of the picture in bytes. If `target` is smaller, the picture is
        cut off."""
        size = c_uint(target.nbytes)

        def convert() -> tuple:
            source = frame.ctypes.data_as(c_void_p), byref(native)
            code = self.api._Api.PxLFormatImage(*source, image_format, target.ctypes.data_as(c_void_p), byref(size))
            return code, size.value

        answer = self._call("formatNumPyImage", (), convert)
        # The library may want more memory than the picture needs. Then the wrapper's own function allocates it.
        if answer.name not in TOO_SMALL:
            return answer
        answer = self.call("formatNumPyImage", frame, native, image_format)
        if not answer.results:
            return answer
        picture = np.frombuffer(answer.results[0], np.uint8)
        target[:] = picture[: target.size]
        return answer._replace(results=(picture.size,))

    def _call(self, function: str, arguments: tuple, call: Callable[[], tuple]) -> Answer:
        try:
            return_code, *results = call()
        # ctypes looks a function up at its first call. Older libraries lack some.
        except AttributeError as missing:
            raise errors.CameraUnavailable(f"The installed Pixelink library is too old: {missing}.") from missing
        except OSError as crash:  # ctypes raises OSError for an access violation on Windows
            raise errors.CameraLost(f"The Pixelink library failed in {function} ({crash}).") from crash
        # Codes from 0 up are successes. Newer libraries have some whose names are unknown here.
        is_success = return_code >= 0
        name = self._names.get(return_code, f"code {return_code}")
        if is_success:
            self._note(name, function, arguments)
        return Answer(name, is_success, tuple(results) if is_success else ())

    def require(self, function: str, *arguments: Any) -> tuple:
        """Call a function that must succeed, and return its results. Raises the error for the return code."""
        answer = self.call(function, *arguments)
        if not answer.is_success:
            raise error_for(answer.name, function)
        return answer.results

    def ask(self, function: str, *arguments: Any) -> tuple | None:
        """Call a function that the camera or library may lack, and return its results; None after any failure."""
        try:
            answer = self.call(function, *arguments)
        except errors.CameraUnavailable:
            return None
        return answer.results if answer.is_success else None

    def list_serial_numbers(self) -> list[int]:
        """Return the serial numbers of all connected cameras; empty if the library cannot list them."""
        found = self.ask("getNumberCameras") or ([],)
        return [camera.CameraSerialNum for camera in found[0]]

    def _note(self, name: str, function: str, arguments: tuple) -> None:
        """Note the warning of a success code. The log gets each code once, as a warning if the user can do something
        about it."""
        warning = self.warnings.note(name, function, arguments)
        if name == "ApiSuccess" or name in self._said:
            return
        self._said.add(name)
        if warning is None:
            logger.debug("%s returned %s (logged once)", function, name)
        else:
            logger.warning("%s (%s from %s)", warning.message, name, function)
