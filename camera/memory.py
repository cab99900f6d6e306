"""Reused memory for frames and pictures, and files in memory.

To allocate an array of some megabytes for each frame costs more than to copy its pixels, because the C library requests
such memory from the kernel and returns it each time. So a buffer comes back here when its last reference is gone, and
goes back to the system if it is not used for some seconds.
"""

import mmap
import os
import sys
import tempfile
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

UNUSED_S = 5.0
MAX_FREE = 16


class Pool:
    """A pool of free objects by key, such as their size. Safe to use from any thread. The object that came back last is
    taken first, so objects that are not needed stay unused and are dropped.

    `give_back` takes no lock, because the garbage collector can call it in the middle of any code, also of `take`. A
    background thread drops old objects; it ends if there are none.
    """

    def __init__(self, max_free: int = MAX_FREE, unused_s: float = UNUSED_S) -> None:
        """Keep at most `max_free` objects of each key, and none unused for longer than about twice `unused_s`."""
        self._max_free = max_free
        self._unused_s = unused_s
        self._free: dict[Hashable, deque[tuple[float, Any]]] = {}
        self._lock = threading.Lock()
        self._is_used = False
        self._thread: threading.Thread | None = None

    def take(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """Return a free object of that key, or a new one from `make`."""
        self._note_use()
        try:
            # Another thread could take the last one between a check and `pop`, so there is no check.
            return self._free[key].pop()[1]
        except (KeyError, IndexError):
            return make()

    def give_back(self, key: Hashable, thing: Any) -> None:
        # Both calls are atomic. A full deque drops its oldest entry.
        self._free.setdefault(key, deque(maxlen=self._max_free)).append((time.monotonic(), thing))

    @property
    def free_count(self) -> int:
        """How many objects are free."""
        return sum(len(free) for free in list(self._free.values()))

    @property
    def is_dropping(self) -> bool:
        """Return True while the thread is alive that drops what is not used."""
        return self._thread is not None

    def _note_use(self) -> None:
        with self._lock:
            self._is_used = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._drop_unused, name="memory", daemon=True)
                self._thread.start()

    def _drop_unused(self) -> None:
        while not self._has_finished():
            time.sleep(self._unused_s)
            oldest_s = time.monotonic() - self._unused_s
            for key, free in list(self._free.items()):
                with suppress(IndexError):  # the deque is empty: all were old, or another thread took the last one
                    while free[0][0] < oldest_s:
                        free.popleft()
                if not free:
                    self._free.pop(key, None)

    def _has_finished(self) -> bool:
        """Return True if the thread may end: nothing is free, and nobody took anything since it last looked."""
        with self._lock:
            if self._is_used or self._free:
                self._is_used = False
                return False
            self._thread = None
            return True


_pool = Pool()


class FrameBuffers:
    """Lends byte buffers from a pool; by default from the pool that the whole process shares."""

    def __init__(self, pool: Pool = _pool) -> None:
        self._pool = pool

    def lend(self, size_bytes: int) -> np.ndarray:
        """Return a writable uint8 array of that size. Its memory returns to the pool when the array and all views of it
        are gone."""
        memory = self._pool.take(size_bytes, lambda: _map_memory(size_bytes))
        lent = np.frombuffer(memory, dtype=np.uint8)
        # Views of `lent` keep `lent` itself alive, because its memory belongs to no array (numpy: ndarray.base).
        weakref.finalize(lent, self._pool.give_back, size_bytes, memory).atexit = False
        return lent


def _map_memory(size_bytes: int) -> mmap.mmap:
    """Map memory directly from the system. It goes back as soon as it is freed; malloc could keep it."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size_bytes)
    return mmap.mmap(-1, size_bytes, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)


@contextmanager
def as_picture(pixels: np.ndarray, pool: Pool = _pool) -> Iterator[Image.Image]:
    """Yield the pixels as a Pillow image. It is valid within the block only.

    Pillow copies RGB pixels into new memory with four bytes a pixel, and allocating that for each picture is slow. So
    RGB images come from the pool. Pillow reads all other pixels in place.
    """
    height, width = pixels.shape[:2]
    if pixels.shape != (height, width, 3) or pixels.dtype != np.uint8:
        yield Image.fromarray(pixels)
        return
    key = ("picture", width, height)
    picture = pool.take(key, lambda: Image.new("RGB", (width, height)))
    try:
        picture.frombytes(np.ascontiguousarray(pixels).data)
        yield picture
    finally:
        pool.give_back(key, picture)


def open_memory_file() -> BinaryIO:
    """Return an anonymous file, in memory if the system supports it. It is deleted when it is closed.

    It is a real file with a descriptor, because Pillow releases the GIL only while it writes to one.
    """
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("picture"), "w+b")
    return tempfile.TemporaryFile()
