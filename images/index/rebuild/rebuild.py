"""Rebuilds the library from its files alone.

It only adds what is missing, with the same adoption as at every start of the server, in short transactions. So it may
run beside the server, and can be repeated after an interruption. Threads read the originals ahead, outside of the
transactions.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import partial
from itertools import islice

from images.archive.archive import Archive
from images.archive.job_file import is_job_file
from images.archive.litter import is_litter
from images.archive.names import TEMPORARY_SUFFIX, Location
from images.archive.paced_reader import go_on_always
from images.archive.sidecar import Sidecar, is_sidecar, read_sidecar
from images.archive.walk import walk_misplaced
from images.errors import DamagedSidecar, NotAnOriginal
from images.index.adoption import find_unlisted, is_foreign_file, measure_found, read_record
from images.index.misplaced import explain_or_say_why_not
from images.index.rebuild.lister import Lister, RebuildProgress
from images.index.rebuild.read_ahead import ReadOriginal, read_ahead
from images.index.rebuild.relink_people import relink_people
from images.index.rebuild.restore_jobs import restore_job_files, settle_jobs
from images.index.rebuild.restore_people import PeopleRestorer
from images.models import Image

READERS = 3
# So many records are in memory at once.
READ_AHEAD = 200
MAX_AT_ONCE = 100


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
    lister = Lister(people, rebuilt, report, explain_or_say_why_not)
    pool = ThreadPoolExecutor(READERS, "reader")
    try:
        yield from _report_misplaced(archive, rebuilt, report, go_on)
        # Before the images, so that they find their jobs and slots.
        rebuilt.jobs += restore_job_files(archive, people.restore_person, report)
        for day in days:
            unlisted = [found for found in find_unlisted(archive, day, "", go_on) if not is_litter(found.name)]
            # Originals that have rows count as done at once; the progress is in files, whether they are new or not.
            rebuilt.looked_at += _count_originals(archive, day) - len(unlisted)
            for foreign_files in _find_foreign_files(pool, archive, day, set(unlisted)):
                rebuilt.looked_at -= len(foreign_files)
                unlisted += foreign_files
                yield rebuilt
            reads = read_ahead(pool, partial(_read, archive), unlisted, READ_AHEAD, go_on)
            while some := list(islice(reads, MAX_AT_ONCE)):
                lister.list(some)
                yield rebuilt
            yield rebuilt
        for count in relink_people(archive, people):
            rebuilt.followed += count
            yield rebuilt
        # After all images: a slot with neither image nor gap counts as missed from here on.
        settle_jobs()
    finally:
        # The caller may have stopped in between. Reads that have not begun are then not needed.
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


def _read(archive: Archive, original: Location) -> ReadOriginal:
    try:
        record = read_record(archive, original)
        kept = measure_found(archive, original, record)
    except (NotAnOriginal, OSError) as problem:
        return ReadOriginal(archive, original, problem=str(problem))
    sidecar, sidecar_problem = _read_sidecar(archive, original)
    return ReadOriginal(archive, original, record, kept, sidecar, sidecar_problem=sidecar_problem)


def _read_sidecar(archive: Archive, original: Location) -> tuple[Sidecar | None, str]:
    try:
        return read_sidecar(archive, original), ""
    except DamagedSidecar:
        return None, ""  # adoption tells
    except OSError as problem:
        return None, f"What was changed of {original.name} cannot be read ({problem})."
