"""Calls into the vendor's library through `pixelinkWrapper`: loading it, return codes, errors.

The wrapper loads the native library as it is imported, so it is imported only when a camera is wanted.
"""

import ctypes
import logging
import os
import sys
from pathlib import Path
from typing import Any

from camera import errors

logger = logging.getLogger(__name__)

GONE = {
    "ApiNoCameraError",
    "ApiNoCameraAvailableError",
    "ApiNoDeviceError",
    "ApiInvalidHandleError",
    "ApiHardwareError",
    "ApiIOError",
    "ApiCameraUnknownError",
    "ApiDriverCommunicationError",
    "ApiLinkDriverError",
    "ApiNoStreamError",
}
REFUSED = {
    "ApiOutOfRangeError",
    "ApiInvalidParameterError",
    "ApiCameraRejectedValueError",
    "ApiNotSupportedError",
    "ApiFeatureConflictError",
    "ApiInconsistentConfiguration",
}
TIMED_OUT = {"ApiCameraTimeoutError", "ApiTimeoutError"}
NO_CAMERA = {
    "ApiNoCameraError",
    "ApiNoCameraAvailableError",
    "ApiNoDeviceError",
    "ApiInvalidSerialNumberError",
    "ApiNoSerialNumberError",
}


class Sdk:
    """The loaded wrapper. Results of calls are checked here, once for all."""

    def __init__(self) -> None:
        """Load the library, some milliseconds. Raises CameraLibraryMissing."""
        self.api = _import_wrapper()
        self._names = {code: name for name, code in vars(self.api.ReturnCode).items() if name.startswith("Api")}
        self._warned: set[str] = set()

    def name_of(self, return_code: int) -> str:
        return self._names.get(return_code, f"code {return_code}")

    def call(self, function: str, *arguments: Any) -> tuple[str, tuple]:
        """The name of the return code and what came with it (nothing after an error). Raises CameraUnavailable only
        where the installed library lacks the function."""
        try:
            return_code, *results = getattr(self.api, function)(*arguments)
        except AttributeError as missing:
            raise errors.CameraUnavailable(f"The installed Pixelink library is too old: {missing}.") from missing
        name = self.name_of(return_code)
        if return_code > 0 and name not in self._warned:
            self._warned.add(name)
            logger.info("%s answered %s (said once)", function, name)
        return name, tuple(results) if return_code >= 0 else ()

    def demand(self, function: str, *arguments: Any) -> tuple:
        """What a call that must succeed came back with. Raises the error that fits the return code."""
        name, results = self.call(function, *arguments)
        if not self.is_success(name):
            raise error_for(name, function)
        return results

    def ask(self, function: str, *arguments: Any) -> tuple | None:
        """As `demand`, for what a camera or a library may lack: None after any failure."""
        try:
            name, results = self.call(function, *arguments)
        except errors.CameraUnavailable:
            return None
        return results if self.is_success(name) else None

    @staticmethod
    def is_success(name: str) -> bool:
        return name.startswith(("ApiSuccess", "ApiFeatureDeprecatedWarning", "ApiCompressionNotPossibleWarning"))


def error_for(name: str, function: str) -> errors.CameraError:
    """The error, by cause, for the SDK's return code of that name."""
    if name == "ApiCameraInUseError":
        return errors.CameraInUse("Another program is using the camera. Close it there, then try again.")
    if name == "ApiOSAccessDeniedError":
        return errors.CameraAccessDenied(
            "This user may not open the camera (the system denied access). On Linux, install the SDK's udev rules."
        )
    if name in TIMED_OUT:
        return errors.FrameTimeout(f"The camera sent no frame in time ({name}).")
    if name in GONE:
        return errors.CameraLost(f"The camera does not answer any more ({name}). Check its cable and power.")
    if name in REFUSED and function == "setFeature":
        return errors.SettingRefused(f"The camera refused the value ({name}).")
    if function == "getNextNumPyFrame":
        return errors.FrameInvalid(f"The camera sent no usable frame ({name}).")
    return errors.CameraUnavailable(f"The camera's library reports {name} from {function}.")


def _import_wrapper() -> Any:
    _point_to_library()
    try:
        from pixelinkWrapper import PxLApi
    except Exception as problem:
        # The boundary to foreign import code: it loads a native library, runs `find` in a shell and parses its
        # output, and so raises OSError, ValueError, IndexError or CalledProcessError as the installation may be.
        sys.modules.pop("pixelinkWrapper", None)
        raise errors.CameraLibraryMissing(
            f"The Pixelink library could not be loaded ({problem}). Install the Pixelink SDK for this system."
        ) from problem
    return PxLApi


def _point_to_library() -> None:
    """Tell the wrapper where the library lies, if nobody has: else its `find` searches the current folder."""
    if os.name == "nt" or os.environ.get("PIXELINK_SDK_LIB"):
        return
    for folder in [
        *os.environ.get("LD_LIBRARY_PATH", "").split(":"),
        "/usr/lib",
        "/usr/local/lib",
        "/opt/PixeLINK/lib",
    ]:
        if folder and any(Path(folder).glob("libPxLApi*.so.*.*.*.*")):
            os.environ["PIXELINK_SDK_LIB"] = folder
            return


def as_c_unsigned(serial_number: str) -> int:
    """A serial number as the library takes it. Raises CameraNotFound for one that no Pixelink camera can have.

    The wrapper declares no argument types: a text would be passed as a pointer, and a number beyond 32 bit cut to
    another one, 0 meaning "any camera".
    """
    if not serial_number.isdecimal() or not 0 < int(serial_number) < 2 ** (8 * ctypes.sizeof(ctypes.c_uint)):
        raise errors.CameraNotFound(f"CAMERA_SERIAL_NUMBER is {serial_number!r}, which is no Pixelink serial number.")
    return int(serial_number)
