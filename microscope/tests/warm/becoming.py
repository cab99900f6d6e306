"""A process that loads libraries and parts of the program once, and then becomes every program that a test starts: a
copy of it does. To load them takes most of a start, and the tests start some thousand programs. Only on Linux.

What reads settings or the environment is not loaded: that each program does by itself. See `program.py` for what it is
told.
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
from importlib import import_module

# Those that take longest to load. What a program on SQLite must not load is not among them.
LIBRARIES = (
    *("cheroot.wsgi", "environ", "filelock", "jwt.algorithms", "numpy", "prometheus_client", "uritemplate"),
    *("django.core.management.commands.check", "django.core.handlers.wsgi", "django.db.backends.sqlite3.base"),
    *("django.conf.urls.i18n", "django.forms", "django.test.client", "django.views.generic", "whitenoise.middleware"),
    *("PIL.ImageDraw", "PIL.JpegImagePlugin", "PIL.PngImagePlugin", "PIL.TiffImagePlugin"),
)
# These load many others that read no setting.
PARTS = (
    *("camera.apps", "images.apps", "images.backup.contents.manifest", "images.backup.restoring.place"),
    *("images.jobs.export.movies.drawing", "images.notices.http", "images.pages.jobs.form", "images.store.watch"),
    *("images.search.filter_fields", "microscope.start.environment", "microscope.start.log_file"),
)
POSTGRESQL = ("microscope.postgresql.base",)
# A number of four bytes: the process, and later its exit code.
NUMBER = struct.Struct("!i")


def main() -> None:
    load()
    # Each copy is waited for by another copy. Nobody waits for that one.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    door = socket.socket(fileno=int(sys.argv[1]))
    while files := socket.recv_fds(door, 1, 4)[1]:
        if os.fork() == 0:
            door.close()
            become_program(*files)
            return
        _close(*files)


def load() -> None:
    gc.disable()
    sys.path[0] = os.getcwd()
    is_on_postgresql = os.environ.get("DATABASE_URL", "").startswith("postgres")
    for module in (*LIBRARIES, *PARTS, *(POSTGRESQL if is_on_postgresql else ())):
        import_module(module)
    gc.freeze()


def become_program(connection: int, *streams: int) -> None:
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
    _run(*asked["arguments"])


def _tell_its_end(program: int, asked_by: socket.socket) -> None:
    asked_by.sendall(NUMBER.pack(program))
    ended = os.waitstatus_to_exitcode(os.waitpid(program, 0)[1])
    with suppress(OSError):  # the tests may have ended before
        asked_by.sendall(NUMBER.pack(ended))


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
