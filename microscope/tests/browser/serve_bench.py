"""`manage.py serve` as users run it, with two things that only tests need: people who may sign in, and a simulated
camera whose cable can be pulled. `unplug` and `replug` come as lines on the standard input."""

import os
import sys
from threading import Thread

import django

PASSWORD = "bench-password"
ROLE_BY_PERSON = {
    "ada": "operators",
    "linus": "operators",
    "mary": "operators",  # who changes her password
    "vera": "viewers",
    "grace": "managers",
}


def serve() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
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
    """One simulated camera in the place of the process's own: the same one after each replugging."""
    from django.apps import apps
    from django.conf import settings

    from camera.drivers.choice import DriverChoice
    from camera.drivers.simulated import MODELS, SimulatedDriver
    from camera.frame_loop import Timing
    from camera.live import LiveView
    from camera.ownership import CameraLock, SeenCamera
    from camera.service import Camera
    from camera.turns import Wanted

    driver = SimulatedDriver(MODELS[settings.SIMULATED_CAMERA])
    choice = DriverChoice("simulated", lambda: driver, lambda: driver, SeenCamera(settings.DATA_PATH))
    wanted = Wanted(settings.DEFAULT_EXPOSURE_MS, settings.DEFAULT_GAIN_DB)
    timing = Timing(settings.SERVICE_TIMEOUT_MS / 1000, settings.CAMERA_IDLE_SECONDS)
    config = apps.get_app_config("camera")
    config.camera = Camera(choice, CameraLock(settings.DATA_PATH), wanted, timing)
    config.live = LiveView(config.camera, settings.LIVE_MAX_WATCHERS, settings.LIVE_MAX_FPS)
    return driver


def obey(driver) -> None:
    actions = {"unplug": driver.unplug, "replug": driver.replug}
    for line in sys.stdin:
        actions[line.strip()]()
    os._exit(1)  # the input ends when the tests were killed: nobody is left to end this process


if __name__ == "__main__":
    serve()
