"""Ends the jobs of an instrument that is gone for good: nobody else can go on with them."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from images.archive.job_file import Entry, write_lines
from images.index.jobs import count_decided, describe_change, describe_gap, describe_header, write_entries
from images.index.rebuild.restore_jobs import settle_jobs
from images.jobs import reasons
from images.jobs.plan.errors import PlanRefused
from images.jobs.running.state_changes import NOT_PAUSED
from images.jobs.slots import slot_due_at
from images.jobs.stored_plan import read_plan
from images.models import Job, JobGap
from images.spool.side_files import JSON_LINES
from images.store.client import Store
from images.store.errors import ObjectOfSomebodyElse
from images.store.keys import key_of_job


def end_jobs(store: Store, instrument_id: UUID, now: datetime) -> int:
    """Let every job of this instrument fail that has not ended, unless its last slot is decided: then it is finished.
    Slots that were not decided are missed, and the gap says why.

    The file of a job is on a disk that need not be writable. So its end is put into the store, as the next part of the
    file; then the rows follow. Returns how many jobs. Can be repeated. Raises StoreError, and Django's DatabaseError.
    """
    open_ones = Job.objects.with_plan().filter(instrument=instrument_id, state__in=(*Job.WAITING, *Job.ACTIVE))
    jobs = list(open_ones.select_related("user", "instrument"))
    for job in jobs:
        _end(store, job, now)
    return len(jobs)


def _end(store: Store, job: Job, now: datetime) -> None:
    rest = _find_rest(job, now)
    is_finished = bool(job.anchor_at) and rest is None
    entries = [*([describe_gap(now, rest)] if rest else []), _describe_end(job, now, is_finished)]
    if job.anchor_at:  # only from then on it has a file
        _put_part(store, job, entries)
    with transaction.atomic():
        write_entries(job.pk, entries)
        same = Job.objects.filter(pk=job.pk)
        same.update(stored_parts=job.stored_parts, is_file_stored=job.is_file_stored)
        settle_jobs(same)


def _find_rest(job: Job, now: datetime) -> JobGap | None:
    """Return the slots that nobody decided any more. A job that never began misses none."""
    first = count_decided(job.pk).next_slot
    if job.anchor_at is None or first >= job.expected:
        return None
    return JobGap(
        first_slot=first,
        last_slot=job.expected - 1,
        reason=reasons.MICROSCOPE_GONE,
        since=_find_due(job, first) or now,
        until=now,
        detail=_explain(job),
    )


def _describe_end(job: Job, now: datetime, is_finished: bool) -> Entry:
    columns = {"ended_at": now, **NOT_PAUSED}
    if is_finished:
        event = {"what": "finished", "text": "Finished."}
        return {**describe_change(now, {**columns, "state": Job.State.FINISHED}), "event": event}
    said = {"reason": reasons.MICROSCOPE_GONE, "detail": _explain(job)}
    event = {"what": "failed", "text": said["reason"], "detail": said["detail"]}
    return {**describe_change(now, {**columns, "state": Job.State.FAILED, **said}), "event": event}


def _explain(job: Job) -> str:
    assert job.instrument
    return f"The PC of {job.instrument.name} is gone for good; its disk was adopted."


def _find_due(job: Job, slot: int) -> datetime | None:
    try:
        return slot_due_at(job, read_plan(job), slot)
    except PlanRefused:  # somebody changed it in the database
        return None


def _put_part(store: Store, job: Job, entries: list[Entry]) -> None:
    """Put these lines behind the parts that are there, also behind one of an earlier attempt that was killed."""
    number = job.stored_parts or 0
    if not number:  # the file was lost with the disk
        entries = [describe_header(job), *entries]
    while True:
        try:
            store.put_bytes(key_of_job(job.lasting_id, number), write_lines(entries), JSON_LINES)
        except ObjectOfSomebodyElse:
            number += 1
        else:
            job.stored_parts, job.is_file_stored = number + 1, True
            return
