"""A gate before the database. It shuts when the server gives no connection, and then one thread tries again until the
server does. Meanwhile all others get an error at once. Without the gate, a request would wait five seconds for a dead
server at each of its queries."""

import logging
import threading
from collections.abc import Callable

import psycopg

logger = logging.getLogger(__name__)

TRY_EVERY_S = 1.0
NO_CONNECTION = "The server gave no connection a moment ago. The program tries again."


class Gate:
    """The gate. Any thread may use it."""

    def __init__(self, try_every_s: float = TRY_EVERY_S) -> None:
        self._try_every_s = try_every_s
        self._lock = threading.Lock()
        self._opened = threading.Event()
        self._opened.set()
        # Why it is shut although the server gives connections; empty if there is no such reason.
        self.reason = ""

    @property
    def is_shut(self) -> bool:
        return not self._opened.is_set()

    def require_open(self) -> None:
        """Raises psycopg's OperationalError while the gate is shut."""
        if self.is_shut:
            raise psycopg.OperationalError(self.reason or NO_CONNECTION)

    def shut(self, try_once: Callable[[], object], when_back: Callable[[], object], reason: str = "") -> None:
        """Shut the gate until `try_once` raises no OperationalError. `when_back` is called before it opens, if the
        first try failed. `reason`: a sentence for everybody who is refused meanwhile, if the server is not away."""
        with self._lock:
            if self.is_shut:
                return
            self.reason = reason
            self._opened.clear()
        threading.Thread(target=self._open_when_back, args=(try_once, when_back), name="database", daemon=True).start()

    def _open_when_back(self, try_once: Callable[[], object], when_back: Callable[[], object]) -> None:
        try:
            is_first = True
            while not _is_there(try_once):
                is_first = False
                # Nobody sets this event while the gate is shut, so this is only a pause.
                self._opened.wait(self._try_every_s)
            if not is_first:
                when_back()
        except Exception:
            # The boundary of the thread: the gate opens, and the next request gets the error itself.
            logger.exception("The database could not be tried again")
        finally:
            self.reason = ""
            self._opened.set()


def _is_there(try_once: Callable[[], object]) -> bool:
    try:
        try_once()
    except psycopg.OperationalError:
        return False
    return True
