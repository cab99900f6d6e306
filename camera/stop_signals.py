"""Signals that ask the process to stop: Ctrl-C, a stop by the system, a closed terminal."""

import os
import signal
import stat
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

INTERRUPT = ("SIGINT",)
END = ("SIGTERM", "SIGHUP", "SIGBREAK")
# CTRL_CLOSE, CTRL_LOGOFF and CTRL_SHUTDOWN: Windows kills the process when the handler returns, or after 5 seconds.
WINDOWS_CLOSING = (2, 5, 6)
WINDOWS_PATIENCE_S = 4.5


@contextmanager
def stop_requested(*names: str) -> Iterator[threading.Event]:
    """Within the block these signals set the yielded event instead of ending the process. Without names, all stop
    signals do. SIGHUP stays ignored if it was ignored before, as `nohup` needs it. Only for the main thread."""
    requested, ended = threading.Event(), threading.Event()

    def request(number: int, _frame: object) -> None:
        if number == getattr(signal, "SIGHUP", None):
            _leave_closed_terminal()
        requested.set()

    before = {number: signal.signal(number, request) for number in _numbers(names or INTERRUPT + END)}
    try:
        with _window_kept_open(requested, ended):
            yield requested
    finally:
        ended.set()
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers(names: tuple[str, ...]) -> list[signal.Signals]:
    known = [signal.Signals[name] for name in names if hasattr(signal, name)]
    return [one for one in known if one.name != "SIGHUP" or signal.getsignal(one) != signal.SIG_IGN]


def _leave_closed_terminal() -> None:
    """Discard all further output, because each write to a closed terminal would raise an error."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, AttributeError):
            descriptor = stream.fileno()
            if _is_closed_terminal(descriptor):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, descriptor)
                os.close(nowhere)


def _is_closed_terminal(descriptor: int) -> bool:
    """Return True if the descriptor is a device that is no terminal any more."""
    return stat.S_ISCHR(os.fstat(descriptor).st_mode) and not os.isatty(descriptor)


@contextmanager
def _window_kept_open(requested: threading.Event, ended: threading.Event) -> Iterator[None]:
    """On Windows, keep a closing console window open until the block has ended, as long as Windows allows."""
    if sys.platform != "win32":
        yield
        return
    import ctypes

    def handle(event: int) -> bool:
        if event not in WINDOWS_CLOSING:
            return False
        requested.set()
        ended.wait(WINDOWS_PATIENCE_S)
        return True

    handler: Any = ctypes.WINFUNCTYPE(ctypes.c_int, ctypes.c_uint)(handle)
    ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, True)
    try:
        yield
    finally:
        ctypes.windll.kernel32.SetConsoleCtrlHandler(handler, False)
