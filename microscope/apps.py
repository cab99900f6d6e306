"""The project itself, an app for its command `serve`. Wires the others; none of them imports it."""

from django.apps import AppConfig


class MicroscopeConfig(AppConfig):
    name = "microscope"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from microscope import audit  # noqa: F401 (connects its signals)
