"""Which originals wait for the store, and what their rows say once they are there."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import Count, F, Min, Q, QuerySet, Sum

from images.models import CHANGE_NOT_STORED, NOT_STORED, WANTED, Image, ImageQuerySet, Job, JobQuerySet

logger = logging.getLogger(__name__)

# The kind of a job, as images.jobs writes it. That room is above this one, so it cannot be imported.
BURST = "burst"
NEEDED = (
    "id",
    "instrument",
    "filename",
    "record_id",
    "sha256",
    "file_size",
    "image_format",
    "thumbnail_path",
    *("captured_at", "place", "store_key"),
)
# SQLite takes no more than some ten thousand ids in a query. So many may be left out if a folder was lost.
MAX_IN_A_QUERY = 500
# Where originals are that the store must have.
SCRUBBED = (Image.Place.BOTH, Image.Place.STORE)


@dataclass(frozen=True, slots=True)
class Waiting:
    """The originals that are not yet in the store. `oldest_at`: when the oldest was captured; None if none waits."""

    count: int
    size_bytes: int
    oldest_at: datetime | None


def find_next(left_out: Collection[int], most: int = 1) -> list[Image]:
    """Return the next images that wait for the store, at most so many: first those that somebody elsewhere wants, the
    longest wanted first; then the newest, because people look at new pictures first. `left_out`: ids that are skipped.
    Raises Django's DatabaseError."""
    both = (_take_first(some, left_out, most) for some in (_wanted(), _waiting()))
    found = {image.pk: image for images in both for image in images}
    return list(found.values())[:most]


def _take_first(images: ImageQuerySet, left_out: Collection[int], most: int) -> ImageQuerySet:
    if len(left_out) > MAX_IN_A_QUERY:
        ids = (one for one in images.values_list("pk", flat=True)[: len(left_out) + most] if one not in left_out)
        return images.filter(pk__in=list(islice(ids, most))).only(*NEEDED)
    return images.exclude(pk__in=left_out).only(*NEEDED)[:most]


def waiting_ids() -> "QuerySet[Image, int]":
    """Return the ids of all images that wait for the store, the newest first."""
    return _waiting().values_list("pk", flat=True)


def _wanted() -> ImageQuerySet:
    return Image.objects.of_this_pc().filter(WANTED).order_by("wanted_at")


def _waiting() -> ImageQuerySet:
    # By id and not by time: the index of the images that wait is sorted by id.
    return Image.objects.of_this_pc().filter(NOT_STORED).order_by("-id")


def note_stored(image_id: int, key: str, at: datetime) -> None:
    """Write into its row that the original is in the store under this key, and on this disk. Raises Django's
    DatabaseError."""
    Image.objects.filter(pk=image_id).update(place=Image.Place.BOTH, store_key=key, stored_at=at, wanted_at=None)


def note_all_stored(keys: Mapping[int, str], at: datetime) -> None:
    """Do the same for several, by the id of the image. All is written, or nothing. Raises Django's DatabaseError."""
    with transaction.atomic():
        for image_id, key in keys.items():
            note_stored(image_id, key, at)


def note_change_stored(image_id: int, revision: int) -> None:
    """Write into its row that this revision of its sidecar is in the store. Somebody on another PC may have saved a
    newer one meanwhile: then the row stays. Raises Django's DatabaseError."""
    is_older = Q(stored_revision__isnull=True) | Q(stored_revision__lt=revision)
    Image.objects.filter(is_older, pk=image_id).update(stored_revision=revision)


def row_in_both(image: Image) -> ImageQuerySet:
    """Return the row of this image for an update, if it still says that the original is on this disk, and in the store
    under this key. Otherwise an update changes nothing."""
    return Image.objects.filter(pk=image.pk, store_key=image.store_key, place=Image.Place.BOTH)


