"""The bin: images rest there for 30 days before they are removed for good. One verb each, for API, admin, page and
command alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from images.changing import CHANGED_AT_ONCE, change_images
from images.editing import find_image
from images.errors import ImageMissing, LibraryError, StorageUnavailable
from images.models import Image, ImageQuerySet
from images.rights import Person, demand_bin
from images.signals import tell

KEPT_FOR = timedelta(days=30)
REMOVED_AT_ONCE = 100
LARGEST_ID = 2**63 - 1

# What to set of an image for this person, and how that is told.
Move = tuple[Callable[[Image, Person], dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Refusal:
    image_id: int
    problem: LibraryError


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each of many images."""

    done: list[int] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def bin_image(image_id: int, by: Person) -> Image:
    """Move an image to the bin. Where it lies there already, it stays as who came first left it. Raises ImageMissing
    or NotYours."""
    return _one(image_id, by, BIN)


def restore_image(image_id: int, by: Person) -> Image:
    """Take an image out of the bin, if it is there. Raises ImageMissing or NotYours."""
    return _one(image_id, by, RESTORE)


def bin_many(image_ids: list[int], by: Person) -> Outcome:
    return _many(image_ids, by, BIN)


def restore_many(image_ids: list[int], by: Person) -> Outcome:
    return _many(image_ids, by, RESTORE)


def empty_bin() -> int:
    """Remove everything in the bin for good. Answers how many images."""
    removed = _remove(Image.objects.in_bin())
    tell("emptied", details={"removed": removed})
    return removed


def sweep_bin() -> int:
    """Remove for good what has lain in the bin for its time. Answers how many images."""
    return _remove(Image.objects.in_bin().filter(binned_at__lt=timezone.now() - KEPT_FOR))


def _bin(image: Image, by: Person) -> dict[str, Any]:
    return {} if image.binned_at else {"binned_at": timezone.now(), "binned_by": by}


def _restore(image: Image, by: Person) -> dict[str, Any]:
    return {"binned_at": None, "binned_by": None}


BIN: Move = (_bin, "binned")
RESTORE: Move = (_restore, "restored")


def _one(image_id: int, by: Person, move: Move) -> Image:
    outcome = _many([image_id], by, move)
    for refusal in outcome.refused:
        raise refusal.problem
    return find_image(image_id)


def _many(image_ids: list[int], by: Person, move: Move) -> Outcome:
    images = Image.objects.only("id", "user_id").in_bulk([image_id for image_id in image_ids if image_id <= LARGEST_ID])
    outcome, allowed = Outcome(), []
    for image_id in dict.fromkeys(image_ids):
        try:
            _demand(images.get(image_id), image_id, by)
        except LibraryError as problem:
            outcome.refused.append(Refusal(image_id, problem))
        else:
            allowed.append(image_id)
    _move(allowed, by, move, outcome)
    return outcome


def _move(image_ids: list[int], by: Person, move: Move, outcome: Outcome) -> None:
    """Some at a time. What a fault of the storage leaves over is refused, and raised where that is all."""
    change, what = move
    for first in range(0, len(image_ids), CHANGED_AT_ONCE):
        some = image_ids[first : first + CHANGED_AT_ONCE]
        try:
            change_images(some, by, lambda image: change(image, by), what)
        except StorageUnavailable as problem:
            if not outcome.done:
                raise
            outcome.refused.extend(Refusal(image_id, problem) for image_id in image_ids[first:])
            return
        outcome.done.extend(some)


def _demand(image: Image | None, image_id: int, by: Person) -> None:
    if image is None:
        raise ImageMissing(image_id)
    demand_bin(by, image)


def _remove(images: ImageQuerySet) -> int:
    return sum(_remove_some(chunk) for chunk in _in_chunks(images))


def _in_chunks(images: ImageQuerySet) -> Iterator[ImageQuerySet]:
    """Few at a time, so that captures need not wait for the database until a large bin is empty."""
    last_id = 0
    while image_ids := list(
        images.filter(pk__gt=last_id).order_by("pk").values_list("pk", flat=True)[:REMOVED_AT_ONCE]
    ):
        last_id = image_ids[-1]
        yield images.filter(pk__in=image_ids)


@transaction.atomic
def _remove_some(images: ImageQuerySet) -> int:
    """What somebody restored a moment ago stays: the rows are held before they are looked at again."""
    held = dict(images.order_by("pk").select_for_update().values_list("pk", "filename"))
    Image.objects.filter(pk__in=held).delete()
    tell("removed", held.items())
    return len(held)
