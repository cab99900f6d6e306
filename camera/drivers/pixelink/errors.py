"""Maps the return codes of the Pixelink SDK to this program's errors.

Names and meanings are from the vendor's PixeLINKCodes.h. GONE holds the codes that the vendor's application takes as a
sign of an unplugged camera; the SDK does not document which of them comes when.
"""

from camera import errors

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
}
REFUSED = {
    "ApiOutOfRangeError",
    "ApiInvalidParameterError",
    "ApiCameraRejectedValueError",
    "ApiNotSupportedError",
    "ApiNotSupportedOnLiteVersion",
    "ApiNotPermittedWhileStreaming",
    "ApiFeatureConflictError",
    "ApiInconsistentConfiguration",
}
TIMED_OUT = {"ApiCameraTimeoutError", "ApiTimeoutError", "ApiCameraNotReady"}
STREAM_IS_OFF = {"ApiStreamStopped", "ApiNoStreamError"}
TOO_SMALL = {"ApiBufferTooSmall", "ApiBufferTooSmallForInterleavedError"}
TOO_LITTLE = {
    "ApiOutOfBandwidthError",
    "ApiNotEnoughResourcesError",
    "ApiOutOfMemoryError",
    "ApiIncorrectLinkSpeed",
}
NO_CAMERA = {
    "ApiNoCameraError",
    "ApiNoCameraAvailableError",
    "ApiNoDeviceError",
    "ApiInvalidSerialNumberError",
    "ApiNoSerialNumberError",
}
TAKEN = {"ApiCameraInUseError", "ApiRequiresControlAccess"}


def error_for(name: str, function: str) -> errors.CameraError:
    """Return the error for a return code by its name. `function` is the wrapper's function that returned it."""
    if name in TAKEN:
        return errors.CameraInUse("Another program is using the camera. Close that program, then try again.")
    if name == "ApiOSAccessDeniedError":
        return errors.CameraAccessDenied(
            "The system denied access to the camera. On Linux, install the udev rules of the SDK."
        )
    if name in GONE:
        return errors.CameraLost(f"The camera does not respond ({name}). Check its cable and power.")
    if function == "getNextNumPyFrame":
        return _frame_error_for(name)
    if function == "setFeature" and name in REFUSED:
        return errors.SettingRefused(f"The camera refused the value ({name}).")
    return _other_error_for(name, function)


def _frame_error_for(name: str) -> errors.CameraError:
    if name in TIMED_OUT:
        return errors.FrameTimeout(f"The camera sent no frame in time ({name}).")
    if name in STREAM_IS_OFF:
        return errors.FrameTimeout(f"The stream was stopped while waiting for a frame ({name}).")
    if name == "ApiUnsupportedPixelFormatError":
        return errors.PixelFormatUnsupported(
            "The camera's library does not support the current pixel format. "
            "Set it to an 8- or 16-bit mono or Bayer format."
        )
    if name in TOO_LITTLE:
        return errors.FrameInvalid(_say_too_little(name))
    return errors.FrameInvalid(f"The camera sent no usable frame ({name}).")


def _other_error_for(name: str, function: str) -> errors.CameraError:
    if name in TIMED_OUT:
        return errors.CameraNotResponding(
            f"The camera did not respond in time ({name} from {function}). If this persists, reconnect it."
        )
    if name in TOO_LITTLE:
        return errors.CameraUnavailable(_say_too_little(name))
    return errors.CameraUnavailable(
        f"The camera's library reports {name} from {function}. If this persists, reconnect the camera."
    )


def _say_too_little(name: str) -> str:
    return (
        f"The USB bandwidth or the memory of the PC is too small for the camera ({name}). "
        "Connect the camera to its own USB 3 port, or choose a smaller region or an 8-bit format."
    )
