"""Kills its own process at a chosen step: just before a line of the program runs, within a chosen function."""

import linecache
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import django

ROOT = Path(__file__).resolve().parents[2]
_DATABASE = Path(django.__file__).parent / "db"
# The files that keep, list and remove images, and that send their rows to the database.
_FOLDER = str(ROOT / "images") + os.sep
_RECORD = str(ROOT / "images" / "record") + os.sep
_FILES = {str(ROOT / "microscope" / "start" / "startup.py")} | {
    str(_DATABASE / name) for name in ("transaction.py", "backends/base/base.py", "backends/utils.py")
}
# Windows has no SIGKILL. Its SIGTERM ends a process at once too.
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)

Trace = Callable[[FrameType, str, Any], "Trace | None"]


class Steps:
    """The lines that run within a function, in threads that start after `install`."""

    def __init__(self, within: str, kill_at: str, kill_at_time: int = 1) -> None:
        """`kill_at`: a place, or a unique part of its name; an empty text kills nothing and only notes the places.
        `kill_at_time`: the process is killed on the nth hit of that line."""
        self._within = within
        self._kill_at = kill_at
        self._kill_at_time = kill_at_time
        self._inside = threading.local()
        self._passed: Counter[str] = Counter()

    @property
    def passed(self) -> list[str]:
        """Return the places in the order of their first hits, for example "Archive.keep: write(file)"."""
        return list(self._passed)

    @property
    def times(self) -> dict[str, int]:
        """Return how often each place was hit."""
        return dict(self._passed)

    def install(self) -> None:
        threading.settrace(self._enter)

    def install_here(self) -> None:
        """Watch the current thread too."""
        sys.settrace(self._enter)

    def _enter(self, frame: FrameType, event: str, _: Any) -> Trace | None:
        code = frame.f_code
        # images/record only computes: a death there leaves nothing half done.
        if code.co_filename.startswith(_RECORD):
            return None
        if not code.co_filename.startswith(_FOLDER) and code.co_filename not in _FILES:
            return None
        depth = getattr(self._inside, "depth", 0)
        if not depth and code.co_name != self._within:
            return None
        self._inside.depth = depth + 1
        return self._step

    def _step(self, frame: FrameType, event: str, _: Any) -> Trace | None:
        if event == "return":
            self._inside.depth -= 1
        elif event == "line":
            line = linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip()
            self._pass(f"{frame.f_code.co_qualname}: {line}")
        return self._step

    def _pass(self, place: str) -> None:
        self._passed[place] += 1
        if self._kill_at and self._kill_at in place:
            self._kill_at_time -= 1
            if self._kill_at_time:
                return
            os.write(2, f"Killed at {place}\n".encode())
            os.kill(os.getpid(), KILL)
