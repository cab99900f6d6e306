"""A thread that looks again and again for something to do."""

import logging
import threading
import time
from collections.abc import Callable

from django.db import connections

from images.errors import DATABASE_AWAY

logger = logging.getLogger(__name__)


class Rounds:
    """Calls `look` again and again. After an error, the next look comes nevertheless."""

    def __init__(self, name: str, look: Callable[[], None], wait_s: Callable[[], float], gather_s: float = 0.0) -> None:
        """Starts nothing. `wait_s` returns how many seconds to wait for the next look if nobody wakes it. `gather_s`:
        so long it waits after being woken, so that one look sees several changes."""
        self._name = name
        self._look = look
        self._wait_s = wait_s
        self._gather_s = gather_s
        self._woken = threading.Event()
        self._is_ending = False
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        if self.thread is None and not self._is_ending:
            self.thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self.thread.start()

    def wake(self) -> None:
        """Look soon. Does not block."""
        self._woken.set()

    def end(self, is_busy: Callable[[], bool], patience_s: float) -> None:
        """Go on looking while `is_busy`, for at most `patience_s`; then end the thread."""
        until_s = time.monotonic() + patience_s
        while self.thread and is_busy() and time.monotonic() < until_s:
            self.wake()
            time.sleep(0.05)
        self._is_ending = True
        self.wake()
        if self.thread is not None:
            self.thread.join(max(until_s - time.monotonic(), 0.1))

    def _run(self) -> None:
        while not self._is_ending:
            try:
                self._look()
            except DATABASE_AWAY as away:
                logger.warning("The %s wait for the database: %s", self._name, str(away).strip())
            except Exception:
                # The boundary of the thread: after any error, the next look may succeed.
                logger.exception("The %s cannot be delivered; trying again", self._name)
            finally:
                # While nothing happens, others may need the connection to the database.
                connections.close_all()
            self._woken.wait(self._wait_s())
            if not self._is_ending:
                time.sleep(self._gather_s)
            self._woken.clear()
