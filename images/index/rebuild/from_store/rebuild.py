"""Rebuilds the library from the object store alone. It needs no original on this PC.

Each original is fetched into a temporary file, and read. Its row is made by the same adoption as that of a file on the
disk. The rebuild only adds what is missing, in short transactions, so it can be repeated after an interruption.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import islice
from uuid import UUID

from django.db.models import Q

from images.archive.paced_reader import go_on_always
from images.archive.staging import Staging
from images.index.rebuild.from_store.changes import follow_changes
from images.index.rebuild.from_store.fetcher import WAITS_S, Fetcher
from images.index.rebuild.from_store.instruments import InstrumentFinder
from images.index.rebuild.from_store.jobs import restore_stored_jobs
from images.index.rebuild.from_store.originals import OriginalReader, StoredOriginal, note_in_both, sort_objects
from images.index.rebuild.lister import Lister, RebuildProgress
from images.index.rebuild.read_ahead import read_ahead
from images.index.rebuild.restore_jobs import settle_jobs
from images.index.rebuild.restore_people import PeopleRestorer
from images.models import Job, JobQuerySet
from images.own_instrument import own_instrument_id
from images.store.body import Pace
from images.store.client import Store
from images.store.keys import ORIGINALS

READERS = 4
# Each fetched file is on the disk until it is listed, and some are large.
READ_AHEAD = 12
LISTED_AT_ONCE = 12
SORTED_AT_ONCE = 500
JOB_FILES = "jobs"


def rebuild_from_store(
    store: Store,
    staging: Staging,
    alone_id: UUID | None,
    report: Callable[[str], None],
    go_on: Callable[[], None] = go_on_always,
    pace: Pace | None = None,
    waits_s: tuple[float, ...] = WAITS_S,
) -> Iterator[RebuildProgress]:
    """Make the rows of all originals in the store that have none, and the users, jobs, objectives and calibrations that
    they name. Then apply their newest changes. Existing rows stay; they only get a note if their originals are in the
    store too. `alone_id`: see InstrumentFinder. Yields its progress, in numbers of originals, after each of many short
    steps. `report` and `go_on`: see `rebuild`. `waits_s`: see Fetcher. Raises StoreError, StorageUnavailable, Django's
    DatabaseError, or what `go_on` raises; the work done so far stays."""
    stop = threading.Event()
    fetcher = Fetcher(store, pace or Pace(), stop, waits_s)
    rebuilding = _Rebuilding(store, fetcher, staging, InstrumentFinder(alone_id), report, go_on)
    try:
        yield from rebuilding.steps()
    finally:
        stop.set()
        rebuilding.end()


def _jobs_at_rest() -> JobQuerySet:
    """Return the jobs that no other PC runs now. If a job runs, its newest slots may not have their rows yet."""
    of_nobody_else = Q(instrument=own_instrument_id()) | Q(instrument__last_seen_at__isnull=True)
    return Job.objects.with_plan().filter(of_nobody_else | Q(ended_at__isnull=False))


class _Rebuilding:
    """One rebuild, with the threads that fetch."""

    def __init__(
        self,
        store: Store,
        fetcher: Fetcher,
        staging: Staging,
        instruments: InstrumentFinder,
        report: Callable[[str], None],
        go_on: Callable[[], None],
    ) -> None:
        self._store = store
        self._fetcher = fetcher
        self._staging = staging
        self._instruments = instruments
        self._report = report
        self._go_on = go_on
        self._people = PeopleRestorer()
        self._rebuilt = RebuildProgress(0, users=self._people.new_users, jobs=self._people.new_jobs)
        self._pool = ThreadPoolExecutor(READERS, "fetcher")

    def steps(self) -> Iterator[RebuildProgress]:
        self._staging.clear()
        self._reader = OriginalReader(self._staging, self._fetcher, READ_AHEAD + LISTED_AT_ONCE)
        for _ in self._store.list_objects(ORIGINALS):
            self._go_on()
            self._rebuilt.file_count += 1
        # Jobs come before images, so that the images find their jobs and slots.
        yield from self._restore_jobs()
        objects = self._store.list_objects(ORIGINALS)
        while some := list(islice(objects, SORTED_AT_ONCE)):
            found = sort_objects(some)
            for problem in found.problems:
                self._name(problem)
            self._rebuilt.looked_at += len(some) - len(found.unlisted) - len(found.unplaced)
            yield self._rebuilt
            yield from self._note_in_both(found.unplaced)
            yield from self._list(found.unlisted)
        yield from self._follow_changes()
        settle_jobs(_jobs_at_rest())

    def end(self) -> None:
        """Wait for the threads that fetch, and remove all temporary files."""
        self._pool.shutdown(cancel_futures=True)
        self._staging.clear()

    def _restore_jobs(self) -> Iterator[RebuildProgress]:
        archive = self._staging.open(JOB_FILES)
        names = restore_stored_jobs(
            *(self._store, self._fetcher, archive, self._people.restore_person, self._instruments.find, self._name)
        )
        for name in names:
            self._rebuilt.jobs += [name] if name else []
            self._go_on()
            yield self._rebuilt

    def _list(self, originals: list[StoredOriginal]) -> Iterator[RebuildProgress]:
        # Not in the threads: only this thread uses the database.
        named = [replace(one, instrument_id=self._instruments.find(one.key.instrument)) for one in originals]
        lister = Lister(self._people, self._rebuilt, self._report)
        reads = read_ahead(self._pool, self._reader.read, named, READ_AHEAD, self._go_on)
        while some := list(islice(reads, LISTED_AT_ONCE)):
            lister.list(some)
            for one in some:
                self._reader.let_go(one)
            yield self._rebuilt

    def _note_in_both(self, originals: list[StoredOriginal]) -> Iterator[RebuildProgress]:
        reads = read_ahead(self._pool, self._measure, originals, READ_AHEAD, self._go_on)
        for one, measured in zip(originals, reads, strict=True):
            if problem := note_in_both(one, measured):
                self._name(problem)
            else:
                self._rebuilt.followed += 1
            self._rebuilt.looked_at += 1
            yield self._rebuilt

    def _measure(self, one: StoredOriginal) -> tuple[int, str] | None:
        return self._fetcher.measure(one.listed.key)

    def _follow_changes(self) -> Iterator[RebuildProgress]:
        for count in follow_changes(self._store, self._fetcher, self._people, self._name):
            self._rebuilt.followed += count
            self._go_on()
            yield self._rebuilt

    def _name(self, problem: str) -> None:
        self._rebuilt.reported += 1
        self._report(problem)
