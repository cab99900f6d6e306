"""Probes the store at the start and each day, in a thread of its own, and keeps the result."""

import logging
import threading

from images.archive.paced_reader import StopRequested
from images.store.client import Store
from images.store.findings import ProbeResult
from images.store.probe import SHA256, SIGNED, probe_store

logger = logging.getLogger(__name__)

DAY_S = 86_400.0
# A store that was away may be back soon.
RETRY_S = 300.0
ENDING_S = 2.0


class StoreWatch:
    """The store of this process. `latest`: the result of the last probe; None until the first probe has ended."""

    def __init__(self, store: Store, every_s: float = DAY_S, retry_s: float = RETRY_S) -> None:
        self.store = store
        self.latest: ProbeResult | None = None
        self._every_s = every_s
        self._retry_s = retry_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="store probe", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Break off all calls to the store, and wait briefly for the probe."""
        self._stop.set()
        self.store.close()
        if self._thread.is_alive():
            self._thread.join(ENDING_S)

    def note(self, result: ProbeResult) -> None:
        """Keep the result of a probe. Puts rely on the store's own checks only if the probe saw them work."""
        # A probe that failed says nothing of the checks, so what was known before stays.
        if result.problem is None:
            self.store.looks_first = not result.refuses_to_overwrite
            self.store.sends_md5 = not {SHA256, SIGNED} & set(result.checks)
        if self._has_changed(result):
            logger.log(logging.INFO if result.may_evict else logging.WARNING, "The store: %s", result.verdict)
        self.latest = result

    def _has_changed(self, result: ProbeResult) -> bool:
        return self.latest is None or self.latest.verdict != result.verdict

    def _run(self) -> None:
        while not self._stop.is_set():
            is_tried_out = False
            try:
                self.note(result := probe_store(self.store))
                is_tried_out = result.problem is None
            except StopRequested:
                return
            except Exception:
                # The thread's boundary: the next probe may go well.
                logger.exception("The store could not be tried out")
            self._stop.wait(self._every_s if is_tried_out else self._retry_s)


_watches: list[StoreWatch] = []


def register_store_watch(watch: StoreWatch | None) -> None:
    """Make this the store of the process; None for no store. It replaces an earlier one, and does not close it."""
    _watches[:] = [watch] if watch else []


def the_store_watch() -> StoreWatch | None:
    """Return the watch of this process; None if no store is set."""
    return _watches[0] if _watches else None
