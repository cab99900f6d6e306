"""How long the disk took for the last originals. The status page and the metrics read it."""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter

KEPT = 20


@dataclass(frozen=True, slots=True)
class WriteTime:
    """One original, or a group of them, that was forced to disk in `seconds`."""

    at: datetime
    size_bytes: int
    seconds: float


class WriteTimes:
    """The last times, and the sums since the start of the program. Safe to use from any thread."""

    def __init__(self) -> None:
        self._change = threading.Lock()
        self._last: deque[WriteTime] = deque(maxlen=KEPT)
        self.originals = 0
        self.size_bytes = 0
        self.seconds = 0.0

    @contextmanager
    def measure(self, size_bytes: int, originals: int = 1) -> Iterator[None]:
        """Note how long the block takes. If it fails, nothing is noted."""
        began_s = perf_counter()
        yield
        self._note(size_bytes, originals, perf_counter() - began_s)

    def last(self) -> list[WriteTime]:
        """Return the last KEPT times, the oldest first."""
        with self._change:
            return list(self._last)

    def _note(self, size_bytes: int, originals: int, seconds: float) -> None:
        with self._change:
            self._last.append(WriteTime(datetime.now(UTC), size_bytes, seconds))
            self.originals += originals
            self.size_bytes += size_bytes
            self.seconds += seconds
