"""Reads many files without slowing down captures: at a limited speed, past the page cache, at low priority."""

import contextlib
import ctypes
import hashlib
import os
import sys
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

BLOCK_BYTES = 2**20
NICER_BY = 10
WINDOWS_BELOW_NORMAL = 0x4000


class StopRequested(Exception):
    """The user stopped the command while it was reading."""


def stop_when(told: threading.Event) -> Callable[[], None]:
    """Return a function to call between short steps. It raises StopRequested once `told` is set."""

    def go_on() -> None:
        if told.is_set():
            raise StopRequested

    return go_on


def go_on_always() -> None:
    """A `go_on` for work that is never stopped."""


def keep_nothing(_block: memoryview) -> None:
    """A `keep` for callers that need only size and sum."""


class SharedSpeed:
    """A limit of the speed, which several threads share. Without `bytes_per_s` there is none."""

    def __init__(self, bytes_per_s: float | None = None) -> None:
        self._bytes_per_s = bytes_per_s
        self._due_s = time.monotonic()
        self._lock = threading.Lock()

    def book(self, byte_count: int) -> float:
        """Return how many seconds to wait after so many bytes. Does not block: other threads book their share
        meanwhile."""
        if not self._bytes_per_s:
            return 0.0
        with self._lock:
            # At most one second of unused time is made up for, so that a pause is not followed by a long rush.
            self._due_s = max(self._due_s, time.monotonic() - 1) + byte_count / self._bytes_per_s
            return max(self._due_s - time.monotonic(), 0.0)


class PacedReader:
    """Reads files and sums them up, with at most `bytes_per_s`, until `told` is set. Several threads share the
    speed."""

    def __init__(self, told: threading.Event, bytes_per_s: float | None = None) -> None:
        self._told = told
        self._speed = SharedSpeed(bytes_per_s)

    def measure(self, file: BinaryIO, keep: Callable[[memoryview], object] = keep_nothing) -> tuple[int, str]:
        """Return size and SHA-256 of an open file, read from the disk itself (not on Windows). `keep` gets each block;
        the next block overwrites it. Blocks, to keep the speed. Raises StopRequested and OSError. The file stays in
        the page cache: see `Archive.forget_cached`."""
        forget_cached(file)
        # The file was dropped from the cache: otherwise the sum would be of what memory holds, not of what the disk
        # holds.
        digest, size_bytes = hashlib.sha256(), 0
        block = memoryview(bytearray(BLOCK_BYTES))
        while count := file.readinto(block):  # type: ignore[attr-defined]  # every file on disk has it
            digest.update(block[:count])
            keep(block[:count])
            size_bytes += count
            self._keep_pace(count)
        return size_bytes, digest.hexdigest()

    def _keep_pace(self, count: int) -> None:
        if self._told.wait(self._speed.book(count)):
            raise StopRequested


def forget_cached(file: BinaryIO) -> None:
    """Drop the file from the page cache, so that the next read comes from the disk: only that proves what the disk
    holds. Windows offers no such call."""
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def lower_priority() -> None:
    """Lower the priority of this process: the camera and the server on this PC go first."""
    if sys.platform == "win32":
        kernel: Any = ctypes.windll.kernel32
        kernel.SetPriorityClass(kernel.GetCurrentProcess(), WINDOWS_BELOW_NORMAL)
    else:
        with contextlib.suppress(OSError):
            os.nice(NICER_BY)
