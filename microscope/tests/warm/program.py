"""Starts programs of this project as processes of their own in a fifth of the time that `subprocess` takes (see
`becoming`). On another system than Linux `subprocess` starts them. How a start itself goes is always tested with
`subprocess`.
"""

import atexit
import io
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import IO, Any

from microscope.tests.warm.becoming import NUMBER

ROOT = Path(__file__).resolve().parents[3]
BECOMING = Path(__file__).with_name("becoming.py")
# Python and the C library read such variables when a process begins. The warm process has begun.
READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_", "MALLOC_")

ANY_POSTGRESQL = "postgres://postgres@127.0.0.1/microscope"
# As it is before a test changes it for itself.
OF_ALL_TESTS = dict(os.environ)


def start_program(
    arguments: list[str], environment: Mapping[str, str], output: IO, errors: IO | None = None, stdin: Any = None
) -> Any:
    """Start Python with these arguments in the folder of the project. Returns an object of `subprocess.Popen`, or one
    that does the same.

    What it prints goes to the file `output`, errors also, unless there is a file for them. `stdin` may be PIPE.
    """
    if sys.platform != "linux" or _read_at_start(environment) != _read_at_start(OF_ALL_TESTS):
        return start_cold(arguments, environment, output, errors, stdin)
    return WarmProgram(arguments, environment, stdin, output.fileno(), (errors or output).fileno())


def start_cold(
    arguments: list[str], environment: Mapping[str, str], output: IO, errors: IO | None = None, stdin: Any = None
) -> subprocess.Popen[bytes]:
    """Start Python as users do."""
    streams = {"stdin": stdin or subprocess.DEVNULL, "stdout": output, "stderr": errors or output}
    return subprocess.Popen([sys.executable, *arguments], cwd=ROOT, env=environment, **streams)


def run_program(
    arguments: list[str], environment: Mapping[str, str], timeout_s: float
) -> subprocess.CompletedProcess[str]:
    """Run Python with these arguments to its end."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        program = start_program(arguments, environment, output, errors)
        try:
            program.wait(timeout_s)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
        output.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(arguments, program.returncode, output.read(), errors.read())


class WarmProgram:
    """Any thread may use it."""

    stdin: io.FileIO | None = None

    def __init__(self, arguments: list[str], environment: Mapping[str, str], stdin: Any, *output: int) -> None:
        self.args = arguments
        self._connection, its = socket.socketpair()
        given, self.stdin = _make_pipe() if stdin == subprocess.PIPE else (os.open(os.devnull, os.O_RDONLY), None)
        with its:
            warm = _begin_warm_process(environment.get("DATABASE_URL", "").startswith("postgres"))
            socket.send_fds(warm, [b"."], [its.fileno(), given, *output])
        os.close(given)
        self._connection.sendall(json.dumps({"arguments": arguments, "environment": dict(environment)}).encode())
        self._connection.shutdown(socket.SHUT_WR)
        (self.pid,) = NUMBER.unpack(self._connection.recv(NUMBER.size))

    @property
    def returncode(self) -> int | None:
        return self.poll()

    def poll(self) -> int | None:
        """Return the exit code, or None if it still runs."""
        return self._read_end(within_ms=0)

    def wait(self, timeout: float | None = None) -> int:
        ended = self._read_end(within_ms=None if timeout is None else timeout * 1000)
        if ended is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return ended

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _read_end(self, within_ms: float | None) -> int | None:
        waiting = select.poll()
        waiting.register(self._connection, select.POLLIN)
        if not waiting.poll(within_ms):
            return None
        # The code stays there for the next who asks.
        return NUMBER.unpack(self._connection.recv(NUMBER.size, socket.MSG_PEEK))[0]


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(READ_AT_START)}


def _make_pipe() -> tuple[int, io.FileIO]:
    reading, writing = os.pipe()
    return reading, open(writing, "wb", buffering=0)


@cache
def _begin_warm_process(is_on_postgresql: bool) -> socket.socket:
    """Return where it takes requests. It ends when this process ends."""
    ours, its = socket.socketpair()
    # To load connects to no database.
    address = ANY_POSTGRESQL if is_on_postgresql else ""
    # A process with threads can't be copied whole, so numpy begins none.
    environment = {**OF_ALL_TESTS, "OPENBLAS_NUM_THREADS": "1", "DATABASE_URL": address}
    with its:
        command = [sys.executable, BECOMING, str(its.fileno())]
        warm = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[its.fileno()], stdin=subprocess.DEVNULL)
    atexit.register(_end, warm, ours)
    return ours


def _end(warm: subprocess.Popen, door: socket.socket) -> None:
    door.close()
    warm.wait()
