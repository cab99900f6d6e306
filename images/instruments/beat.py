"""The thread that writes the row of this instrument: that it lives, the state of its camera, and what waits for the
store."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import close_old_connections, connections
from django.db.models import Sum

from images.errors import DATABASE_AWAY, LibraryError
from images.instruments.errors import InstrumentError
from images.instruments.lease import InstrumentLease
from images.models import Image
from images.run_days import Clock

logger = logging.getLogger(__name__)

EVERY_S = 10.0
# The speed of the spool is the best of so many beats: in the others it may have had nothing to send.
PACES = 30
ENDING_S = 3.0

# Returns columns of the row of this instrument. It may raise LibraryError, OSError, and Django's DatabaseError.
Describe = Callable[[], dict[str, Any]]


class InstrumentBeat:
    """The heartbeat of this instrument. `begin` and `end` start and end its thread; `take` comes before `begin`."""

    def __init__(
        self,
        make_lease: Callable[[], InstrumentLease],
        name: str,
        describe: Describe,
        after: Callable[[], object] = lambda: None,
        clock: Clock | None = None,
        every_s: float = EVERY_S,
    ) -> None:
        """`make_lease` may touch the disk, to read the id. `after` is called after each beat, to take up what people
        changed on other PCs."""
        self._make_lease = make_lease
        self._name = name
        self._describe = describe
        self._after = after
        self._clock = clock or Clock()
        self._every_s = every_s
        self._lease: InstrumentLease | None = None
        self._paces: deque[float] = deque(maxlen=PACES)
        self._stop = threading.Event()
        self._due = threading.Event()
        self._thread: threading.Thread | None = None
        # Why this process must not work as its instrument any more; empty if it may.
        self.problem = ""

    def take(self) -> bool:
        """Take the lease, once. Returns False if `end` is called first. Blocks and raises like InstrumentLease.take."""
        if self._lease is None:
            lease = self._make_lease()
            if not lease.take(self._name, self._stop):
                return False
            self._lease = lease
            logger.info("This PC is the instrument %s (%s)", self._name, lease.instrument_id)
            self._due.set()
        return True

    def begin(self) -> None:
        """Write the row every ten seconds from now on. Writes nothing without the lease."""
        self._thread = threading.Thread(target=self._run, name="instrument", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Stop, and release the lease, so that the next process gets it at once. Blocks for at most a few seconds."""
        self._stop.set()
        self._due.set()
        if self._thread is not None:
            self._thread.join(ENDING_S)

    def beat(self) -> None:
        """Write the row once. Raises InstrumentError, and Django's DatabaseError."""
        assert self._lease
        columns = {"name": self._name, "clock_offset_ms": self._lease.measure_clock(self._clock), **self._read_pace()}
        try:
            columns |= self._describe()
        except (LibraryError, OSError) as problem:
            # The lease is renewed in any case, also without a description: otherwise another process could take it.
            logger.warning("The state of this instrument could not be described: %s", problem)
        if self._lease.renew(**columns):
            self.problem = ""
        elif not self.problem:
            self.problem = "Another PC works under the id of this instrument."
            logger.error("%s Nothing goes to the store. Stop the program on one of the two.", self.problem)

    def _read_pace(self) -> dict[str, Any]:
        since = self._clock.now() - timedelta(seconds=self._every_s)
        stored = Image.objects.of_this_pc().filter(place=Image.Place.BOTH, verified_at=None, stored_at__gt=since)
        size_bytes = stored.aggregate(size_bytes=Sum("file_size"))["size_bytes"]
        if size_bytes:
            self._paces.append(size_bytes / self._every_s)
        return {"spool_bytes_per_s": max(self._paces, default=None)}

    def _run(self) -> None:
        while not self._stop.is_set():
            self._beat_or_report()
            self._due.wait(self._every_s)
            self._due.clear()
        self._release()
        connections.close_all()

    def _beat_or_report(self) -> None:
        close_old_connections()
        try:
            if self._lease is not None:
                self.beat()
                self._after()
        except (InstrumentError, *DATABASE_AWAY) as problem:
            logger.warning("The row of this instrument could not be written: %s", str(problem).strip())
        except Exception:
            # The boundary of the thread: after any error, the next beat may succeed.
            logger.exception("The row of this instrument could not be written")

    def _release(self) -> None:
        try:
            if self._lease is not None:
                self._lease.release()
        except DATABASE_AWAY as away:
            logger.warning("The lease of this instrument stays until it ends by itself: %s", str(away).strip())


_beats: list[InstrumentBeat] = []


def register_beat(beat: InstrumentBeat | None) -> None:
    """Make this the beat of the process; None if this PC is not one of several instruments."""
    _beats[:] = [beat] if beat else []


def the_beat() -> InstrumentBeat | None:
    return _beats[0] if _beats else None
