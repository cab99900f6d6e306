"""The rows of jobs. They are updated from the files of jobs while a job runs, and can be made again from the files
alone."""

import contextlib
import logging
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any

from django.db import transaction
from django.db.models import Count, F, Max, Sum

from images.archive.archive import Archive
from images.archive.job_file import SCHEMA, VERSION, Entry, append_entries, job_file_of, read_entries
from images.errors import DamagedJobFile, StorageUnavailable
from images.events import job_changed
from images.models import Image, Job, JobGap
from images.record.image import parse_time
from images.record.jobs import JobInFile, read_job
from images.record.people import name_person

logger = logging.getLogger(__name__)

# The row is written at each change, so the list in it must stay short. The file keeps every event.
MAX_EVENTS = 200
GAPS_AT_ONCE = 1000
TIMES = {"anchorAt": "anchor_at", "endedAt": "ended_at", "startsAt": "starts_at"}
CHANGED = {
    "state": "state",
    "reason": "reason",
    "detail": "detail",
    "pauseCause": "pause_cause",
    "pausedBy": "paused_by",
    "shiftS": "shift_s",
    "seat": "seat",
    "estimate": "estimate",
}


@dataclass(frozen=True, slots=True)
class Decided:
    """How many slots of a job are decided. Slots are decided in order: `next_slot` is the first slot after all decided
    ones. If `stored` and `missed` do not add up to it, stored pictures were lost. `newest`: the number of the newest
    picture, which is its slot and 1; 0 if there is none."""

    stored: int
    missed: int
    next_slot: int
    newest: int

    @property
    def is_complete(self) -> bool:
        return self.stored + self.missed == self.next_slot


def describe_header(job: Job) -> Entry:
    """Return the first line of a job's file: what the job is, and its plan."""
    return {
        "schema": SCHEMA,
        "version": VERSION,
        "id": str(job.lasting_id),
        "number": job.pk,
        "name": job.name,
        "kind": job.kind,
        **name_person("user", job.user),
        "createdAt": job.created_at.isoformat(),
        "startsAt": job.starts_at.isoformat() if job.starts_at else None,
        "instrument": str(job.instrument_id or ""),
        "expected": job.expected,
        "planSha256": job.plan_sha256,
        "plan": job.plan,
    }


def describe_change(at: datetime, columns: dict[str, Any]) -> Entry:
    """Return a line that says which columns of the job changed, and their new values."""
    names = {column: name for name, column in (TIMES | CHANGED).items()}
    said = {
        names[column]: value.isoformat() if column in TIMES.values() and value else value
        for column, value in columns.items()
    }
    return {"at": at.isoformat(), "change": said}


def describe_gap(at: datetime, gap: JobGap) -> Entry:
    """Return a line about a run of missed slots. A later line with the same first slot replaces it, because a gap can
    grow."""
    return {
        "at": at.isoformat(),
        "gap": {
            "first": gap.first_slot,
            "last": gap.last_slot,
            "reason": gap.reason,
            "since": gap.since.isoformat(),
            "until": gap.until.isoformat(),
            "detail": gap.detail,
        },
    }


def write_entries(job_id: int, entries: Iterable[Entry], *, is_whole_file: bool = False) -> None:
    """Update the rows of a job from these lines. `is_whole_file`: the lines are the whole file, so they replace the
    events in the row. Raises Django's DatabaseError, and DamagedJobFile for damaged lines."""
    columns: dict[str, Any] = {}
    gaps: dict[int, JobGap] = {}
    events: list[Entry] = []
    with transaction.atomic():
        # Locked, because a user may change the state of the job at the same time.
        job = Job.objects.select_for_update().get(pk=job_id)
        for entry in entries:
            try:
                _read_entry(job_id, entry, columns, gaps, events)
            except (KeyError, TypeError, ValueError, AttributeError) as problem:
                raise DamagedJobFile(f"A line in the file of job {job_id} is damaged ({problem!r}).") from problem
            # A file can hold millions of lines, so neither events nor gaps are gathered without a limit.
            del events[:-MAX_EVENTS]
            if len(gaps) >= GAPS_AT_ONCE:
                _write_gaps(gaps)
        _write_gaps(gaps)
        if events or is_whole_file:
            columns["events"] = ([] if is_whole_file else job.events[-MAX_EVENTS:]) + events
            columns["events"] = columns["events"][-MAX_EVENTS:]
        if columns:
            Job.objects.filter(pk=job_id).update(**columns)
        # If the whole file is read again, its events were announced when they happened.
        if not is_whole_file:
            for event in events:
                announce(job, event["what"], parse_time(event["at"]), event)


def change_job(
    archive: Archive, job_id: int, at: datetime, from_states: Collection[str], event: Entry, columns: dict[str, Any]
) -> Job | None:
    """Change the state of a job, or other columns: first in its file, then in its row. The row is locked meanwhile.
    Returns the changed row. Returns None, and changes nothing, if the job's state is not in `from_states`.

    If the disk is full, only the row is changed: users must see why the job does not go on. Raises Django's
    DatabaseError.
    """
    with transaction.atomic():
        # Only the job is locked. A lock on the user's row would make other requests wait that have nothing to do with
        # jobs.
        job = Job.objects.select_for_update(of=("self",)).select_related("user").get(pk=job_id)
        if job.state not in from_states:
            return None
        # One line for both, so that a power cut cannot separate the change from its event.
        entry = {**describe_change(at, columns), "event": event}
        # A job has a file only from its beginning on.
        if job.anchor_at is not None:
            with contextlib.suppress(StorageUnavailable):
                append_entries(archive, job_file_of(job.anchor_at, job.lasting_id), [entry])
        # The list has a limit, because each change writes all of it again. The file keeps every event.
        job.events = [*job.events, {"at": entry["at"], **event}][-MAX_EVENTS:]
        for column, value in columns.items():
            setattr(job, column, value)
        job.save(update_fields=["events", *columns])
        announce(job, event["what"], at, by=event.get("by", ""))
    return job


