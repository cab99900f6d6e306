"""A process that loads the program once, and then becomes every program that a test starts: a copy of it does. To load
takes most of a start, and the tests start some thousand programs. Only on Linux.

See `program.py` for what it is told, and `loading.py` for what is loaded.
"""

import gc
import json
import os
import runpy
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from microscope.tests.warm.loading import Loaded

# A number of four bytes: the process, and later its exit code.
NUMBER = struct.Struct("!i")


def main() -> None:
    loaded = load()
    # Each copy is waited for by another copy. Nobody waits for that one.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    door = socket.socket(fileno=int(sys.argv[1]))
    while files := socket.recv_fds(door, 1, 4)[1]:
        if os.fork() == 0:
            door.close()
            become_program(loaded, *files)
            return
        _close(*files)


def load() -> "Loaded":
    gc.disable()
    sys.path[0] = os.getcwd()
    from microscope.tests.warm.loading import Loaded

    loaded = Loaded()
    gc.freeze()
    return loaded


def become_program(loaded: "Loaded", connection: int, *streams: int) -> None:
    """Run what the connection asks for with these standard streams. Returns only in the program, at its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    with socket.socket(fileno=connection) as asked_by:
        asked = json.loads(asked_by.makefile().read())
        program = os.fork()
        if program:
            os.closerange(0, 3)
            _close(*streams)
            _tell_its_end(program, asked_by)
            os._exit(0)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    _close(*streams)
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.enable()
    loaded.expect_settings(lambda: _start_anew(*asked["arguments"], **asked["environment"]))
    _run(*asked["arguments"])


def _tell_its_end(program: int, asked_by: socket.socket) -> None:
    asked_by.sendall(NUMBER.pack(program))
    ended = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    with suppress(OSError):  # the tests may have ended before
        asked_by.sendall(NUMBER.pack(ended))


def _start_anew(*arguments: str, **environment: str) -> NoReturn:
    os.execve(sys.executable, [sys.executable, *arguments], environment)


def _close(*files: int) -> None:
    for file in files:
        os.close(file)


def _run(*arguments: str) -> None:
    """As Python does with these arguments."""
    if arguments[0] == "-m":
        sys.argv = [*arguments[1:]]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [*arguments]
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
