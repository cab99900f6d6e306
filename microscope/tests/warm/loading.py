"""Loads the program before its settings are known. A process that does so can become programs of many settings.

Django wants settings first, so the program loads with those of the tests. What it reads of them meanwhile is noted. A
program for which one of these is another one starts anew, as a user starts it.
"""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

import django.conf
from django.apps import AppConfig, apps
from django.conf import Settings, empty, settings
from django.contrib.admin import autodiscover
from django.db import connections
from django.utils.module_loading import import_string

from camera.drivers.simulated.driver import MODELS, SimulatedDriver

# These load nearly all of the program, and the camera that tests put in its place.
PARTS = (
    *("microscope.urls", "microscope.start.checks", "microscope.start.role_checks", "camera.checks"),
    *("microscope.events.deliverer", "images.notices.deliverer", "images.spool.make", "images.instruments.make"),
    *("microscope.http.server", "microscope.setup.invitation", "microscope.start.startup", "images.backup.schedule"),
    *("microscope.management.commands.migrate", "django.core.management.commands.check", "drf_spectacular.checks"),
    *("camera.drivers.pixelink.driver", "camera.tests.rig"),
)
# The cameras of most tests. A specimen is drawn once in each process.
CAMERAS = ("colour-small", "mono-small-12bit")


class Loaded:
    """The program, loaded as far as that is possible before its settings are known."""

    def __init__(self) -> None:
        os.environ["DJANGO_SETTINGS_MODULE"] = "microscope.settings"
        noting = NotingSettings("microscope.settings")
        settings._wrapped = noting
        _load()
        self._noted = noting.noted
        _forget_settings()

    def expect_settings(self, start_anew: Callable[[], NoReturn]) -> None:
        """Start anew if it turns out that the settings differ from those that were read."""
        noted = self._noted.items()

        class ExpectedSettings(Settings):
            def __init__(self, module: str) -> None:
                super().__init__(module)
                if any(_shorten(name, getattr(self, name)) != value for name, value in noted):
                    start_anew()

        django.conf.Settings = ExpectedSettings


class NotingSettings:
    """The settings, and a note of each one that was read."""

    def __init__(self, module: str) -> None:
        self._settings = Settings(module)
        self.noted: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._settings, name)
        if name.isupper():
            self.noted[name] = _shorten(name, value)
        return value


def _shorten(name: str, value: Any) -> Any:
    """Of the database only its kind matters before the first connection."""
    return value["default"]["ENGINE"] if name == "DATABASES" else value


def _load() -> None:
    """Do what Django does before it tells the apps that they are ready."""
    apps.app_configs = {app.label: app for app in map(AppConfig.create, settings.INSTALLED_APPS)}
    apps.apps_ready = True
    for app in apps.get_app_configs():
        app.apps = apps
        app.import_models()
    apps.models_ready = apps.ready = True
    # The addresses of the admin are those of the tables that it knows by then.
    autodiscover()
    load_parts()
    for camera in CAMERAS:
        SimulatedDriver(MODELS[camera]).open()


def load_parts() -> None:
    for part in PARTS:
        import_module(part)
    for middleware in settings.MIDDLEWARE:
        import_string(middleware)


def _forget_settings() -> None:
    """Let Django ask for the settings again, and for the apps that they name."""
    settings._wrapped = empty
    del os.environ["DJANGO_SETTINGS_MODULE"]
    for package, name in (("microscope", "settings"), ("microscope.start", "environment")):
        delattr(sys.modules[package], name)
        del sys.modules[f"{package}.{name}"]
    vars(connections).clear()
    connections.__init__()
    apps.app_configs = {}
    apps.apps_ready = apps.models_ready = apps.ready = False
    apps.clear_cache()
