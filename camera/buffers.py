"""Memory for frames, used again and again.

A fresh array of some megabytes for each frame goes to the kernel and back every time, which costs more than copying
the pixels. So buffers return here by themselves once nobody refers to them.
"""

import weakref
from collections import deque

import numpy as np


class FrameBuffers:
    """A pool of byte buffers. Safe to use from any thread.

    There is no lock, only a deque, whose append and pop are atomic: a buffer comes back whenever its last array is
    forgotten, and the garbage collector can make that happen in the midst of `lend`, on the same thread.
    """

    def __init__(self, keep: int = 8) -> None:
        self._free: deque[bytearray] = deque(maxlen=keep)

    def lend(self, size_bytes: int) -> np.ndarray:
        """A writable uint8 array of that size. It comes back when it and every view of it are forgotten."""
        memory = self._take(size_bytes)
        lent = np.frombuffer(memory, dtype=np.uint8)
        # Views of `lent` keep `lent` itself alive, because its memory belongs to no array (numpy: ndarray.base).
        weakref.finalize(lent, self._free.append, memory).atexit = False
        return lent

    @property
    def free_count(self) -> int:
        """How many buffers wait to be used again."""
        return len(self._free)

    def _take(self, size_bytes: int) -> bytearray:
        """A free buffer of that size, or a new one. Those of another size are dropped: the camera's frames changed."""
        while True:
            try:
                memory = self._free.pop()
            except IndexError:
                return bytearray(size_bytes)
            if len(memory) == size_bytes:
                return memory
