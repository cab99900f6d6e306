"""Rebuilds the library from its files alone.

It only adds what is missing, with the same adoption as at every start of the server, in short transactions. So it may
run beside the server, and can be repeated after an interruption. Threads read the originals ahead, outside of the
transactions.
"""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any

from django.db import IntegrityError, transaction

from images.archive.archive import Archive, StoredFile
from images.archive.job_file import is_job_file
from images.archive.litter import is_litter
from images.archive.names import TEMPORARY_SUFFIX, Location
from images.archive.paced_reader import go_on_always
from images.archive.sidecar import Sidecar, is_sidecar, read_sidecar
from images.archive.walk import walk_misplaced
from images.errors import DamagedSidecar, NotAnOriginal
from images.index.adoption import adopt, find_unlisted, is_foreign_file, measure_found, read_record
from images.index.misplaced import explain_or_say_why_not
from images.index.rebuild.relink_people import relink_people
from images.index.rebuild.restore_jobs import restore_job_files, settle_jobs
from images.index.rebuild.restore_people import PeopleRestorer
from images.models import Image

READERS = 3
READ_AHEAD = 200
# A commit costs as much as many rows, so each has several. But captures wait for their row during a transaction.
MAX_AT_ONCE = 100
MAX_TRANSACTION_S = 0.1
ASK_EVERY_S = 0.2


@dataclass(slots=True)
class RebuildProgress:
    """The progress of a rebuild, in numbers of files. `followed`: existing rows updated from their files, or files from
    their rows. `reported`: files that are not in the library. `changed`: listed files that were changed since
    capture."""

    file_count: int
    looked_at: int = 0
    listed: int = 0
    followed: int = 0
    reported: int = 0
    changed: int = 0
    users: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ReadOriginal:
    """An original that was read as a whole, or the `problem` why it could not be read."""

    location: Location
    record: dict[str, Any] = field(default_factory=dict)
    kept: StoredFile | None = None
    sidecar: Sidecar | None = None
    problem: str = ""


def rebuild(
    archive: Archive, report: Callable[[str], None], go_on: Callable[[], None] = go_on_always
) -> Iterator[RebuildProgress]:
    """Make the rows of all originals that have none, and the users and jobs that they name. Also relink images that
    were listed earlier without their users and jobs.

    Yields its progress after each of many short steps; the caller may stop between two. `report` is called with a
    sentence for each file that cannot be listed. `go_on` is called more often, and may raise to stop. Raises Django's
    DatabaseError, StorageUnavailable, or what `go_on` raises; the work done so far stays.
    """
    archive.check_folder()
    days = archive.days()
    people = PeopleRestorer()
    rebuilt = RebuildProgress(_count_all(archive, days, go_on), users=people.new_users, jobs=people.new_jobs)
    pool = ThreadPoolExecutor(READERS, "reader")
    try:
        yield from _report_misplaced(archive, rebuilt, report, go_on)
        # Before the images, so that they find their jobs and slots.
        rebuilt.jobs += restore_job_files(archive, people.restore_person, report)
        for day in days:
            unlisted = [found for found in find_unlisted(archive, day, "", go_on) if not is_litter(found.name)]
            rebuilt.looked_at += _count_originals(archive, day) - len(unlisted)
            for foreign_files in _find_foreign_files(pool, archive, day, set(unlisted)):
                rebuilt.looked_at -= len(foreign_files)
                unlisted += foreign_files
                yield rebuilt
            reads = _read_ahead(pool, archive, unlisted, go_on)
            while some := list(islice(reads, MAX_AT_ONCE)):
                _list(archive, some, people, rebuilt, report)
                yield rebuilt
            yield rebuilt
        for count in relink_people(archive, people):
            rebuilt.followed += count
            yield rebuilt
        settle_jobs()
    finally:
        pool.shutdown(cancel_futures=True)


def _report_misplaced(
    archive: Archive, rebuilt: RebuildProgress, report: Callable[[str], None], go_on: Callable[[], None]
) -> Iterator[RebuildProgress]:
    for walked in walk_misplaced(archive, go_on):
        if problem := walked.problem or explain_or_say_why_not(archive, walked.location):
            rebuilt.file_count += 1
            rebuilt.looked_at += 1
            rebuilt.reported += 1
            report(f"{walked.location}: {problem}")
            yield rebuilt


def _count_all(archive: Archive, days: list[str], go_on: Callable[[], None]) -> int:
    count = 0
    for day in days:
        go_on()
        count += _count_originals(archive, day)
    return count


def _count_originals(archive: Archive, day: str) -> int:
    return sum(
        not (name.endswith(TEMPORARY_SUFFIX) or is_sidecar(name) or is_job_file(name) or is_litter(name))
        for name in archive.names_of(day)
    )


