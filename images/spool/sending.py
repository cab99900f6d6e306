"""The originals that travel to the store now, a few at the same time, and those that come next."""

import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from images.models import Image
from images.spool.rows import find_next

# Finding one takes as long as finding twenty. What somebody else wants meanwhile waits for this long at most.
FOUND_AT_ONCE = 20
FOUND_FOR_S = 1.0
# Rows of what arrives within this time are written together: each write waits for the disk.
GATHERED_FOR_S = 0.05

Arrived = list[tuple[Image, Future[str]]]


class Sending:
    """One thread calls it. Threads of its own send, one original after the other of those that were found; they ask no
    database, and do not wait until the row of the last one is written."""

    def __init__(
        self, upload: Callable[[Image], str], at_once: int, monotonic_s: Callable[[], float] = time.monotonic
    ) -> None:
        """`upload` sends one original, and returns its key. `at_once`: how many travel at the same time."""
        self._upload = upload
        self._at_once = at_once
        self._monotonic_s = monotonic_s
        self._senders = ThreadPoolExecutor(at_once, "spool sender")
        # An executor of the tests sends within `submit`, so that the end of one begins the next.
        self._lock = threading.RLock()
        self._found: deque[Image] = deque()
        self._found_at_s = float("-inf")
        # So few are left that others have to be found, or the senders would soon have nothing to do.
        self._are_few_left = threading.Event()
        # What travels, or has arrived and was not yet returned.
        self._begun: dict[Future[str], Image] = {}
        self._is_ended = False

    def end(self) -> None:
        """Begin no more, for good. Does not wait for those under way."""
        with self._lock:
            self._is_ended = True
        self.hold()
        self._senders.shutdown(wait=False, cancel_futures=True)

    def hold(self) -> None:
        """Begin no more until the next `begin`."""
        with self._lock:
            self._found.clear()
            self._are_few_left.set()

    def begin(self, left_out: Collection[int]) -> bool:
        """Let the next originals travel, except those `left_out`, given by id. Returns False if there is none. Raises
        Django's DatabaseError."""
        if self._are_few_left.is_set() or not self._is_fresh():
            self._find(left_out)
        self._fill()
        return bool(self._begun)

    def wait(self) -> Arrived:
        """Block until one or more have arrived, or failed. Return them, each with what became of it: its key. Meanwhile
        others travel, unless one failed."""
        wait(self._list_begun(), return_when=FIRST_COMPLETED)
        self._are_few_left.wait(GATHERED_FOR_S)
        return self.take_arrived()

    def take_arrived(self) -> Arrived:
        """Return those that have arrived, or failed, and were not yet returned. Does not block."""
        with self._lock:
            return [(self._begun.pop(one), one) for one in self._list_begun() if one.done()]

    def _find(self, left_out: Collection[int]) -> None:
        found = find_next(self._ids_begun().union(left_out), FOUND_AT_ONCE)
        with self._lock:
            # Senders went on while the database was asked.
            begun = self._ids_begun()
            self._found = deque(image for image in found if image.pk not in begun)
            self._found_at_s = self._monotonic_s()
            self._are_few_left.clear()

    def _ids_begun(self) -> set[int]:
        with self._lock:
            return {image.pk for image in self._begun.values()}

    def _fill(self) -> None:
        with self._lock:
            while self._found and self._count_travelling() < self._at_once and not self._is_ended:
                image = self._found.popleft()
                sent = self._senders.submit(self._upload, image)
                self._begun[sent] = image
                sent.add_done_callback(self._go_on)
            if len(self._found) <= self._at_once:
                self._are_few_left.set()

    def _go_on(self, sent: "Future[str]") -> None:
        """One has arrived: called by the thread that sent it."""
        if sent.cancelled() or sent.exception() or not self._is_fresh():
            # What somebody wants meanwhile goes first, and a store that refuses one may refuse all.
            self.hold()
        self._fill()

    def _count_travelling(self) -> int:
        return sum(not one.done() for one in self._list_begun())

    def _list_begun(self) -> list[Future[str]]:
        with self._lock:
            return list(self._begun)

    def _is_fresh(self) -> bool:
        return self._monotonic_s() - self._found_at_s <= FOUND_FOR_S
