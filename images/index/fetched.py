"""Originals that were fetched from the object store: files in a folder of their own. They may be removed at any time.

An original is fetched as a whole, and gets its name only once its sum is right. So no byte of anything else is ever
taken for it.
"""

import contextlib
import hashlib
import os
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from images.archive.folder import raising_storage_errors
from images.errors import OriginalChangedInStore
from images.store.client import Store
from images.store.errors import StoreBusy

# The next export, range or page often wants the same original again.
MAX_KEPT_BYTES = 500_000_000
# Each may take as much network and disk as it gets.
FETCHED_AT_ONCE = 8
# Whoever waits longer for a place gets an error, and can ask again later.
WAIT_S = 30.0
RETRY_S = 2.0
BEGUN = ".part"


class Fetched:
    """The folder of fetched originals, each under its SHA-256. Safe to use from any thread."""

    def __init__(self, store: Store, folder: Path, max_kept_bytes: int = MAX_KEPT_BYTES) -> None:
        self.store = store
        self._folder = folder
        self._max_kept_bytes = max_kept_bytes
        # By the sum, an original always gets the same lock. So it is fetched once, however many want it.
        self._locks = [threading.Lock() for _ in range(FETCHED_AT_ONCE)]

    def find(self, sha256: str) -> BinaryIO | None:
        """Open an original that was fetched before; None if it is not there. The caller closes it, and must prove its
        bytes."""
        with raising_storage_errors(), contextlib.suppress(FileNotFoundError):
            return (self._folder / sha256).open("rb")
        return None

    @contextlib.contextmanager
    def turn(self, sha256: str) -> Iterator[None]:
        """Wait until nobody else fetches this original. Raises StoreBusy if that takes too long."""
        lock = self._locks[int(sha256[:4], 16) % len(self._locks)]
        if not lock.acquire(timeout=WAIT_S):
            raise StoreBusy("Too many originals are being fetched from the store.", RETRY_S)
        try:
            yield
        finally:
            lock.release()

    def fetch(self, key: str, filename: str, size_bytes: int, sha256: str) -> BinaryIO:
        """Fetch an original, and return it open; the caller closes it. Call it within `turn`. Blocks, within the
        patience of the store.

        Raises OriginalChangedInStore if the bytes are not those of this size and sum, StoreError, StopRequested once
        the store is closed, or StorageUnavailable if this disk cannot hold it.
        """
        with raising_storage_errors():
            begun = self._folder / f"{secrets.token_hex(8)}{BEGUN}"
            self._folder.mkdir(parents=True, exist_ok=True)
            try:
                with begun.open("xb") as file:
                    self._receive(key, file, filename, size_bytes, sha256)
                # Only now it gets its name: a file under a sum is always whole.
                os.replace(begun, self._folder / sha256)
            finally:
                begun.unlink(missing_ok=True)
            fetched = (self._folder / sha256).open("rb")
            # After it was opened: if another request removes it, this one still has its bytes.
            self._make_room(but=sha256)
            return fetched

    def forget(self, sha256: str) -> None:
        """Remove the copy of an original that is deleted for good."""
        with contextlib.suppress(OSError):
            (self._folder / sha256).unlink()

    def clear(self) -> None:
        """Remove all copies. Call it at the start, while nothing is fetched."""
        for path in self._list():
            with contextlib.suppress(OSError):
                path.unlink()

    def _receive(self, key: str, file: BinaryIO, filename: str, size_bytes: int, sha256: str) -> None:
        digest, received = hashlib.sha256(), 0
        with self.store.open_range(key) as reader:
            # An object of another size is not this original. It must not fill the disk.
            while received <= size_bytes and (block := reader.read()):
                digest.update(block)
                received += len(block)
                file.write(block)
        if (received, digest.hexdigest()) != (size_bytes, sha256):
            raise OriginalChangedInStore(filename)

    def _make_room(self, but: str) -> None:
        """Remove the files that were fetched first, until the rest is small enough. `but` stays."""
        found = []
        for path in self._list():
            with contextlib.suppress(OSError):
                found.append((path.stat().st_mtime_ns, path.stat().st_size, path))
        left_bytes = sum(size_bytes for _, size_bytes, _ in found)
        for _, size_bytes, path in sorted(found):
            if left_bytes <= self._max_kept_bytes:
                return
            # Windows removes no file that is being read. It goes the next time.
            if path.name != but and path.suffix != BEGUN:
                with contextlib.suppress(OSError):
                    path.unlink()
                    left_bytes -= size_bytes

    def _list(self) -> list[Path]:
        return list(self._folder.iterdir()) if self._folder.is_dir() else []
