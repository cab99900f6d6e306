"""The library made again from its files alone.

It only adds what is missing, by the same adoption as every start of the server, in short transactions. So it may run
beside the server, and be run again after it was cut short. Originals are read and summed up ahead, by some threads,
and outside of the transactions.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.db import IntegrityError, transaction

from images.archive import TEMPORARY_SUFFIX, Archive, Kept
from images.changes import Changes, is_changes_file, path_beside, read_changes
from images.errors import DamagedChanges, NotAnOriginal
from images.listing import adopt, find_unlisted, read_record
from images.models import Image
from images.owners import Owners
from images.rejoining import rejoin

READERS = 3
READ_AHEAD = 200
# A commit costs as much as many rows; but captures wait for their own row while a transaction lasts.
MOST_AT_ONCE = 100
LONGEST_TRANSACTION_S = 0.1


@dataclass(slots=True)
class Rebuilt:
    """How far it is. `followed`: rows that were there and took what their files say, or the other way round.
    `reported`: files that are not in the library."""

    file_count: int
    looked_at: int = 0
    listed: int = 0
    followed: int = 0
    reported: int = 0
    users: list[str] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Read:
    """An original that was read whole, or why it could not be."""

    path: Path
    record: dict[str, Any] = field(default_factory=dict)
    kept: Kept | None = None
    changes: Changes | None = None
    problem: str = ""


def rebuild(archive: Archive, report: Callable[[str], None]) -> Iterator[Rebuilt]:
    """List every original that has no row, with the people and jobs it names, and give those that were listed without
    them their own. Says how far it is after each of many short steps; whoever asks for no further one stops it between
    two. `report` is told of each file that cannot be listed, and why. Raises Django's DatabaseError, or a
    StorageUnavailable.
    """
    archive.check_folder()
    folders = archive.day_folders()
    owners = Owners()
    rebuilt = Rebuilt(sum(map(_count_originals, folders)), users=owners.new_users, jobs=owners.new_jobs)
    pool = ThreadPoolExecutor(READERS, "reader")
    try:
        for folder in folders:
            unlisted = list(find_unlisted(folder, "*"))
            rebuilt.looked_at += _count_originals(folder) - len(unlisted)
            reads = _read_ahead(pool, archive, unlisted)
            while some := list(islice(reads, MOST_AT_ONCE)):
                _list(archive, some, owners, rebuilt, report)
                yield rebuilt
            yield rebuilt
        for count in rejoin(archive, owners):
            rebuilt.followed += count
            yield rebuilt
    finally:
        pool.shutdown(cancel_futures=True)


def _count_originals(folder: Path) -> int:
    names = (path.name for path in folder.iterdir())
    return sum(not name.endswith(TEMPORARY_SUFFIX) and not is_changes_file(name) for name in names)


def _read_ahead(pool: ThreadPoolExecutor, archive: Archive, paths: Iterable[Path]) -> Iterator[Read]:
    waiting: deque[Future[Read]] = deque()
    for path in paths:
        waiting.append(pool.submit(_read, archive, path))
        if len(waiting) >= READ_AHEAD:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _read(archive: Archive, path: Path) -> Read:
    try:
        return Read(path, read_record(archive, path), archive.measure(path), _read_changes(path))
    except (NotAnOriginal, OSError) as problem:
        return Read(path, problem=str(problem))


def _read_changes(path: Path) -> Changes | None:
    try:
        return read_changes(path_beside(path))
    except DamagedChanges:
        return None  # adoption tells


def _list(archive: Archive, reads: list[Read], owners: Owners, rebuilt: Rebuilt, report: Callable[[str], None]) -> None:
    waiting, known = deque(reads), _find_known(reads)
    while waiting:
        with transaction.atomic():
            until_s = time.monotonic() + LONGEST_TRANSACTION_S
            while waiting and time.monotonic() < until_s:
                read = waiting.popleft()
                if problem := read.problem or _list_one(archive, read, known, owners, rebuilt):
                    rebuilt.reported += 1
                    report(problem)
                rebuilt.looked_at += 1


def _find_known(reads: list[Read]) -> dict[str, tuple[str, str]]:
    """Name and sum of those images that have rows, by the ids of their records."""
    record_ids = [read.record["id"] for read in reads if read.record]
    rows = Image.objects.filter(record_id__in=record_ids).values_list("record_id", "filename", "sha256")
    return {str(record_id): (filename, sha256) for record_id, filename, sha256 in rows}


def _list_one(
    archive: Archive, read: Read, known_by_id: dict[str, tuple[str, str]], owners: Owners, rebuilt: Rebuilt
) -> str:
    """Why it cannot be listed; empty where it is."""
    name, kept, known = read.path.name, read.kept, known_by_id.get(read.record["id"])
    if known and known[0] != name:
        return f"{name} is a copy of {known[0]}."
    if known and kept and known[1] != kept.sha256:
        return f"{name} is not what it was when it was kept: manage.py verify tells more."
    try:
        owners.restore(read.record, read.changes)
        is_new = adopt(archive, read.path, kept) is not None
    except NotAnOriginal as problem:
        return str(problem)
    except IntegrityError:
        is_new = adopt(archive, read.path, kept) is not None  # the server was faster
    if not is_new and not known and (other := _find_known([read]).get(read.record["id"])) and other[0] != name:
        return f"{name} is a copy of {other[0]}."
    owners.name_objectives(read.record, read.changes)
    rebuilt.listed += is_new
    rebuilt.followed += bool(known)
    return ""
