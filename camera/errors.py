"""What can go wrong with the camera, named by cause.

Each error carries a `code` for programs and a sentence that a person at the bench can act on. None knows HTTP:
the table in `microscope/errors.py` turns them into answers.
"""


class CameraError(Exception):
    """The root of the family. `fields` names the fields of a request that are to blame, if any."""

    code = "camera_error"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class CameraUnavailable(CameraError):
    """There is no camera to talk to, or not yet."""

    code = "camera_unavailable"


class CameraLibraryMissing(CameraUnavailable):
    """The vendor's library is not installed or does not load."""

    code = "camera_library_missing"


class CameraNotFound(CameraUnavailable):
    """The library sees no camera, or not the one whose serial number is configured."""

    code = "camera_not_found"


class CameraInUse(CameraUnavailable):
    """Another program or process has the camera."""

    code = "camera_in_use"


class CameraAccessDenied(CameraUnavailable):
    """The operating system does not let this user open the device."""

    code = "camera_access_denied"


class CameraLost(CameraUnavailable):
    """The camera was there and is gone: unplugged, switched off, or its handle is dead."""

    code = "camera_lost"


class CameraNotResponding(CameraUnavailable):
    """A call into the vendor's library did not return in time."""

    code = "camera_not_responding"


class CameraClosed(CameraUnavailable):
    """The program is ending and has given the camera back."""

    code = "camera_closed"


class TooManyWatchers(CameraError):
    """The live picture has as many watchers as the settings allow."""

    code = "too_many_watchers"


class CaptureFailed(CameraError):
    """The camera is there, yet gave no usable frame within the tries allowed."""

    code = "capture_failed"


class PixelFormatUnsupported(CaptureFailed):
    """The camera is set to a pixel format that this program cannot turn into a picture."""

    code = "pixel_format_unsupported"


class SettingOutOfRange(CameraError):
    """A wanted value is no number or lies outside the camera's limits. Nothing was changed."""

    code = "setting_out_of_range"


class SettingRefused(CameraError):
    """The camera itself refused a value within its limits. Nothing was changed."""

    code = "setting_refused"


class FrameError(CameraError):
    """One frame went wrong; the next may be fine."""

    code = "frame_failed"


class FrameTimeout(FrameError):
    """No frame came in time."""


class FrameInvalid(FrameError):
    """A frame came, but it or its descriptor cannot be believed."""
