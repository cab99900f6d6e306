"""System checks of settings that are wrong only in combination."""

from django.conf import settings
from django.core.checks import Error, Warning, register

THREADS_IN_RESERVE = 8


@register
def check_threads(app_configs, **kwargs) -> list[Warning | Error]:
    """Check that threads are left for other requests: each watcher of the live view occupies one."""
    if settings.SERVER_THREADS < settings.LIVE_MAX_WATCHERS + THREADS_IN_RESERVE:
        return [
            Error(
                f"SERVER_THREADS={settings.SERVER_THREADS} is too small for "
                f"LIVE_MAX_WATCHERS={settings.LIVE_MAX_WATCHERS}.",
                hint="Each watcher of the live view uses one thread. Set SERVER_THREADS at least 8 higher.",
                id="camera.E001",
            )
        ]
    return []


@register
def check_serial_number(app_configs, **kwargs) -> list[Warning | Error]:
    """Check the serial number of a Pixelink camera. Other makers also use letters."""
    is_pixelink = settings.CAMERA_DRIVER in ("auto", "pixelink")
    if is_pixelink and settings.CAMERA_SERIAL_NUMBER and not settings.CAMERA_SERIAL_NUMBER.isdecimal():
        return [Error("CAMERA_SERIAL_NUMBER must be a number, as printed on the camera.", id="camera.E002")]
    return []