def announce(job: Job, what: str, at: datetime, event: Entry | None = None, by: str = "") -> None:
    """Send `job_changed`. If the event has a detail, its own word is sent; otherwise the state of the job."""
    reason, detail = (event["text"], event["detail"]) if event and "detail" in event else (job.reason, job.detail)
    job_changed.send(Job, job=job, what=what, at=at, by=by, reason=reason, detail=detail)


def follow_job_file(archive: Archive, job: Job) -> bool:
    """Update the rows of a job from its file. Returns False if the job has no file. Raises DamagedJobFile, OSError, or
    Django's DatabaseError."""
    if job.anchor_at is None:
        return False
    try:
        entries = read_entries(archive, job_file_of(job.anchor_at, job.lasting_id))
        write_entries(job.pk, entries, is_whole_file=True)
    except FileNotFoundError:
        return False
    return True


def find_job(said: JobInFile | None) -> int | None:
    """Return the row id of the job that a file names. It is found by lasting id; in older files by number and name, or
    by name alone if another job has the number."""
    if said is None:
        return None
    if said.lasting_id:
        return Job.objects.filter(lasting_id=said.lasting_id).values_list("id", flat=True).first()
    named = Job.objects.filter(name=said.name).order_by("id").values_list("id", flat=True)
    return (named.filter(id=said.number).first() if said.number is not None else None) or named.first()


def find_place(record: dict[str, Any]) -> dict[str, int | None]:
    """Return job and slot of an image, as columns of its row. Two images never share a slot, and no image is in a gap.
    If the slot is taken, the image belongs to the job without a slot. Raises like `read_job`."""
    said = read_job(record)
    job_id = find_job(said)
    slot = said.slot if said and job_id else None
    if slot is not None and job_id and _is_decided(job_id, slot, record["id"]):
        logger.warning("Picture %s of job %d claims slot %d, which is decided already", record["id"], job_id, slot)
        slot = None
    return {"job_id": job_id, "job_slot": slot}


def _is_decided(job_id: int, slot: int, record_id: str) -> bool:
    is_taken = Image.objects.filter(job_id=job_id, job_slot=slot).exclude(record_id=record_id).exists()
    # Gaps do not overlap, so only the last one that begins before the slot can contain it.
    gap = JobGap.objects.filter(job_id=job_id, first_slot__lte=slot).order_by("-first_slot").first()
    return is_taken or (gap is not None and gap.last_slot >= slot)


def _read_entry(
    job_id: int, entry: Entry, columns: dict[str, Any], gaps: dict[int, JobGap], events: list[Entry]
) -> None:
    if isinstance(change := entry.get("change"), dict):
        columns |= {column: change[name] for name, column in CHANGED.items() if name in change}
        columns |= {
            column: parse_time(change[name]) if change[name] else None
            for name, column in TIMES.items()
            if name in change
        }
    if isinstance(gap := entry.get("gap"), dict):
        gaps[gap["first"]] = _read_gap(job_id, gap)
    if isinstance(event := entry.get("event"), dict):
        events.append({"at": entry["at"], **event})


def _read_gap(job_id: int, said: dict[str, Any]) -> JobGap:
    return JobGap(
        job_id=job_id,
        first_slot=said["first"],
        last_slot=said["last"],
        reason=said["reason"],
        since=parse_time(said["since"]),
        until=parse_time(said["until"]),
        detail=said["detail"],
    )


def _write_gaps(gaps: dict[int, JobGap]) -> None:
    JobGap.objects.bulk_create(
        gaps.values(),
        update_conflicts=True,
        unique_fields=["job", "first_slot"],
        update_fields=["last_slot", "reason", "since", "until", "detail"],
    )
    gaps.clear()


def count_decided(job_id: int) -> Decided:
    """Count the stored and missed slots of a job, from images and gaps. Raises Django's DatabaseError."""
    images = Image.objects.filter(job_id=job_id, job_slot__isnull=False)
    gaps = JobGap.objects.filter(job_id=job_id)
    stored = images.aggregate(count=Count("pk"), last=Max("job_slot"))
    missed = gaps.aggregate(count=Sum(F("last_slot") - F("first_slot") + 1), last=Max("last_slot"))
    newest, newest_missed = (0 if one["last"] is None else one["last"] + 1 for one in (stored, missed))
    return Decided(stored["count"], missed["count"] or 0, max(newest, newest_missed), newest)


def find_holes(job_id: int, end: int) -> Iterator[range]:
    """Return the runs of slots below `end` that have neither image nor gap, in order: their images are lost. Reads all
    slots of the job."""
    stored = Image.objects.filter(job_id=job_id, job_slot__lt=end).order_by("job_slot")
    taken = ((slot, slot) for slot in stored.values_list("job_slot", flat=True).iterator() if slot is not None)
    gaps = JobGap.objects.filter(job_id=job_id).order_by("first_slot").values_list("first_slot", "last_slot").iterator()
    expected = 0
    for first, last in merge(taken, gaps, [(end, end)]):
        if first > expected:
            yield range(expected, first)
        # Images and gaps come from different sources; in damaged data they may overlap.
        expected = max(expected, last + 1)
