"""Runs commands of this program as processes of their own."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

LOOK_EVERY_S = 0.2
ENDING_S = 60.0


def run_command(
    manage: Path,
    arguments: list[str],
    environment: Mapping[str, str],
    stop: threading.Event,
    tell: Callable[[str], object],
) -> int:
    """Run a command of `manage.py` until it ends, and return its exit code. `tell` is called with each line that it
    prints, from another thread. When `stop` is set, the command is asked to end, and this function waits for it."""
    process = subprocess.Popen(
        [sys.executable, str(manage), *arguments],
        cwd=manage.parent,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
    )
    # Somebody must read the output all the time: a full pipe would block the command.
    teller = threading.Thread(target=_pass_on_lines, args=(process, tell), name="lines of a command", daemon=True)
    teller.start()
    try:
        _wait(process, stop)
    finally:
        # Reached if the command does not end in time after it was asked to.
        if process.poll() is None:
            process.kill()
        process.wait()
        teller.join(ENDING_S)
    return process.returncode


def _pass_on_lines(process: subprocess.Popen[str], tell: Callable[[str], object]) -> None:
    assert process.stdout
    for line in process.stdout:
        tell(line.rstrip("\n"))


def _wait(process: subprocess.Popen[str], stop: threading.Event) -> None:
    while process.poll() is None:
        if stop.wait(LOOK_EVERY_S):
            process.terminate()
            process.wait(ENDING_S)
