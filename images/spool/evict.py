"""Removes originals from this disk. Only those leave that were read back whole from the object store, and that the
store still has when it is asked again just before.

First the row says that the original is only in the store, then its file is removed. If the program dies between the
two, the file is still there: the next start finds it, and the row says again that it is in both places. In the other
order, a row could say that a file is here that is not.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Sum

from images.archive.archive import Archive
from images.errors import EvictionRefused, LibraryError
from images.events import emit
from images.index.originals import open_checked
from images.models import MAY_LEAVE, Image, ImageQuerySet
from images.permissions import Person
from images.run_days import Clock
from images.spool.rows import note_lost, row_in_both
from images.store.client import Store
from images.store.errors import ObjectMissing

logger = logging.getLogger(__name__)

# A batch: one entry of the audit log names so many originals.
EVICTED_AT_ONCE = 20
# One request removes at most so many batches, so that it ends soon. The client asks again for the rest.
MAX_BATCHES = 10
NEEDED = ("id", "filename", "file_size", "sha256", "store_key", "place")

Place = Image.Place


@dataclass(frozen=True, slots=True)
class Evicted:
    """How many originals left this disk, or would leave it. `left`: how many more may leave."""

    count: int
    size_bytes: int
    left: int = 0


class Evictor:
    """Decides what may leave this disk, and removes it. Any thread may call it."""

    def __init__(
        self,
        store: Store,
        archive: Archive,
        explain_doubt: Callable[[], str],
        keep_days: int | None,
        below_bytes: int,
        clock: Clock | None = None,
    ) -> None:
        """`explain_doubt` returns why this store must not be the only place of a picture, or "". `keep_days`: younger
        originals stay; None: nothing ever leaves. `below_bytes`: originals leave while less than this is free on the
        disk; 0: never."""
        self._store = store
        self._archive = archive
        self._explain_doubt = explain_doubt
        self._keep_days = keep_days
        self._below_bytes = below_bytes
        self._clock = clock or Clock()
        # The ids of images that could not be proved. They are not tried again before the next start.
        self._left_out: set[int] = set()

    def make_room(self) -> int:
        """Remove one batch of originals if the disk gets full. Returns how many; 0 if there is room, or none may leave.
        Blocks. Raises LibraryError, OSError, and Django's DatabaseError."""
        if self._keep_days is None or self._archive.space()[0] >= self._below_bytes or self._explain_doubt():
            return 0
        return self._evict_some(self._find(self._keep_days)).count

    def evict(self, older_than_days: int, by: Person, is_dry_run: bool) -> Evicted:
        """Remove originals that are at least so old, also if the disk has room; at most MAX_BATCHES batches.
        `is_dry_run`: only count all of them. Blocks. Raises EvictionRefused if the settings or the store do not allow
        it, LibraryError, OSError, and Django's DatabaseError."""
        self._require_allowed(older_than_days)
        may_leave = self._find(older_than_days)
        if is_dry_run:
            found = may_leave.aggregate(size_bytes=Sum("file_size"))
            return Evicted(may_leave.count(), found["size_bytes"] or 0)
        count = size_bytes = 0
        for _ in range(MAX_BATCHES):
            some = self._evict_some(may_leave, by)
            count, size_bytes = count + some.count, size_bytes + some.size_bytes
            if not some.count:
                break
        return Evicted(count, size_bytes, may_leave.exclude(pk__in=self._left_out).count())

    def _require_allowed(self, older_than_days: int) -> None:
        if self._keep_days is None:
            raise EvictionRefused("Originals stay on this PC for ever: KEEP_LOCAL_DAYS is not set.")
        if older_than_days < self._keep_days:
            raise EvictionRefused(f"Originals stay on this PC for at least {self._keep_days} days: KEEP_LOCAL_DAYS.")
        if doubt := self._explain_doubt():
            raise EvictionRefused(f"Nothing leaves this PC while the store is in doubt. {doubt}")

    def _find(self, days: int) -> ImageQuerySet:
        before = self._clock.now() - timedelta(days=days)
        return Image.objects.of_this_pc().filter(MAY_LEAVE, captured_at__lt=before).oldest_first()

    def _evict_some(self, may_leave: ImageQuerySet, by: Person | None = None) -> Evicted:
        """Remove one batch, the oldest first. An original that cannot be proved stays."""
        candidates = may_leave.exclude(pk__in=self._left_out).only(*NEEDED)[:EVICTED_AT_ONCE]
        proved = [image for image in candidates if self._is_proved(image)]
        leaving = self._note_leaving(proved, self._clock.now(), by)
        gone = [image for image in leaving if self._remove(image)]
        return Evicted(len(gone), sum(image.file_size for image in gone))

    def _is_proved(self, image: Image) -> bool:
        """Return True if disk and store have the right bytes. The file is checked; of the object the store is asked
        only for size and sum, because all of it was read back before."""
        try:
            facts = self._store.head(image.store_key or "")
        except ObjectMissing:
            note_lost(image)
            return False
        if (facts.size_bytes, facts.sha256) != (image.file_size, image.sha256):
            logger.error("The store names another size or sum of %s now. It is read back again.", image.filename)
            row_in_both(image).update(verified_at=None)
            self._left_out.add(image.pk)
            return False
        return self._is_whole_here(image)

    def _is_whole_here(self, image: Image) -> bool:
        try:
            open_checked(self._archive, image.filename, image.file_size, image.sha256).close()
        except LibraryError as problem:
            # Raises if the whole disk is away. Then this original is no exception, and must not be left out.
            self._archive.check_folder()
            logger.warning("%s does not leave this disk: %s", image.filename, problem)
            self._left_out.add(image.pk)
            return False
        return True

    @transaction.atomic
    def _note_leaving(self, images: list[Image], now: datetime, by: Person | None) -> list[Image]:
        """Write into the rows and the audit log that these originals are only in the store now. Returns those of which
        it is still true under the lock."""
        # Ordered, so that two transactions lock the rows in the same order and cannot wait for each other.
        held = Image.objects.filter(MAY_LEAVE, pk__in=[image.pk for image in images]).order_by("pk")
        keys = dict(held.select_for_update().values_list("pk", "store_key"))
        leaving = [image for image in images if keys.get(image.pk) == image.store_key]
        if leaving:
            ids = [image.pk for image in leaving]
            Image.objects.filter(pk__in=ids).update(place=Place.STORE, evicted_at=now)
            size_bytes = sum(image.file_size for image in leaving)
            emit("evicted", by=by, details={"count": len(ids), "sizeBytes": size_bytes, "images": ids})
        return leaving

    def _remove(self, image: Image) -> bool:
        """Remove the file. Returns False if it cannot be removed: then its row says again that it is in both places."""
        with transaction.atomic():
            # The lock keeps out the code that finds a file on this disk and writes so into its row.
            row = Image.objects.select_for_update().filter(pk=image.pk, place=Place.STORE)
            if row.first() is None:
                return False
            try:
                self._archive.remove(image.filename)
            except LibraryError as problem:
                logger.warning("%s stays on this disk: %s", image.filename, problem)
                row.update(place=Place.BOTH, evicted_at=None)
                self._left_out.add(image.pk)
                return False
        return True
