"""Printing that works on every console."""

import os
import sys
from contextlib import suppress
from typing import TextIO

# A log that is larger at the start gets another name, in place of the one before it.
MAX_LOG_BYTES = 10 * 1024 * 1024


def prepare_console(log: str | None = None) -> None:
    """Let the console print unknown characters as codes, and let printing do nothing if there is no console. Without
    this, both raise an error in the middle of other work. With `log`, everything that is printed goes to that file."""
    if log is not None:
        sys.stdout = sys.stderr = _open_log(log)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # Windows' pythonw, and services
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 (it lasts as long as the process)
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def find_log(arguments: list[str]) -> str | None:
    """Return what follows `--log`. None if nothing does: then `serve` itself says so. It is needed before Django reads
    the arguments, because a fault of the settings belongs in the log, too."""
    return arguments[arguments.index("--log") + 1] if "--log" in arguments[:-1] else None


def _open_log(path: str) -> TextIO:
    """Raises SystemExit with a sentence if the file cannot be written."""
    try:
        with suppress(FileNotFoundError):
            if os.path.getsize(path) > MAX_LOG_BYTES:
                os.replace(path, f"{path}.1")
        return open(path, "a", encoding="utf-8", buffering=1)
    except OSError as problem:
        sys.exit(f"The log {path} cannot be written: {problem.strerror or problem}.")
