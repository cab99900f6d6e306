"""A program of the tests that starts in half the time does what one does that a user starts."""

import os
import re
import signal
import subprocess
import sys

import pytest

from images.tests.conftest import wait_until
from microscope.tests.warm.program import ANY_POSTGRESQL, WarmProgram, run_program, start_cold, start_program

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere all programs start as users start them"),
]

TELL = """
import gc, json, os, signal, sys
print(json.dumps([sys.argv, sys.path, os.getcwd(), dict(os.environ), sys.stdout.encoding, sys.stdin.read(), __name__,
    str(signal.getsignal(signal.SIGINT)), str(signal.getsignal(signal.SIGCHLD)), os.getpgrp(), gc.isenabled(),
    sorted(name for name in os.listdir("/proc/self/fd") if int(name) > 2 and os.path.exists(f"/proc/self/fd/{name}"))]))
print("to errors", file=sys.stderr)
sys.exit(7)
"""
WAIT = "import sys; print('here', flush=True); sys.stdin.readline(); print('went on')"
TELL_FILES = "import sys; print(getattr(sys.modules.get('microscope.tests.warm.loading'), '__file__', 'none'))"
# What a start leaves in the program: settings, apps, signals, checks, addresses, and the plain values of its modules.
TELL_STATE = """
import json, logging, sys
from datetime import datetime
from importlib import import_module
from pathlib import Path
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.checks.registry import registry
from django.db import connection
from django.db.models import signals
from django.urls import get_resolver, reverse
from microscope.tests.warm.loading import load_parts

load_parts()
APPS = "accounts", "camera", "images", "microscope"
def list_addresses(resolver, before=""):
    for one in resolver.url_patterns:
        address = f"{before}{one.pattern}"
        yield from list_addresses(one, address) if hasattr(one, "url_patterns") else [f"{address} {one.name}"]

database = [connection.vendor, str(connection.settings_dict)]
plain = str, bytes, int, float, bool, tuple, datetime, Path
ours = {name: part for name, part in sys.modules.items() if name.split(".")[0] in APPS}
print(json.dumps([
    {name: repr(getattr(settings, name)) for name in dir(settings) if name.isupper()},
    [repr(app) for app in apps.get_app_configs()], [str(model) for model in apps.get_models()],
    [apps.ready, apps.loading, apps.ready_event.is_set()],
    {name: len(one.receivers) for name, one in vars(signals).items() if hasattr(one, "receivers")},
    sorted(f"{check.__module__}.{check.__qualname__}" for check in registry.get_checks()),
    sorted(str(model) for model in admin.site._registry),
    sorted(list_addresses(get_resolver())), reverse("live"),
    import_module("rest_framework_simplejwt.settings").api_settings.SIGNING_KEY,
    database, sorted(logging.Logger.manager.loggerDict),
    {f"{place}.{name}": repr(value) for place, part in ours.items() for name, value in vars(part).items()
        if isinstance(value, plain) and not name.startswith("__")},
], indent=1, sort_keys=True))
"""


@pytest.fixture
def environment(tmp_path) -> dict[str, str]:
    return {**os.environ, "DATA_PATH": str(tmp_path), "DATABASE_URL": "", "TZ": "Asia/Tokyo"}


def shell(code: str) -> list[str]:
    return ["manage.py", "shell", "--no-imports", "--command", code]


def test_it_finds_what_a_program_finds_that_starts_cold(environment, tmp_path):
    said = {}
    for start in (start_program, start_cold):
        with (tmp_path / start.__name__).open("w+") as output, (tmp_path / "errors").open("w+") as errors:
            assert start(shell(TELL), environment, output, errors).wait(60) == 7
            output.seek(0)
            errors.seek(0)
            said[start] = output.read(), errors.read()
    assert said[start_program] == said[start_cold]
    assert said[start_program][1] == "to errors\n"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_signal_ends_it_and_is_told(environment, tmp_path, number):
    with (tmp_path / "output").open("w+") as output:
        program = start_program(shell(WAIT), environment, output, stdin=subprocess.PIPE)
        wait_until(lambda: "here" in (tmp_path / "output").read_text(), within_s=60)
        assert program.poll() is None
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(0.01)
        program.send_signal(number)
        assert program.wait(60) == program.wait(60) == program.poll() == program.returncode == -number
        program.stdin.close()


def test_it_reads_what_it_is_told(environment, tmp_path):
    with (tmp_path / "output").open("w+") as output:
        program = start_program(shell(WAIT), environment, output, stdin=subprocess.PIPE)
        wait_until(lambda: "here" in (tmp_path / "output").read_text(), within_s=60)
        program.stdin.write(b"go on\n")
        assert program.wait(60) == 0
        program.stdin.close()
    assert (tmp_path / "output").read_text().split("\n")[1] == "went on"


def test_what_python_reads_at_its_start_makes_it_start_cold(environment, tmp_path):
    with (tmp_path / "output").open("w+") as output:
        for name in ("PYTHONUTF8", "LC_ALL"):
            program = start_program(shell("pass"), {**environment, name: "0"}, output)
            assert not isinstance(program, WarmProgram)
            program.wait(60)


def test_a_fault_is_told_with_its_trace(environment):
    ended = run_program(shell("raise ValueError('why not')"), environment, timeout_s=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("Traceback") and "ValueError: why not" in ended.stderr


@pytest.mark.parametrize(
    "different",
    [
        {},
        {"ROOT_PATH": "/lab", "DEBUG": "true", "SECRET_KEY": "another-" * 8},
        {"MICROSCOPE_ROLE": "instrument", "DATABASE_URL": ANY_POSTGRESQL},
        {"HTTPS": "true", "TIME_ZONE": "Europe/Berlin", "CAMERA_DRIVER": "auto", "LIVE_MAX_FPS": "7"},
    ],
    ids=["nothing else", "what loading has read", "an instrument on PostgreSQL", "what loading has not read"],
)
def test_a_start_leaves_in_it_what_a_cold_one_leaves(environment, tmp_path, different):
    said = []
    for number, start in enumerate((start_program, start_cold)):
        with (tmp_path / f"state-{number}").open("w+") as output:
            assert start(shell(TELL_STATE), {**environment, **different}, output).wait(60) == 0
            output.seek(0)
            said.append(re.sub(" at 0x[0-9a-f]+", "", output.read()).splitlines())
    assert [line for line in said[0] if line not in said[1]] == []
    assert said[0] == said[1]


def test_settings_that_loading_has_read_make_it_start_cold(environment):
    assert "loading.py" not in run_program(shell(TELL_FILES), {**environment, "ROOT_PATH": "/lab"}, 60).stdout
    assert "loading.py" in run_program(shell(TELL_FILES), {**environment, "TIME_ZONE": "Asia/Tokyo"}, 60).stdout
