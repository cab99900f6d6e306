"""Foresees if the disk gets full before a job has ended."""

from datetime import datetime, timedelta

from images.archive.archive import Archive
from images.errors import DATABASE_AWAY, StorageUnavailable
from images.jobs.grid import Grid
from images.jobs.running.ledger import Ledger
from images.jobs.running.watching.clock_watch import ClockWatch
from images.jobs.trouble import show_time

# A look reads rows, so it is not made for each picture.
LOOK_EVERY_S = 60.0
# The mean of so many evens out single pictures, and still follows a sample that changes.
NEWEST_PICTURES = 50
# People are told so long before the disk is full, so that they have time to free some space.
TOLD_BEFORE = timedelta(hours=2)
TOLD_AGAIN_AFTER = timedelta(hours=24)
DISK_FILLING = "disk_filling"


class DiskWatch:
    """Watches the disk of one job. Only for the thread that runs the job. `full_at`: when the disk reaches its reserve
    if the job takes its pictures as planned; None if all pictures have room, or if it is not known."""

    def __init__(self, archive: Archive, grid: Grid, ledger: Ledger, watch: ClockWatch) -> None:
        self.full_at: datetime | None = None
        self._archive = archive
        self._grid = grid
        self._ledger = ledger
        self._watch = watch
        self._looked_at_s: float | None = None

    def look(self) -> None:
        """Look once a minute. Notes in the job, once a day, that its disk will be full within two hours."""
        now_s = self._watch.elapsed_s
        if self._looked_at_s is not None and now_s - self._looked_at_s < LOOK_EVERY_S:
            return
        self._looked_at_s = now_s
        to_come = self._grid.plan.expected - self._ledger.next_slot
        try:
            free_bytes, reserve_bytes = self._archive.space()
        except StorageUnavailable:
            self.full_at = None  # The next picture pauses the job and says why.
            return
        room = max(free_bytes - reserve_bytes, 0) // self._find_bytes_per_picture()
        self.full_at = self._find_when_taken(room) if room < to_come else None
        is_soon = self.full_at is not None and self.full_at - self._watch.now < TOLD_BEFORE
        # Without room for a single picture the job pauses now, and this pause is told. So no forecast is needed.
        if is_soon and room and not self._is_told:
            self._note_shortage(room, to_come)

    def _find_bytes_per_picture(self) -> int:
        """Return the mean of the newest pictures in bytes. The test pictures before the start say less: a growing
        sample gives larger files."""
        try:
            newest = self._ledger.job.images.order_by("-job_slot").values_list("file_size", flat=True)
            sizes = list(newest.filter(job_slot__isnull=False)[:NEWEST_PICTURES])
        except DATABASE_AWAY:
            sizes = []
        measured = (self._ledger.job.estimate or {}).get("bytesPerPicture", 0)
        return max(round(sum(sizes) / len(sizes)) if sizes else measured, 1)

    def _find_when_taken(self, pictures: int) -> datetime:
        """Return when so many more pictures will be taken."""
        plan, estimate = self._grid.plan, self._ledger.job.estimate or {}
        due_at = self._grid.due_at(plan.round_of(self._ledger.next_slot + pictures))
        # A burst has a time for each frame, other jobs one for each round.
        each_s = estimate.get("secondsPerFrame") or estimate.get("secondsPerRound", 0.0) / plan.round_size
        # Without an interval all rounds are due at once, so the due times say nothing about when they are taken.
        return max(due_at, self._watch.now + timedelta(seconds=pictures * each_s))

    @property
    def _is_told(self) -> bool:
        since = self._watch.now - TOLD_AGAIN_AFTER
        events = [event for event in self._ledger.job.events if event["what"] == DISK_FILLING]
        # An event in the future comes from a wrong clock. Then people are told again.
        return bool(events) and since < datetime.fromisoformat(events[-1]["at"]) <= self._watch.now

    def _note_shortage(self, room: int, to_come: int) -> None:
        assert self.full_at
        detail = (
            f"{to_come:,} pictures are to come, and the disk has room for {room:,} above its reserve. Free some space. "
            "At its reserve the job pauses, and nothing is deleted."
        )
        text = f"The disk will be full at {show_time(self.full_at)}."
        self._ledger.note(self._watch.now, what=DISK_FILLING, text=text, detail=detail)
        self._ledger.flush()
