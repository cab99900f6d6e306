"""Fetches whole objects, and compares their bytes with the sum in their metadata."""

import contextlib
import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, TypeVar

from camera.memory import open_memory_file
from images.archive.paced_reader import StopRequested
from images.store.body import Pace
from images.store.client import Store
from images.store.errors import ObjectMissing, StoreBusy, StoreUnreachable, StoreWrongBytes
from images.store.objects import ListedObject

# A rebuild runs for hours. It should survive a restart of the store.
WAITS_S = (1.0, 3.0, 9.0)
MAX_WAIT_S = 30.0

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class FetchedObject:
    """A fetched object. `is_proved`: True if its bytes have the sum in its metadata; False if there is no sum."""

    size_bytes: int
    sha256: str
    stored_at: datetime
    is_proved: bool


class Fetcher:
    """Fetches objects with a limited speed, until `stop` is set. Any thread may call it."""

    def __init__(self, store: Store, pace: Pace, stop: threading.Event, waits_s: tuple[float, ...] = WAITS_S) -> None:
        """`waits_s`: if the store is busy or away, how many seconds to wait before each further attempt."""
        self._store = store
        self._pace = pace
        self._stop = stop
        self._waits_s = waits_s

    def fetch(self, listed: ListedObject, file: BinaryIO) -> FetchedObject:
        """Write all bytes of an object into a file. Blocks. Raises StoreWrongBytes if they are not those that were put;
        ObjectMissing; StopRequested; and StoreError if the store stays away."""
        return self._try_patiently(lambda: self._receive(listed, file))

    def read(self, listed: ListedObject) -> bytes:
        """Return all bytes of a small object. Raises like `fetch`."""
        with open_memory_file() as file:
            self.fetch(listed, file)
            file.seek(0)
            return file.read()

    def measure(self, key: str) -> tuple[int, str] | None:
        """Read an object, and return its size and SHA-256; None if there is none. Raises StopRequested; and StoreError
        if the store stays away."""
        with contextlib.suppress(ObjectMissing):
            return self._try_patiently(lambda: self._store.measure(key, self._pace, self._stop))
        return None

    def _receive(self, listed: ListedObject, file: BinaryIO) -> FetchedObject:
        file.seek(0)
        file.truncate()
        digest, size_bytes = hashlib.sha256(), 0
        with self._store.open_listed(listed, self._stop) as (facts, reader):
            while block := reader.read():
                self._pace.wait(len(block), self._stop)
                digest.update(block)
                size_bytes += len(block)
                file.write(block)
        if facts.sha256 and facts.sha256 != digest.hexdigest():
            raise StoreWrongBytes("The store has other bytes than were put there.")
        return FetchedObject(size_bytes, digest.hexdigest(), listed.stored_at, bool(facts.sha256))

    def _try_patiently(self, ask: Callable[[], Answer]) -> Answer:
        for wait_s in self._waits_s:
            try:
                return ask()
            except (StoreBusy, StoreUnreachable) as problem:
                if isinstance(problem, StoreBusy):
                    wait_s = max(wait_s, min(problem.retry_after_s, MAX_WAIT_S))
                if self._stop.wait(wait_s):
                    raise StopRequested from problem
        return ask()
