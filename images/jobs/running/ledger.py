"""The ledger of one job: what became of each slot. It is written into the job's file first, then into the rows. While
the database is away, it is only in the file, and the rows follow later."""

import logging
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from images.archive.archive import Archive
from images.archive.job_file import Entry, append_entries, job_file_of
from images.errors import DATABASE_AWAY, StorageUnavailable
from images.index.jobs import (
    announce,
    change_job,
    count_decided,
    describe_change,
    describe_gap,
    describe_header,
    find_holes,
    follow_job_file,
    write_entries,
)
from images.index.rebuild.restore_jobs import PICTURE_LOST
from images.models import Job, JobGap
from images.record.image import parse_time

logger = logging.getLogger(__name__)

# A growing gap is written again this often. After a crash, slots since the last write count as missed by the crash.
GROWTH_EVERY = timedelta(seconds=5)


class Ledger:
    """The ledger of one job. Only for the thread that runs the job. Slots are decided in order, each once: `next_slot`
    is the next one. `newest`: the number of the newest picture; 0 if there is none."""

    def __init__(self, archive: Archive, job: Job) -> None:
        """Bring file and rows to the same state. Raises DamagedJobFile, OSError, StorageUnavailable, or Django's
        DatabaseError."""
        assert job.anchor_at
        self.job = job
        self._archive = archive
        self._file = job_file_of(job.anchor_at, job.lasting_id)
        # The file is right. If it is lost, it is made again from the rows.
        if not follow_job_file(archive, job):
            append_entries(archive, self._file, self._describe_so_far())
        job.refresh_from_db()
        decided = count_decided(job.pk)
        self.next_slot, self.newest = decided.next_slot, decided.newest
        self.stored, self.missed = decided.stored, decided.missed
        self._growing: JobGap | None = None
        self._grown_at: datetime | None = None
        self._for_file: list[Entry] = []
        self._for_rows: list[Entry] = []
        self._are_rows_behind = False
        self._written = (-1, -1)
        # The images and gaps do not add up: some images were lost or deleted since. So they become gaps.
        if not decided.is_complete:
            self._fill_holes(job.anchor_at)
        self.flush()

    @property
    def is_settled(self) -> bool:
        """Return True if everything is in the file and in the rows."""
        return not (self._growing or self._for_file or self._for_rows or self._are_rows_behind)

    def store(self, slot: int, count: int = 1) -> None:
        """Note that this slot has its original. `count`: so many slots in a row have theirs."""
        self._require_next(slot)
        self.next_slot, self.stored = slot + count, self.stored + count
        # People count pictures from 1, slots count from 0.
        self.newest = self.next_slot
        self.flush()

    def miss(self, slots: Sequence[int], reason: str, since: datetime, until: datetime, detail: str = "") -> None:
        """Note that these slots will have no picture. Slots in a row with the same reason become one gap."""
        self._require_next(slots[0])
        self.next_slot, self.missed = slots[-1] + 1, self.missed + len(slots)
        growing = self._growing
        if growing and (growing.reason, growing.last_slot + 1) == (reason, slots[0]):
            growing.last_slot, growing.until = slots[-1], until
            growing.detail = detail or growing.detail
        else:
            self._end_gap()
            self._growing = JobGap(
                first_slot=slots[0], last_slot=slots[-1], reason=reason, since=since, until=until, detail=detail
            )
        # In a gap of hours each missed slot would otherwise cost an fsync.
        if self._grown_at is None or until - self._grown_at >= GROWTH_EVERY:
            self._put_gap_in_line(until)
            self._write()

    def note(self, at: datetime, **event: Any) -> None:
        """Note an event that people should see in the story of the job."""
        self._add({"at": at.isoformat(), "event": event})

    def change(self, at: datetime, event: Entry, columns: dict[str, Any], from_states: Collection[str] = ()) -> bool:
        """Change the state of the job, or columns that go with it. Returns False and changes nothing if somebody else
        has changed its state meanwhile, unless to one of `from_states`."""
        # First what happened before, so that the file tells it in order.
        self.flush()
        try:
            changed = change_job(self._archive, self.job.pk, at, from_states or [self.job.state], event, columns)
        # The job goes on without the database. The file has the change, and the rows follow it later.
        except DATABASE_AWAY:
            for column, value in columns.items():
                setattr(self.job, column, value)
            self._are_rows_behind = True
            self._for_file.append({**describe_change(at, columns), "event": event})
            self._write()
            return True
        if changed:
            self.job = changed
        else:
            self.refresh()
        return changed is not None

    def refresh(self) -> None:
        """Read the row again, for what others changed. While the database is away, the last known values stay."""
        # The row is older than what this process knows.
        if self._are_rows_behind:
            return
        try:
            self.job.refresh_from_db()
        except DATABASE_AWAY as away:
            logger.warning("Job %d goes on without the database: %s", self.job.pk, str(away).strip())

    def flush(self) -> None:
        """Write everything that waits. If something cannot be written, it waits for the next call."""
        self._end_gap()
        self._write()

    def _end_gap(self) -> None:
        if self._growing:
            self._put_gap_in_line(self._growing.until)
        self._growing = self._grown_at = None

    def _put_gap_in_line(self, at: datetime) -> None:
        assert self._growing
        self._grown_at = at
        entry = describe_gap(at, self._growing)
        for waiting in (self._for_file, self._for_rows):
            # A later line about a gap replaces the earlier one, so a waiting one need not be written at all.
            waiting[:] = [one for one in waiting if one.get("gap", {}).get("first") != entry["gap"]["first"]]
        self._add(entry)

    def _add(self, entry: Entry) -> None:
        self._for_file.append(entry)
        self._for_rows.append(entry)

    def _write(self) -> None:
        if self._for_file:
            try:
                append_entries(self._archive, self._file, self._for_file)
                self._for_file.clear()
            except StorageUnavailable as problem:
                logger.warning("The file of job %d could not be written: %s", self.job.pk, problem)
        try:
            self._write_rows()
        except DATABASE_AWAY as away:
            if not self._are_rows_behind:
                logger.warning("The rows of job %d follow later: %s", self.job.pk, str(away).strip())
            self._are_rows_behind = True
        if self._are_rows_behind and not self._for_file:
            self._for_rows.clear()  # the lines are in the file already

    def _write_rows(self) -> None:
        if self._are_rows_behind:
            # The rows are made from the file, so the file must be complete first.
            if self._for_file:
                return
            self._follow_file()
            self._are_rows_behind = False
            return
        elif self._for_rows:
            write_entries(self.job.pk, self._for_rows)
        self._for_rows.clear()
        self._write_numbers()

    def _write_numbers(self) -> None:
        if self._written != (self.stored, self.missed):
            Job.objects.filter(pk=self.job.pk).update(stored=self.stored, missed=self.missed)
            self._written = self.stored, self.missed

    def _follow_file(self) -> None:
        """Bring the rows up to date after the database was away. Of the events meanwhile, only the last is
        announced."""
        # One transaction: nobody must see the new state with the old numbers.
        with transaction.atomic():
            state_before = Job.objects.values_list("state", flat=True).get(pk=self.job.pk)
            follow_job_file(self._archive, self.job)
            Job.objects.filter(pk=self.job.pk).update(stored=self.stored, missed=self.missed)
            job = Job.objects.select_related("user").get(pk=self.job.pk)
            if job.state != state_before and job.events:
                last = job.events[-1]
                announce(job, last["what"], parse_time(last["at"]), by=last.get("by", ""))
        self._for_rows.clear()
        self._written = self.stored, self.missed

    def _describe_so_far(self) -> list[Entry]:
        """Return all lines for the file of a job that has just begun, or whose file was lost."""
        # With all columns that a change can set: the row can be made again from these lines.
        job = self.job
        columns = ("state", "reason", "detail", "pause_cause", "paused_by", "shift_s", "seat", "estimate", "anchor_at")
        at = job.anchor_at or job.created_at
        gaps = [describe_gap(gap.until, gap) for gap in job.gaps.all()]
        events = [{"at": event["at"], "event": event} for event in job.events]
        now = describe_change(at, {name: getattr(job, name) for name in columns})
        return [describe_header(job), now, *events, *gaps]

    def _fill_holes(self, at: datetime) -> None:
        """Note gaps for slots whose pictures were lost or deleted for good."""
        for hole in find_holes(self.job.pk, self.next_slot):
            lost = JobGap(first_slot=hole.start, last_slot=hole.stop - 1, reason=PICTURE_LOST, since=at, until=at)
            self._add(describe_gap(at, lost))
            self.missed += len(hole)

    def _require_next(self, slot: int) -> None:
        if slot != self.next_slot:
            raise ValueError(f"slot {slot} of job {self.job.pk} is not the next one, which is {self.next_slot}")
