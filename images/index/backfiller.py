"""Adds rows that could not be written together with their files, because the database was away."""

import logging
import threading
from collections import deque

from django.db import close_old_connections, connections

from images.archive.archive import Archive
from images.archive.names import Location
from images.errors import DATABASE_AWAY, StorageUnavailable
from images.index.adoption import adopt

logger = logging.getLogger(__name__)

RETRY_S = 2.0


# The database may hang. The next start lists the rest.
PATIENCE_S = 2.0


class RowBackfiller:
    """Adds rows that could not be written together with their files. Its one thread runs only while rows are
    pending."""

    def __init__(self, archive: Archive, retry_s: float = RETRY_S) -> None:
        self._archive = archive
        self._retry_s = retry_s
        self._pending: deque[Location] = deque()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def pending_count(self) -> int:
        """The number of originals that wait for their rows."""
        return len(self._pending)

    def add_later(self, original: Location) -> None:
        """Write the row of this original as soon as the database answers. Does not block."""
        with self._lock:
            self._pending.append(original)
            # Under the lock, because the thread ends under it: otherwise an original could come between its last look
            # and its end, and wait for ever.
            if self._thread is None and not self._ending.is_set():
                self._thread = threading.Thread(target=self._add_pending, name="row-backfiller", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Stop. The next start finds the pending originals again. Blocks for at most PATIENCE_S."""
        self._ending.set()
        if thread := self._thread:
            thread.join(PATIENCE_S)

    def _add_pending(self) -> None:
        while not self._has_finished():
            # A connection that failed stays broken. The next try needs a new one.
            close_old_connections()
            if self._is_settled(self._pending[0]):
                self._pending.popleft()
            else:
                # The next try begins with another original, so that one that fails does not hold up the rest.
                self._pending.rotate(-1)
                self._ending.wait(self._retry_s)
        connections.close_all()

    def _is_settled(self, original: Location) -> bool:
        """Return True if this original has its row now, or if waiting cannot help."""
        try:
            adopt(self._archive, original)
        except (*DATABASE_AWAY, StorageUnavailable) as away:
            logger.warning("%d images wait for their rows: %s", len(self._pending), away)
            return False
        except Exception:
            # The thread's boundary: one original that cannot be listed must not stop the others.
            logger.exception("%s could not be listed; the next start tries again", original.name)
        return True

    def _has_finished(self) -> bool:
        with self._lock:
            if self._pending and not self._ending.is_set():
                return False
            # Under the lock: the next `add_later` then starts a new thread.
            self._thread = None
            return True
