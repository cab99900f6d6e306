"""The errors of the camera, named by their cause.

Each error has a `code` for programs and a sentence on which the user can act. The table in `microscope/errors.py` gives
each its HTTP status.
"""

from typing import Any


class CameraError(Exception):
    """The base class. `fields` maps the invalid fields of a request to their messages; it is empty if no field is at
    fault."""

    code = "camera_error"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class CameraUnavailable(CameraError):
    """There is no camera, or it is not open yet."""

    code = "camera_unavailable"


class NoCamera(CameraError):
    """This program is the library of several instruments, and no camera belongs to it."""

    code = "no_camera"

    def __init__(self) -> None:
        super().__init__("This is the library, which has no camera. Open one of the instruments.")


class CameraLibraryMissing(CameraUnavailable):
    """The vendor's library is not installed or does not load."""

    code = "camera_library_missing"


class CameraNotFound(CameraUnavailable):
    """The library finds no camera, or not the one with the configured serial number."""

    code = "camera_not_found"


class CameraInUse(CameraUnavailable):
    """Another program or process uses the camera."""

    code = "camera_in_use"


class CameraAccessDenied(CameraUnavailable):
    """The operating system does not let this user open the device."""

    code = "camera_access_denied"


class CameraLost(CameraUnavailable):
    """The connection to an open camera is lost: it was unplugged or switched off, or its handle is invalid."""

    code = "camera_lost"


class CameraNotResponding(CameraUnavailable):
    """A call into the vendor's library did not return in time."""

    code = "camera_not_responding"


class CameraClosed(CameraUnavailable):
    """The program is stopping and has closed the camera."""

    code = "camera_closed"


class CameraBusy(CameraError):
    """A burst has the camera, and nobody else gets it meanwhile."""

    code = "camera_busy"


class TooManyWatchers(CameraError):
    """The live view has as many watchers as LIVE_MAX_WATCHERS allows."""

    code = "too_many_watchers"


class LiveLinkInvalid(CameraError):
    """A link to the live view is invalid or expired, or its user has lost the permission to watch."""

    code = "live_link_invalid"


class CaptureFailed(CameraError):
    """The camera is open, but sent no usable frame within the allowed number of tries."""

    code = "capture_failed"


class PixelFormatUnsupported(CaptureFailed):
    """The camera is set to a pixel format that this program cannot turn into a picture."""

    code = "pixel_format_unsupported"


class FramesLost(CaptureFailed):
    """Frames in a row were wanted, and the camera left some out."""


class FramesTooFast(CaptureFailed):
    """Frames in a row were wanted, and came faster than this PC could use them."""


class SettingOutOfRange(CameraError):
    """A requested value is not a number or is outside the limits of the camera. No setting has changed."""

    code = "setting_out_of_range"


class SettingRefused(CameraError):
    """The camera refused a value although it is within the limits, or lacks the feature. No setting has changed."""

    code = "setting_refused"


class ControlRefused(CameraError):
    """Somebody else controls the camera now. Nothing was done. `details` says who controls it."""

    def __init__(self, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.details = details or {}


class ControlHeld(ControlRefused):
    """Control was held by somebody else when the request came."""

    code = "control_held"


class ControlLost(ControlRefused):
    """The requester had control, and has lost it. A script must stop."""

    code = "control_lost"


# A driver that raises one of these has changed no setting.
SETTING_REFUSALS = (SettingOutOfRange, SettingRefused)
# One request is refused, and the camera is well.
REFUSALS = (*SETTING_REFUSALS, ControlRefused)


class FrameError(CameraError):
    """One frame failed; the next may succeed."""

    code = "frame_failed"


class FrameTimeout(FrameError):
    """No frame arrived in time."""


class FrameInvalid(FrameError):
    """A frame arrived, but its pixels or its descriptor are not plausible."""
