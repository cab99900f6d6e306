"""Memory for frames, used again and again.

A fresh array of some megabytes for each frame goes to the kernel and back every time, which costs more than copying
the pixels. So buffers return here by themselves once nobody refers to them.
"""

import threading
import weakref

import numpy as np


class FrameBuffers:
    """A pool of equally large byte buffers. Safe to use from any thread."""

    def __init__(self, keep: int = 8) -> None:
        self._keep = keep
        self._size = 0
        self._free: list[bytearray] = []
        self._lock = threading.Lock()

    def lend(self, size_bytes: int) -> np.ndarray:
        """A writable uint8 array of that size. It comes back when it and every view of it are forgotten."""
        with self._lock:
            if size_bytes != self._size:
                self._size, self._free = size_bytes, []
            memory = self._free.pop() if self._free else bytearray(size_bytes)
        lent = np.frombuffer(memory, dtype=np.uint8)
        # Views of `lent` keep `lent` itself alive, because its memory belongs to no array (numpy: ndarray.base).
        weakref.finalize(lent, self._take_back, memory)
        return lent

    def _take_back(self, memory: bytearray) -> None:
        with self._lock:
            if len(memory) == self._size and len(self._free) < self._keep:
                self._free.append(memory)