def row_as_it_was(image: Image) -> ImageQuerySet:
    """Return the row of this image for an update, if place and key are still those of `image`."""
    return Image.objects.filter(pk=image.pk, store_key=image.store_key, place=image.place)


def note_lost(image: Image) -> None:
    """Write into its row that the store has lost this original. If its file is still on its instrument, it waits for
    the store again. Raises Django's DatabaseError."""
    if image.place == Image.Place.STORE:
        logger.error("The store has lost %s, and its instrument has it no more.", image.filename)
        row_as_it_was(image).update(place=Image.Place.LOST)
    else:
        logger.error("The store has lost %s. It is sent again.", image.filename)
        row_in_both(image).forget_store()


def note_conflict(image_id: int, key: str) -> None:
    """Write into its row that other bytes lie under the key of this original. Raises Django's DatabaseError."""
    Image.objects.filter(pk=image_id).update(place=Image.Place.CONFLICT, store_key=key)


def count_waiting() -> Waiting:
    """Count what waits. Reads every waiting row, so call it seldom. Raises Django's DatabaseError."""
    waiting = Image.objects.of_this_pc().filter(NOT_STORED)
    found = waiting.aggregate(count=Count("pk"), size_bytes=Sum("file_size"), oldest_at=Min("captured_at"))
    return Waiting(found["count"], found["size_bytes"] or 0, found["oldest_at"])


def find_to_scrub(before: datetime, most: int) -> list[Image]:
    """Return up to `most` images of all instruments that were not read back from the store since `before`, those that
    wait longest first. Raises Django's DatabaseError."""
    in_store = Image.objects.filter(place__in=SCRUBBED).filter(Q(verified_at__isnull=True) | Q(verified_at__lt=before))
    ordered = in_store.order_by(F("verified_at").asc(nulls_first=True), "id")
    return list(ordered.only(*NEEDED)[:most])


def find_to_verify(stored_before: datetime, left_out: Collection[int]) -> Image | None:
    """Return the image that waits longest to be read back for the first time, if it was stored before this moment.
    `left_out`: ids that are skipped. Raises Django's DatabaseError."""
    ripe = unverified().filter(stored_at__lte=stored_before).only(*NEEDED)
    return next((image for image in ripe[: len(left_out) + 1] if image.pk not in left_out), None)


def unverified() -> "QuerySet[Image]":
    """Return the images of this PC that were never read back from the store, those that wait longest first."""
    return Image.objects.of_this_pc().filter(place=Image.Place.BOTH, verified_at__isnull=True).order_by("stored_at")


def find_last_stored_at() -> datetime | None:
    """Return when the last original was put into the store; None if that is more than about a day ago. Raises Django's
    DatabaseError."""
    # Only those that were not read back yet: these are few, and have an index. After a day each is read back.
    return unverified().order_by("-stored_at").values_list("stored_at", flat=True).first()


def changes_to_send() -> "QuerySet[Image]":
    """Return the images whose last change is not in the store, though their original is."""
    return Image.objects.of_this_pc().filter(CHANGE_NOT_STORED).order_by("id")


def find_change_to_send(left_out: Collection[int]) -> Image | None:
    """Return the next image whose last change is to be sent. `left_out`: ids that are skipped. Raises Django's
    DatabaseError."""
    some = changes_to_send().only("id", "filename", "record_id", "revision")[: len(left_out) + 1]
    return next((image for image in some if image.pk not in left_out), None)


def jobs_to_send() -> JobQuerySet:
    """Return the jobs that have begun and whose file may not be in the store completely."""
    begun = Job.objects.with_plan().of_this_pc().filter(anchor_at__isnull=False)
    return begun.filter(is_file_stored__isnull=True).order_by("id")


def is_burst_running() -> bool:
    """Return True if a job is taking frames at the camera's rate: it needs the whole disk. Raises Django's
    DatabaseError."""
    return Job.objects.of_this_pc().filter(state=Job.State.RUNNING, kind=BURST).exists()
