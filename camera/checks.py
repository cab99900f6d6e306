"""Checks of the settings that one alone cannot show to be wrong."""

from django.conf import settings
from django.core.checks import Error, Warning, register

THREADS_IN_RESERVE = 8


@register
def check_threads(app_configs, **kwargs) -> list[Warning | Error]:
    """Each watcher holds a thread: with none left, the program would be deaf to everyone else."""
    if settings.SERVER_THREADS < settings.LIVE_MAX_WATCHERS + THREADS_IN_RESERVE:
        return [
            Error(
                f"SERVER_THREADS={settings.SERVER_THREADS} leaves too few threads beside "
                f"LIVE_MAX_WATCHERS={settings.LIVE_MAX_WATCHERS}.",
                hint="Every watcher of the live picture takes one thread; keep at least 8 more.",
                id="camera.E001",
            )
        ]
    return []


@register
def check_serial_number(app_configs, **kwargs) -> list[Warning | Error]:
    if settings.CAMERA_SERIAL_NUMBER and not settings.CAMERA_SERIAL_NUMBER.isdecimal():
        return [Error("CAMERA_SERIAL_NUMBER must be a number, as printed on the camera.", id="camera.E002")]
    return []
