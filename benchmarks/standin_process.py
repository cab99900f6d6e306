"""Serves with a stand-in Pixelink camera below the real wrapper: `python -m benchmarks.standin_process PLAN`.

PLAN is JSON: `model` (characteristics of the stand-in), `start_s`, `latch_frames`, `control` (a port of this PC). A
client that connects there and sends a moment gets as JSON the exposures that have begun since, each as [frame number,
began, ended]. Moments are seconds of the clock that all processes of a PC share.
"""

import json
import os
import socket
import sys
import threading
from contextlib import suppress
from itertools import takewhile

import django
from django.core.management import call_command

from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install_forever

SERIAL = 725001234


def main() -> None:
    plan = json.loads(sys.argv[1])
    os.environ["DJANGO_SETTINGS_MODULE"] = "microscope.settings"
    camera = StandinCamera(SERIAL, **plan["model"])
    camera.stream_start_s = plan["start_s"]
    camera.stream.settings_latency_frames = plan["latch_frames"]
    install_forever(Library([camera]))
    django.setup()
    threading.Thread(target=tell_exposures, args=(plan["control"], camera), daemon=True).start()
    call_command("serve")


def tell_exposures(port: int, camera: StandinCamera) -> None:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as link, link.makefile("rw") as lines:
        for line in lines:
            lines.write(json.dumps(begun_since(float(line), camera)) + "\n")
            lines.flush()


def begun_since(since_s: float, camera: StandinCamera) -> list[tuple[int, float, float]]:
    # Search from the newest one back: the record is long, and the time of this process is being measured.
    newest = takewhile(lambda one: one.started_at >= since_s, reversed(camera.exposures))
    return [one[:3] for one in newest][::-1]


if __name__ == "__main__":
    main()
