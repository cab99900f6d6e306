"""Reading much without being in anybody's way: at a pace, past the page cache, at low priority."""

import contextlib
import ctypes
import hashlib
import os
import sys
import threading
import time
from typing import Any, BinaryIO

BLOCK_BYTES = 2**20
NICER_BY = 10
WINDOWS_BELOW_NORMAL = 0x4000


class ToldToStop(Exception):
    """Somebody ended the command while it was reading."""


class PacedReader:
    """Sums files up, at most so fast, until it is told to stop."""

    def __init__(self, told: threading.Event, bytes_per_s: float | None = None) -> None:
        self._told = told
        self._bytes_per_s = bytes_per_s
        self._due_s = time.monotonic()

    def measure(self, file: BinaryIO) -> tuple[int, str]:
        """Size and SHA-256, read from the disk where the system can be told to. Raises ToldToStop."""
        forget_cached(file)
        digest, size_bytes = hashlib.sha256(), 0
        block = memoryview(bytearray(BLOCK_BYTES))
        while count := file.readinto(block):  # type: ignore[attr-defined]  # every file on disk has it
            digest.update(block[:count])
            size_bytes += count
            self._keep_pace(count)
        forget_cached(file)
        return size_bytes, digest.hexdigest()

    def _keep_pace(self, count: int) -> None:
        if self._bytes_per_s:
            self._due_s = max(self._due_s, time.monotonic() - 1) + count / self._bytes_per_s
            self._told.wait(max(self._due_s - time.monotonic(), 0))
        if self._told.is_set():
            raise ToldToStop


def forget_cached(file: BinaryIO) -> None:
    """Have the next read come from the disk: what lies in memory proves nothing of it. Windows cannot be told."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def lower_priority() -> None:
    """Let everything else on this computer go first; a camera is at work on it."""
    if sys.platform == "win32":
        kernel: Any = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), WINDOWS_BELOW_NORMAL)
    else:
        with contextlib.suppress(OSError):
            os.nice(NICER_BY)
