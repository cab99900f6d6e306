"""The project itself, an app for its command `serve`. Wires the others; none of them imports it."""

from django.apps import AppConfig


class MicroscopeConfig(AppConfig):
    name = "microscope"
