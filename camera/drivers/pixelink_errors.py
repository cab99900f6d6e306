"""What the return codes of Pixelink's SDK mean for this program: one error, by cause, for each.

Names and meanings as in the vendor's PixeLINKCodes.h. Codes that the vendor's application takes for a camera that was
unplugged are treated alike, since which of them comes is not documented.
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

WARNINGS = {
    "ApiSuccessLowMemory": "The system gives USB too little memory, frames may get lost. Raise usbfs_memory_mb.",
    "ApiSuccessReducedSpeedWarning": "The camera runs at the speed of USB 2. Plug it into a USB 3 port.",
    "ApiSuccessApiLiteWarning": "Only the Lite edition of the Pixelink library is installed.",
}


def error_for(name: str, function: str) -> errors.CameraError:
    """The error for the return code of that name, which came from that function of the wrapper."""
    if name in TAKEN:
        return errors.CameraInUse("Another program is using the camera. Close it there, then try again.")
    if name == "ApiOSAccessDeniedError":
        return errors.CameraAccessDenied(
            "This user may not open the camera (the system denied access). On Linux, install the SDK's udev rules."
        )
    if name in GONE:
        return errors.CameraLost(f"The camera does not answer ({name}). Check its cable and power.")
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
            "The camera's library cannot read the pixel format that the camera is set to. "
            "Set it to an 8- or 16-bit mono or Bayer format."
        )
    if name in TOO_LITTLE:
        return errors.FrameInvalid(_say_too_little(name))
    return errors.FrameInvalid(f"The camera sent no usable frame ({name}).")


def _other_error_for(name: str, function: str) -> errors.CameraError:
    if name in TIMED_OUT:
        return errors.CameraNotResponding(
            f"The camera did not answer in time ({name} from {function}). If it stays so, switch it off and on."
        )
    if name in TOO_LITTLE:
        return errors.CameraUnavailable(_say_too_little(name))
    return errors.CameraUnavailable(
        f"The camera's library reports {name} from {function}. If it stays so, switch the camera off and on."
    )


def _say_too_little(name: str) -> str:
    return (
        f"The computer's USB bus or memory is too small for the camera ({name}). "
        "Give the camera a USB 3 port of its own, or set it to a smaller region or to 8 bit."
    )
