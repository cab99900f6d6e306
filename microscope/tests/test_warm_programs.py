"""A program of the tests that starts in half the time does what one does that a user starts."""

import os
import signal
import subprocess
import sys

import pytest

from images.tests.conftest import wait_until
from microscope.tests.warm.program import ROOT, WarmProgram, run_program, start_cold, start_program

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
NAME_WHAT_IS_TOO_EARLY = """
import os, sys
sys.path.insert(0, "microscope/tests/warm")
import becoming
becoming.load()
print(*{"microscope.settings", "images.models", "rest_framework", "tifffile", "boto3"} & sys.modules.keys())
from django.conf import settings
print(settings.configured)
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


def test_what_depends_on_settings_is_not_loaded_before():
    command = [sys.executable, "-c", NAME_WHAT_IS_TOO_EARLY]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60).stdout
    assert said == "\nFalse\n"
