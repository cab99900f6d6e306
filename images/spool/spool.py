"""The thread that sends originals into the store, a few at a time, and reads each back a day later.

Nothing waits for this thread, and it forgets nothing: the rows say what waits. If the store is away or full, it tries
again later. If it cannot send an original, because its file is missing or changed, it leaves that one out, and says so.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from django.db import close_old_connections, connections

from images.archive.paced_reader import StopRequested
from images.errors import DATABASE_AWAY, LibraryError, StorageUnavailable
from images.models import Image
from images.run_days import Clock
from images.spool.evict import Evictor
from images.spool.left_out import LeftOut
from images.spool.rows import (
    Waiting,
    count_waiting,
    find_last_stored_at,
    find_to_verify,
    note_all_stored,
    note_conflict,
)
from images.spool.second_look import look_again
from images.spool.sending import Arrived, Sending
from images.spool.side_files import LEFT_OUT_FOR_S, SideFiles
from images.spool.upload import Uploader
from images.store.client import Store
from images.store.errors import ObjectOfSomebodyElse, StoreBusy, StoreError

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 3.0
FIRST_WAIT_S, MAX_WAIT_S = 1.0, 300.0
# If the store refuses one original, it waits so long, and the others are tried first.
POSTPONED_FOR_S = 600.0
COUNT_EVERY_S = 20.0
# After a fault, no room is made and no side files are sent for this time. Originals do not wait for that.
ASIDE_AGAIN_S = 60.0
# A store that loses an object mostly does so within hours: its cache was never written, or a disk died.
SECOND_LOOK_AFTER = timedelta(hours=24)
ENDING_S = 5.0


@dataclass(frozen=True, slots=True)
class SpoolState:
    """The state of the spool. `problem`: why it waits; `todo`: what a person can do; both empty if it does not wait.
    `since`: since when it waits. `left_out`: how many originals cannot be sent, because their file is missing or
    changed."""

    waiting: Waiting | None = None
    last_stored_at: datetime | None = None
    problem: str = ""
    todo: str = ""
    since: datetime | None = None
    left_out: int = 0


class Spool:
    """The spool of this process. Its one thread runs from `begin` to `end`."""

    def __init__(
        self,
        store: Store,
        uploader: Uploader,
        is_held_back: Callable[[], bool],
        clock: Clock | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        evictor: Evictor | None = None,
        side_files: SideFiles | None = None,
        sent_at_once: int = 1,
        report: Callable[[SpoolState, datetime], None] = lambda state, now: None,
    ) -> None:
        """`is_held_back` returns True while something on this PC needs the whole disk, such as a burst. `evictor`
        makes room on this disk; None: nothing leaves it. `side_files` sends sidecars and files of jobs; None: they are
        not sent. `sent_at_once`: how many originals travel at the same time. `report` is called with the state and the
        time, each time that the spool has counted what waits."""
        self._store = store
        self._uploader = uploader
        self._is_held_back = is_held_back
        self._clock = clock or Clock()
        self._monotonic_s = monotonic_s
        self.evictor = evictor
        self._side_files = side_files
        self._sending = Sending(lambda image: self._uploader.upload(image, self._stop), sent_at_once, monotonic_s)
        self._report = report
        self._make_room_at_s = self._side_files_at_s = float("-inf")
        self._stop = threading.Event()
        self._left_out = LeftOut(LEFT_OUT_FOR_S, monotonic_s)
        self._postponed = LeftOut(POSTPONED_FOR_S, monotonic_s)
        self._failures = 0
        self._counted_s = float("-inf")
        self._thread: threading.Thread | None = None
        self.state = SpoolState()

    def begin(self) -> None:
        if self._thread is None and not self._stop.is_set():
            self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
            self._thread.start()

    def end(self) -> None:
        """Break off all transfers. They begin again after the next start. Blocks for at most ENDING_S."""
        self._stop.set()
        self._sending.end()
        if self._thread is not None:
            self._thread.join(ENDING_S)

    def step(self) -> float:
        """Do the next step, and return after how many seconds the one after it is due. Blocks while bytes travel.
        Raises StopRequested, and Django's DatabaseError."""
        self._count_now_and_then()
        if self._is_held_back():
            self._sending.hold()
            return max(self._note_arrived(self._sending.take_arrived()), LOOK_EVERY_S)
        # Before anything is sent: while pictures come without end, there is always one to send, and the disk must not
        # get full meanwhile.
        self._make_room()
        if (wait_s := self._send_originals()) is not None:
            return wait_s
        if (wait_s := self._send_side_file()) is not None:
            return wait_s
        image = find_to_verify(self._clock.now() - SECOND_LOOK_AFTER, self._postponed.ids())
        if image:
            return self._try(image, self._look_again)
        if self._postponed:
            # Nothing else is left to do, so those that were refused are tried at once.
            self._postponed.clear()
            return 0.0
        self._go_on()
        return LOOK_EVERY_S

    def _send_originals(self) -> float | None:
        """Begin to send the next originals, and note those that have arrived. Blocks until one has arrived. Returns how
        many seconds to wait; None if no original waits."""
        if not self._sending.begin(self._left_out.ids() | self._postponed.ids()):
            return None
        return self._note_arrived(self._sending.wait())

    def _make_room(self) -> None:
        """Let one batch of originals leave if the disk gets full. The next batch comes with the next step."""
        if self.evictor is None or self._monotonic_s() < self._make_room_at_s:
            return
        try:
            self.evictor.make_room()
        except (LibraryError, OSError) as problem:
            logger.warning("No room is made on this disk: %s", problem)
            self._make_room_at_s = self._monotonic_s() + ASIDE_AGAIN_S

    def _send_side_file(self) -> float | None:
        """Send a sidecar, or parts of jobs. Returns None if nothing waits, or if the store refused one a moment ago."""
        if self._side_files is None or self._monotonic_s() < self._side_files_at_s:
            return None
        try:
            return 0.0 if self._side_files.send_next() else None
        except (StoreError, StorageUnavailable) as problem:
            self._side_files_at_s = self._monotonic_s() + ASIDE_AGAIN_S
            return self._wait(problem)

    def _try(self, image: Image, bring: Callable[[Image], None]) -> float:
        try:
            bring(image)
        except (StoreError, StorageUnavailable) as problem:
            self._postponed.add(image.pk)
            return self._wait(problem)
        return 0.0

    def _look_again(self, image: Image) -> None:
        look_again(self._store, image, self._clock.now(), self._stop)
        self._go_on()

    def _note_arrived(self, arrived: Arrived) -> float:
        """Write down together what has arrived, and then what failed, so that its cause is what the page shows."""
        if keys := {image.pk: sent.result() for image, sent in arrived if not sent.exception()}:
            now = self._clock.now()
            note_all_stored(keys, now)
            self._go_on(last_stored_at=now)
        failed = [(image, sent) for image, sent in arrived if sent.exception()]
        return max((self._try(image, partial(self._note_failed, sent)) for image, sent in failed), default=0.0)

    def _note_failed(self, sent: Future[str], image: Image) -> None:
        try:
            sent.result()
        except ObjectOfSomebodyElse as problem:
            logger.error("%s is not put into the store: %s %s", image.filename, problem, problem.todo)
            note_conflict(image.pk, problem.key)
        except (StoreError, StorageUnavailable):
            raise
        except (LibraryError, OSError, KeyError, ValueError) as problem:
            # Something is wrong with this one file, or with the name or format in its row. The others go on. If it has
            # no row any more, it was removed since it was found.
            if Image.objects.filter(pk=image.pk).exists():
                logger.warning("%s is not put into the store: %r", image.filename, problem)
                self._left_out.add(image.pk)

    def _wait(self, problem: StoreError | StorageUnavailable) -> float:
        """Note why the spool waits, and return for how many seconds: longer after each failure."""
        self._failures += 1
        todo = problem.todo if isinstance(problem, StoreError) else ""
        if self.state.problem != str(problem):
            logger.warning("Pictures wait for the store: %s %s", problem, todo)
            self._note(problem=str(problem), todo=todo, since=self.state.since or self._clock.now())
        # The exponent is bounded: a store that is away for weeks would make a number that no float can hold.
        wait_s = min(FIRST_WAIT_S * 2 ** min(self._failures - 1, 20), MAX_WAIT_S)
        return max(wait_s, problem.retry_after_s) if isinstance(problem, StoreBusy) else wait_s

    def _go_on(self, last_stored_at: datetime | None = None) -> None:
        if self.state.problem:
            logger.info("The store takes pictures again")
        self._failures = 0
        self._note(last_stored_at=last_stored_at or self.state.last_stored_at, problem="", todo="", since=None)

    def _count_now_and_then(self) -> None:
        """Count what waits, and report it. Counting reads every waiting row, so it is not done at each step."""
        if self._monotonic_s() - self._counted_s >= COUNT_EVERY_S:
            stored_at = self.state.last_stored_at or find_last_stored_at()
            self._note(waiting=count_waiting(), last_stored_at=stored_at)
            self._counted_s = self._monotonic_s()
            self._report(self.state, self._clock.now())

    def _note(self, **changed: object) -> None:
        self.state = replace(self.state, left_out=len(self._left_out), **changed)  # type: ignore[arg-type]

    def _run(self) -> None:
        while not self._stop.is_set():
            close_old_connections()
            wait_s = MAX_WAIT_S
            try:
                wait_s = self.step()
            except (StopRequested, CancelledError):
                break
            except DATABASE_AWAY as away:
                logger.warning("Pictures wait for the database before they go to the store: %s", str(away).strip())
                wait_s = LOOK_EVERY_S
            except Exception:
                # The boundary of the thread: after any error, the next original may succeed.
                logger.exception("The spool failed; it tries again")
            self._stop.wait(wait_s)
        connections.close_all()


_spools: list[Spool] = []


def register_spool(spool: Spool | None) -> None:
    """Make this the spool of the process; None if no store is set."""
    _spools[:] = [spool] if spool else []


def the_spool() -> Spool | None:
    return _spools[0] if _spools else None
