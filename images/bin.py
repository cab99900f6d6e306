"""The bin: images rest there for 30 days before they are removed for good. One verb each, for API, admin, page and
command alike."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from images.editing import find_image
from images.errors import ImageMissing, LibraryError
from images.models import Image, ImageQuerySet
from images.rights import Person, demand_bin

KEPT_FOR = timedelta(days=30)
REMOVED_AT_ONCE = 100
LARGEST_ID = 2**63 - 1


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
    return _one(image_id, by, _bin)


def restore_image(image_id: int, by: Person) -> Image:
    """Take an image out of the bin, if it is there. Raises ImageMissing or NotYours."""
    return _one(image_id, by, _restore)


def bin_many(image_ids: list[int], by: Person) -> Outcome:
    return _many(image_ids, by, _bin)


def restore_many(image_ids: list[int], by: Person) -> Outcome:
    return _many(image_ids, by, _restore)


def empty_bin() -> int:
    """Remove everything in the bin for good. Answers how many images."""
    return _remove(Image.objects.in_bin())


def sweep_bin() -> int:
    """Remove for good what has lain in the bin for its time. Answers how many images."""
    return _remove(Image.objects.in_bin().filter(binned_at__lt=timezone.now() - KEPT_FOR))


def _bin(images: ImageQuerySet, by: Person) -> None:
    images.shown().update(binned_at=timezone.now(), binned_by=by)


def _restore(images: ImageQuerySet, by: Person) -> None:
    images.in_bin().update(binned_at=None, binned_by=None)


def _one(image_id: int, by: Person, move: Callable[[ImageQuerySet, Person], None]) -> Image:
    outcome = _many([image_id], by, move)
    for refusal in outcome.refused:
        raise refusal.problem
    return find_image(image_id)


def _many(image_ids: list[int], by: Person, move: Callable[[ImageQuerySet, Person], None]) -> Outcome:
    images = Image.objects.only("id", "user_id").in_bulk([image_id for image_id in image_ids if image_id <= LARGEST_ID])
    outcome = Outcome()
    for image_id in dict.fromkeys(image_ids):
        try:
            _demand(images.get(image_id), image_id, by)
        except LibraryError as problem:
            outcome.refused.append(Refusal(image_id, problem))
        else:
            outcome.done.append(image_id)
    move(Image.objects.filter(pk__in=outcome.done), by)
    return outcome


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
    held = [image.pk for image in images.select_for_update()]
    Image.objects.filter(pk__in=held).delete()
    return len(held)
