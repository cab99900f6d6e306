"""`manage.py serve` as users run it, with what only tests need: users, a simulated camera that can be unplugged, and a
library that is shared with other PCs for a while. `unplug`, `replug`, `share` and `be-alone` come as lines on the
standard input."""

import os
import sys
from functools import partial
from threading import Thread

import django

from microscope.tests.cheap_passwords import use_cheap_hash

PASSWORD = "bench-password"
ROLE_BY_PERSON = {
    "ada": "operators",
    "linus": "operators",
    "mary": "operators",  # the user of the test that changes a password
    "olga": "operators",
    "vera": "viewers",
    "grace": "managers",
}


def serve() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    use_cheap_hash()
    django.setup()
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=0)
    make_people()
    Thread(target=obey, args=(bring_camera(),), daemon=True).start()
    call_command("serve")


def make_people() -> None:
    from django.contrib.auth import get_user_model
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import Group

    hashed = make_password(PASSWORD)
    for person, role in ROLE_BY_PERSON.items():
        user = get_user_model().objects.create(username=person, password=hashed)
        user.groups.set(Group.objects.filter(name=role))


def bring_camera():
    """Replace the camera of the process by a simulated one, which is the same after each replugging."""
    from django.conf import settings

    from camera.drivers.seen_camera import SeenCamera
    from camera.drivers.selection import DriverSelection
    from camera.drivers.simulated.driver import MODELS, SimulatedDriver
    from camera.engine.frame_loop import Timing
    from camera.engine.process_lock import CameraLock
    from camera.engine.requests import SettingsRequest
    from camera.live.view import LiveView
    from camera.registry import the_instrument
    from camera.service import Camera

    driver = SimulatedDriver(MODELS[settings.SIMULATED_CAMERA])
    selection = DriverSelection("simulated", lambda: driver, lambda: driver, SeenCamera(settings.DATA_PATH))
    wanted = SettingsRequest(settings.DEFAULT_EXPOSURE_MS, settings.DEFAULT_GAIN_DB)
    timing = Timing(settings.SERVICE_TIMEOUT_MS / 1000, settings.CAMERA_IDLE_SECONDS)
    config = the_instrument()
    config.camera = Camera(selection, CameraLock(settings.DATA_PATH), wanted, timing)
    config.live = LiveView(config.camera, settings.LIVE_MAX_WATCHERS, settings.LIVE_MAX_FPS)
    return driver


def take_role(role: str) -> None:
    from django.conf import settings

    settings.MICROSCOPE_ROLE = role


def obey(driver) -> None:
    actions = {
        "unplug": driver.unplug,
        "replug": driver.replug,
        "share": partial(take_role, "instrument"),
        "be-alone": partial(take_role, ""),
    }
    for line in sys.stdin:
        actions[line.strip()]()
    os._exit(1)  # the input ends if the tests are killed: then nobody else would end this process


if __name__ == "__main__":
    serve()
