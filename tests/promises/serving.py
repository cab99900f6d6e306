"""Runs `manage.py serve`, or another command, with a fault beneath it: a stand-in camera that fails on request, a clock
that stands still, a death at a chosen step. Start it as `python -m tests.promises.serving PLAN`. PLAN is JSON:

`control`: port of a listener on this computer. It may send the verbs of `VERBS`.
`standin`: characteristics of a stand-in Pixelink camera beneath the real wrapper; `plugged`: true if it is there;
`late_frames`: after how many frames settings take effect; `frames_under_way`: how many frames are in transit;
`start_s`: how long the stream takes to start; `drift_ppm`: by how much the camera's own clock is faster.
`begin_with`: verbs and their arguments, for faults that exist from the beginning.
`clock`: ISO time at which the camera's clock stands still.
`within`, `kill_at`, `kill_at_time`: see `Steps`.
`command`: a command in place of `serve`; `arguments`: its arguments. When it ends, one more line lists its steps as
JSON.
"""

import json
import os
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from typing import Any

import django
from django.core.management import call_command

from camera.results.taken_frame import TakenFrame
from camera.tests.rig import SERIAL
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.codes import ReturnCode
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install_forever
from microscope.tests.cheap_passwords import use_cheap_hash
from tests.promises.steps import Steps

Verb = Callable[..., Any]


def main() -> None:
    plan = json.loads(sys.argv[1])
    os.environ["DJANGO_SETTINGS_MODULE"] = "microscope.settings"
    verbs: dict[str, Verb] = {}
    if "standin" in plan:
        verbs |= stand_in(plan)
    if "within" in plan:
        steps = Steps(plan["within"], plan["kill_at"], plan.get("kill_at_time", 1))
        verbs["steps"] = lambda: steps.passed
    use_cheap_hash()
    django.setup()
    import_module("microscope.urls")
    if "clock" in plan:
        verbs["set_clock"] = stop_clock(plan["clock"])
    for verb, *arguments in plan.get("begin_with", []):
        verbs[verb](*arguments)
    if "within" in plan:
        steps.install()
    threading.Thread(target=obey, args=(plan["control"], verbs), daemon=True).start()
    if "command" in plan:
        run_watched([plan["command"], *plan.get("arguments", [])], steps)
    else:
        call_command("serve")


def run_watched(command: list[str], steps: Steps) -> None:
    steps.install_here()
    call_command(*command)
    sys.settrace(None)
    print(json.dumps(steps.times))  # noqa: T201


def stand_in(plan: dict[str, Any]) -> dict[str, Verb]:
    """A stand-in camera, and the verbs that act on it."""
    camera = StandinCamera(SERIAL, **plan["standin"])
    camera.stream_start_s = plan.get("start_s", 0.01)
    camera.time.drift_ppm = plan.get("drift_ppm", 0.0)
    camera.stream.settings_latency_frames = plan.get("late_frames", 2)
    camera.stream.pipeline_frames = plan.get("frames_under_way", 0)
    library = install_forever(Library([camera] if plan.get("plugged", True) else []))

    def take_elsewhere(is_taken: bool) -> None:
        camera.in_use_elsewhere = is_taken

    def answer(function: str, code: str, calls: int) -> None:
        camera.faults.answer(function, ReturnCode[code], calls)

    def release() -> None:
        camera.release()
        library.release()

    return {
        "plug": lambda: library.plug(camera) and None,
        "unplug": lambda: library.unplug(camera),
        "take_elsewhere": take_elsewhere,
        "hang": camera.hang,
        "hang_library": library.hang,
        "wait_until_hanging": camera.gates.wait_until_hanging,
        "release": release,
        "time_out": camera.faults.time_out,
        "break_frames": camera.faults.break_frames,
        "lose_frames": camera.faults.lose_frames,
        "garble_descriptors": camera.faults.garble_descriptors,
        "resize_frames": camera.faults.resize_frames,
        "shorten_frames": camera.faults.shorten_frames,
        "answer": answer,
        "mend": camera.faults.clear,
        "exposures": lambda since_s: [list(exposure) for exposure in camera.exposures if exposure.started_at > since_s],
        "violations": lambda: library.violations,
        "handles": lambda: library.open_handles,
    }


def stop_clock(moment: str) -> Verb:
    """Set the time of all frames to this moment, until it is set to another."""
    from camera.registry import the_camera

    now = datetime.fromisoformat(moment)
    camera = the_camera()
    take = camera.take

    def take_now(*asked: Any) -> TakenFrame:
        return replace(take(*asked), captured_at=now)

    def set_clock(moment: str) -> None:
        nonlocal now
        now = datetime.fromisoformat(moment)

    camera.take = take_now
    return set_clock


def obey(port: int, verbs: dict[str, Verb]) -> None:
    """Read one verb per line, and answer each with one line."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port)) as link, link.makefile("rw") as lines:
        for line in lines:
            verb, arguments = json.loads(line)
            lines.write(json.dumps(verbs[verb](*arguments)) + "\n")
            lines.flush()


if __name__ == "__main__":
    main()
