"""The bin: images stay there for 30 days on which the program runs, and are then deleted for good. API, admin, page and
command all call these functions.

Days are counted by images/run_days.py, never by the clock alone: a clock that jumps deletes nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from images.edit.edit import CHANGED_AT_ONCE, change_images, find_image
from images.errors import ImageMissing, LibraryError, NotInBin, StorageUnavailable
from images.events import emit
from images.models import MAX_ID, Image, ImageQuerySet
from images.permissions import Person, require_bin
from images.run_days import the_run_days

KEPT_FOR_DAYS = 30
REMOVED_AT_ONCE = 100

# A function that returns the columns to set on an image for this user, and the word of the event (images.events).
Move = tuple[Callable[[Image, Person], dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Refusal:
    """An image that was not moved or deleted, and why."""

    image_id: int
    problem: LibraryError


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for each of many images. `done`: row ids."""

    done: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def bin_image(image_id: int, by: Person) -> Image:
    """Move an image to the bin. If it is there already, nothing changes: time and user of the first move stay. Raises
    ImageMissing, NotYours, or StorageUnavailable."""
    return _one(image_id, by, BIN)


def restore_image(image_id: int, by: Person) -> Image:
    """Take an image out of the bin, if it is there. Raises ImageMissing, NotYours, or StorageUnavailable."""
    return _one(image_id, by, RESTORE)


def bin_many(image_ids: list[int], by: Person) -> Outcome:
    return _many(image_ids, by, BIN)


def restore_many(image_ids: list[int], by: Person) -> Outcome:
    return _many(image_ids, by, RESTORE)


def empty_bin() -> int:
    """Delete all images in the bin for good. Returns the number of images."""
    removed = _remove(Image.objects.in_bin())
    emit("emptied", details={"removed": removed})
    return removed


def remove_many(image_ids: list[int]) -> Outcome:
    """Delete these images for good, if they are in the bin. Others are refused."""
    outcome = Outcome()
    for first in range(0, len(image_ids), REMOVED_AT_ONCE):
        some = image_ids[first : first + REMOVED_AT_ONCE]
        removed = _remove_some(Image.objects.in_bin().filter(pk__in=some))
        outcome.done.extend(removed)
        outcome.refused.extend(_refuse_removal(image_id) for image_id in some if image_id not in removed)
    return outcome


def sweep_bin() -> int:
    """Delete images for good that have been in the bin for more than KEPT_FOR_DAYS counted days. Returns the number of
    images. The day on which the sweep first sees an image in the bin is not counted."""
    days = the_run_days().days
    in_bin = Image.objects.in_bin()
    # A day ahead of the count comes from another database, or from one that was restored from a backup.
    in_bin.filter(Q(binned_run_day__isnull=True) | Q(binned_run_day__gt=days)).update(binned_run_day=days)
    return _remove(in_bin.filter(binned_run_day__lt=days - KEPT_FOR_DAYS))


def count_days_left(image: Image) -> int | None:
    """Return on how many more days the program must run before the image is deleted for good; None if it is not in the
    bin."""
    if image.binned_at is None:
        return None
    days = the_run_days().days
    # The sweep has not seen it yet, or the count comes from another database: the days begin now.
    first = days if image.binned_run_day is None else min(image.binned_run_day, days)
    return max(0, min(KEPT_FOR_DAYS, KEPT_FOR_DAYS + 1 - (days - first)))


def _bin(image: Image, by: Person) -> dict[str, Any]:
    return {} if image.binned_at else {"binned_at": timezone.now(), "binned_by": by, "binned_run_day": None}


def _restore(image: Image, by: Person) -> dict[str, Any]:
    return {"binned_at": None, "binned_by": None, "binned_run_day": None}


BIN: Move = (_bin, "binned")
RESTORE: Move = (_restore, "restored")


def _one(image_id: int, by: Person, move: Move) -> Image:
    outcome = _many([image_id], by, move)
    for refusal in outcome.refused:
        raise refusal.problem
    return find_image(image_id)


def _many(image_ids: list[int], by: Person, move: Move) -> Outcome:
    # No image has a larger id, and a database raises an error for numbers beyond its integers.
    images = Image.objects.only("id", "user_id").in_bulk([image_id for image_id in image_ids if image_id <= MAX_ID])
    outcome, allowed = Outcome(), []
    # A client may send an id twice. Each image gets one result.
    for image_id in dict.fromkeys(image_ids):
        try:
            _require(images.get(image_id), image_id, by)
        except LibraryError as problem:
            outcome.refused.append(Refusal(image_id, problem))
        else:
            allowed.append(image_id)
    _move(allowed, by, move, outcome)
    return outcome


def _move(image_ids: list[int], by: Person, move: Move, outcome: Outcome) -> None:
    """Move the images in batches. If the storage fails, the remaining images are refused; if it fails in the first
    batch, raises StorageUnavailable."""
    change, what = move
    for first in range(0, len(image_ids), CHANGED_AT_ONCE):
        some = image_ids[first : first + CHANGED_AT_ONCE]
        try:
            change_images(some, by, lambda image: change(image, by), what)
        except StorageUnavailable as problem:
            if not outcome.done:
                raise
            # The batches before this one are committed. The caller must learn which images they were.
            outcome.refused.extend(Refusal(image_id, problem) for image_id in image_ids[first:])
            return
        outcome.done.extend(some)


def _require(image: Image | None, image_id: int, by: Person) -> None:
    if image is None:
        raise ImageMissing(image_id)
    require_bin(by, image)


def _refuse_removal(image_id: int) -> Refusal:
    is_there = Image.objects.filter(pk=image_id).exists()
    return Refusal(image_id, NotInBin() if is_there else ImageMissing(image_id))


def _remove(images: ImageQuerySet) -> int:
    return sum(len(_remove_some(chunk)) for chunk in _in_chunks(images))


def _in_chunks(images: ImageQuerySet) -> Iterator[ImageQuerySet]:
    """Split the images into small batches, so that captures never wait for the database until a large bin is empty."""
    last_id = 0
    while image_ids := list(
        images.filter(pk__gt=last_id).order_by("pk").values_list("pk", flat=True)[:REMOVED_AT_ONCE]
    ):
        # By id, not by offset: deleted rows would shift the offset, and images that cannot be deleted would come again
        # for ever.
        last_id = image_ids[-1]
        yield images.filter(pk__in=image_ids)


@transaction.atomic
def _remove_some(images: ImageQuerySet) -> list[int]:
    """Delete these images for good, and return the ids of those that were deleted."""
    # The lock makes the database check the filter again: an image that was restored a moment ago stays.
    held = dict(images.order_by("pk").select_for_update().values_list("pk", "filename"))
    # The files follow after the commit: see images/edit/removal.py.
    Image.objects.filter(pk__in=held).delete()
    emit("removed", held.items())
    return list(held)
