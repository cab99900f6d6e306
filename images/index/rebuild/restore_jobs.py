"""Restores jobs from their files. If a file is lost, restores the job from its pictures."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.core.management.color import no_style
from django.db import connection, transaction

from images.archive.archive import Archive
from images.archive.job_file import Entry, find_job_files, read_entries
from images.archive.names import Location
from images.errors import DamagedJobFile
from images.index.jobs import count_decided, find_holes, write_entries
from images.models import Image, Job, JobGap, JobQuerySet
from images.own_instrument import own_instrument_id
from images.record.image import parse_time
from images.record.jobs import MAX_NAME_LENGTH, MAX_NUMBER, JobInFile, id_without_file
from images.record.people import PersonInFile, read_person

logger = logging.getLogger(__name__)

PICTURE_LOST = "Picture lost"
FindUser = Callable[[PersonInFile | None], Any]
FindInstrument = Callable[[str], UUID | None]


def restore_job_files(archive: Archive, find_user: FindUser, report: Callable[[str], None]) -> list[str]:
    """Restore the jobs whose files are in the archive, with their gaps, and update those that have rows. Returns the
    names of the new ones. `find_user` returns the user whom a file names, and restores the user if necessary. Raises
    OSError, and Django's DatabaseError."""
    restored = [restore_job_file(archive, location, find_user, report) for location in find_job_files(archive)]
    return [job.name for job, is_new in filter(None, restored) if is_new]


def restore_job_file(
    archive: Archive,
    location: Location,
    find_user: FindUser,
    report: Callable[[str], None],
    find_instrument: FindInstrument = lambda said: own_instrument_id(),
) -> tuple[Job, bool] | None:
    """Restore one of these jobs. Returns it, and whether it is new; None if the file is damaged. `find_instrument`
    returns the id of the instrument that a file names."""
    try:
        with transaction.atomic():
            entries = read_entries(archive, location)
            job, is_new = _restore_from_header(next(entries), find_user, find_instrument)
            write_entries(job.pk, entries, is_whole_file=True)
        return job, is_new
    except (DamagedJobFile, OSError, KeyError, TypeError, ValueError, AttributeError) as problem:
        report(f"{location.name} is damaged ({problem}). Its job is made again from its pictures, as far as they say.")
    return None


def make_job_again(said: JobInFile, user: Any, created_at: datetime, **fields: Any) -> Job:
    """Make a row for a job that has none. Its id is the old number, or the next free one if another job has that
    number."""
    is_free = (
        said.number is not None and 0 < said.number <= MAX_NUMBER and not Job.objects.filter(id=said.number).exists()
    )
    lasting_id = said.lasting_id or id_without_file(said.number or 0, said.name)
    job = Job(
        id=said.number if is_free else None,
        lasting_id=lasting_id,
        name=said.name[:MAX_NAME_LENGTH],
        user=user,
        **fields,
    )
    job.save(force_insert=True)
    # `auto_now_add` sets the time of today at the insert.
    Job.objects.filter(pk=job.pk).update(created_at=created_at)
    _count_on_from_largest_number()
    return job


def settle_jobs(jobs: JobQuerySet | None = None) -> None:
    """Count the slots of each of these jobs again, or of all of this PC. Slots with neither picture nor gap become
    missed: all of them if the job is finished, otherwise those before the last decided slot. Raises Django's
    DatabaseError."""
    if jobs is None:
        jobs = Job.objects.with_plan().of_this_pc()
    for job in jobs:
        with transaction.atomic():
            decided = count_decided(job.pk)
            end = job.expected if job.state == Job.State.FINISHED else decided.next_slot
            for hole in find_holes(job.pk, end) if decided.stored + decided.missed < end else ():
                _add_hole(job, hole)
            decided = count_decided(job.pk)
            Job.objects.filter(pk=job.pk).update(stored=decided.stored, missed=decided.missed)


def _add_hole(job: Job, hole: range) -> None:
    """Add a gap for these slots. Only the plan knows when they were due; the time of the picture before them is close
    enough."""
    beside = Image.objects.filter(job=job, job_slot__isnull=False).order_by("-job_slot")
    before = beside.filter(job_slot__lt=hole.start).values_list("captured_at", flat=True).first()
    at = before or job.anchor_at or job.created_at or datetime.now(UTC)
    JobGap.objects.create(
        job=job, first_slot=hole.start, last_slot=hole.stop - 1, reason=PICTURE_LOST, since=at, until=at
    )


def _restore_from_header(header: Entry, find_user: FindUser, find_instrument: FindInstrument) -> tuple[Job, bool]:
    lasting_id = UUID(header["id"])
    said = JobInFile(lasting_id, header["number"], header["name"])
    if known := Job.objects.filter(lasting_id=lasting_id).first():
        return known, False
    user = find_user(read_person(header, "user"))
    if user is None:
        raise DamagedJobFile(f"The file of the job {said.name} does not say whose it is.")
    fields = {
        "kind": header["kind"],
        "instrument_id": find_instrument(header["instrument"]),
        "plan": header["plan"],
        "plan_sha256": header["planSha256"],
        "expected": header["expected"],
        "starts_at": parse_time(header["startsAt"]) if header["startsAt"] else None,
    }
    return make_job_again(said, user, parse_time(header["createdAt"]), **fields), True


def _count_on_from_largest_number() -> None:
    """Let PostgreSQL count on from the largest id. Its own sequence does not know of restored ids, and would give one
    of them again."""
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [Job]):
            cursor.execute(statement)