def _find_foreign_files(
    pool: ThreadPoolExecutor, archive: Archive, day: str, unlisted: set[Location]
) -> Iterator[list[Location]]:
    """Yield, in batches, the files with a listed name and size that hold another image."""
    rows = Image.objects.of_day(date.fromisoformat(day)).values_list("filename", "record_id")
    listed = ((Location(day, filename), record_id) for filename, record_id in rows)
    waiting = iter([(original, record_id) for original, record_id in listed if original not in unlisted])
    while some := list(islice(waiting, MAX_AT_ONCE)):
        found = pool.map(lambda one: is_foreign_file(archive, *one), some)
        yield [original for (original, _), is_other in zip(some, found, strict=True) if is_other]


def _read_ahead(
    pool: ThreadPoolExecutor, archive: Archive, originals: Iterable[Location], go_on: Callable[[], None]
) -> Iterator[ReadOriginal]:
    waiting: deque[Future[ReadOriginal]] = deque()
    for original in originals:
        # A window of fixed length: with all files at once, their records would fill the memory.
        waiting.append(pool.submit(_read, archive, original))
        if len(waiting) >= READ_AHEAD:
            yield _wait_for(waiting.popleft(), go_on)
    while waiting:
        yield _wait_for(waiting.popleft(), go_on)


def _wait_for(read: Future[ReadOriginal], go_on: Callable[[], None]) -> ReadOriginal:
    while True:
        go_on()
        # Short waits, so that Ctrl-C works while a slow disk reads.
        with contextlib.suppress(TimeoutError):
            return read.result(ASK_EVERY_S)


def _read(archive: Archive, original: Location) -> ReadOriginal:
    try:
        record = read_record(archive, original)
        return ReadOriginal(
            original, record, measure_found(archive, original, record), _read_sidecar(archive, original)
        )
    except (NotAnOriginal, OSError) as problem:
        return ReadOriginal(original, problem=str(problem))


def _read_sidecar(archive: Archive, original: Location) -> Sidecar | None:
    try:
        return read_sidecar(archive, original)
    except DamagedSidecar:
        return None  # adoption tells


def _list(
    archive: Archive,
    reads: list[ReadOriginal],
    people: PeopleRestorer,
    rebuilt: RebuildProgress,
    report: Callable[[str], None],
) -> None:
    waiting, known = deque(reads), _find_known(reads)
    while waiting:
        with transaction.atomic():
            until_s = time.monotonic() + MAX_TRANSACTION_S
            while waiting and time.monotonic() < until_s:
                read = waiting.popleft()
                problem = read.problem or _list_one(archive, read, known, people, rebuilt)
                if read.problem and (place := explain_or_say_why_not(archive, read.location)):
                    problem = f"{read.location.name}: {place}"
                if problem:
                    rebuilt.reported += 1
                    report(problem)
                rebuilt.looked_at += 1


def _find_known(reads: list[ReadOriginal]) -> dict[str, tuple[str, str]]:
    """Return file name and sum of the images that have rows, by record id."""
    record_ids = [read.record["id"] for read in reads if read.record]
    rows = Image.objects.filter(record_id__in=record_ids).values_list("record_id", "filename", "sha256")
    return {str(record_id): (filename, sha256) for record_id, filename, sha256 in rows}


def _list_one(
    archive: Archive,
    read: ReadOriginal,
    known_by_id: dict[str, tuple[str, str]],
    people: PeopleRestorer,
    rebuilt: RebuildProgress,
) -> str:
    """List one original. Returns why it cannot be listed, or an empty text."""
    name, kept, known = read.location.name, read.kept, known_by_id.get(read.record["id"])
    if known and known[0] != name:
        return _describe_copy(name, known[0])
    if known and kept and known[1] != kept.sha256:
        return f"{name} is not what it was when it was kept: manage.py verify tells more."
    try:
        # Users and jobs come first, because the row refers to them.
        people.restore(read.record, read.sidecar)
        is_new = adopt(archive, read.location, kept) is not None
    except NotAnOriginal as problem:
        return str(problem)
    except IntegrityError:
        is_new = adopt(archive, read.location, kept) is not None  # the server was faster
    # `known` is from the start of the batch: a copy within the same batch shows only now.
    if not is_new and not known and (other := _find_known([read]).get(read.record["id"])) and other[0] != name:
        return _describe_copy(name, other[0])
    people.name_objectives(read.record, read.sidecar)
    rebuilt.listed += is_new
    rebuilt.changed += is_new and bool(kept and kept.changed_since_capture)
    rebuilt.followed += bool(known)
    return ""


def _describe_copy(name: str, original_name: str) -> str:
    """Return the sentence for a copy: it has a name of its own, or it replaced another original."""
    if Image.objects.of_this_pc().filter(filename=name).exists():
        return (
            f"{name} is not what it was when it was kept: it holds the picture of {original_name}. "
            "manage.py verify tells more."
        )
    return f"{name} is a copy of {original_name}."
