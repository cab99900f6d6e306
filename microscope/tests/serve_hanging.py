"""`manage.py serve` with a stand-in camera. The call that opens the camera never returns. Prints a line when it
hangs."""

import os
from threading import Thread

import django

from camera.tests.rig import SERIAL
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install_forever

OPENING = "PxLInitializeEx"
HANGS = "the camera hangs in opening"


def serve() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "microscope.settings")
    camera = StandinCamera(SERIAL)
    camera.hang(OPENING)
    install_forever(Library([camera]))
    Thread(target=tell, args=(camera,), daemon=True).start()
    django.setup()
    from django.core.management import call_command

    call_command("serve")


def tell(camera: StandinCamera) -> None:
    while not camera.gates.wait_until_hanging(OPENING):
        pass
    print(HANGS, flush=True)  # noqa: T201 (the test reads it)


if __name__ == "__main__":
    serve()
