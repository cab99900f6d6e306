"""Find the newest images that match filters and words, at a cost that does not grow with the library.

A search walks an index in the order of time and compares all other conditions on the way. One search examines a limited
number of images. If they are not enough, it returns how far it came, and the next search continues from there.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection
from django.db.models import Max, Min, Q

from images.models import Image, ImageQuerySet
from images.search.words import MOMENT, find_candidates, holding, in_no_index_order, indexed_of, is_rare

# The first search for a page compares this many images. The next ones compare more, up to the maximum (see `grow`).
EXAMINED_AT_ONCE = 10_000
MAX_EXAMINED_AT_ONCE = 160_000
SHORT_WALK = 2_000
CANDIDATES = 300
CANDIDATES_SHARE = 4


Keep = Callable[[ImageQuerySet], ImageQuerySet]


def keep_all(images: ImageQuerySet) -> ImageQuerySet:
    return images


@dataclass(frozen=True, slots=True)
class Search:
    """A search that can be continued. It finds images that are within `days`, that `narrow` keeps and that contain all
    `words`.

    `whole`: all images of one index, in the order of time. `walked`: the part of `whole` that is still to be examined.
    """

    whole: ImageQuerySet
    walked: ImageQuerySet
    days: Keep = keep_all
    narrow: Keep | None = None
    words: list[str] = field(default_factory=list)
    is_newest_first: bool = True

    @property
    def images(self) -> ImageQuerySet:
        images = self.in_order.filter(holding(self.words))
        return self.narrow(images) if self.narrow else images

    @property
    def in_order(self) -> ImageQuerySet:
        return self.rows.newest_first() if self.is_newest_first else self.rows.oldest_first()

    @property
    def rows(self) -> ImageQuerySet:
        # SQLite uses the first of two time bounds in the index and only compares the second. `walked` never
        # reaches beyond the days, so its bound comes first.
        return self.days(self.walked)

    def up_to(self, moment: datetime) -> "Search":
        """Limit the search to images up to and including that time, in the order of the search."""
        comes = Q(captured_at__gte=moment) if self.is_newest_first else Q(captured_at__lte=moment)
        return replace(self, walked=self.walked.filter(comes))

    def behind(self, moment: datetime) -> "Search":
        """Continue the search after all images of that time."""
        comes = Q(captured_at__lt=moment) if self.is_newest_first else Q(captured_at__gt=moment)
        return replace(self, walked=self.whole.filter(comes))

    def after(self, image: Image) -> "Search":
        """Continue the search after one image."""
        follow = self.whole.older_than if self.is_newest_first else self.whole.newer_than
        return replace(self, walked=follow(image.captured_at, image.pk))

    def first_moment(self) -> datetime | None:
        return self.in_order.values_list("captured_at", flat=True).first()

    def last_moment(self) -> datetime | None:
        return replace(self, is_newest_first=not self.is_newest_first).first_moment()


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`reached`: everything from the start up to and including this time was searched; more matches may follow. None if
    enough were found or none are left."""

    images: list[Image]
    reached: datetime | None = None


def find_first(search: Search, most: int, look_at: int = EXAMINED_AT_ONCE) -> SearchResult:
    """Return the first `most` matches, in the order of the search. Examines about `look_at` images at most."""
    if search.narrow is None and not search.words:
        # Each image in the index matches, so the walk ends by itself after `most` images.
        return SearchResult(list(search.in_order[:most]))
    if not indexed_of(search.words):
        return _walk(search, most, look_at)
    # Frequent words fill a page within a short walk. The index of words pays only if they do not.
    near = _walk(search, most, SHORT_WALK)
    if near.reached is None:
        return near
    look = _look_through_index if connection.vendor == "sqlite" else _look_up_or_walk
    far = look(search.behind(near.reached), most - len(near.images), look_at)
    return SearchResult(near.images + far.images, far.reached)


def walk(search: Search, at_once: int) -> Iterator[list[Image]]:
    """Yield all matches in the order of the search, in lists of up to `at_once`, until the search ends."""
    look_at = EXAMINED_AT_ONCE
    while True:
        found = find_first(search, at_once, look_at)
        if found.images:
            yield found.images
        if len(found.images) == at_once:
            search, look_at = search.after(found.images[-1]), EXAMINED_AT_ONCE
        elif found.reached is not None:
            search, look_at = search.behind(found.reached), grow(look_at)
        else:
            return


def grow(look_at: int) -> int:
    """Return how many images the next search examines, after `look_at` were not enough."""
    return min(2 * look_at, MAX_EXAMINED_AT_ONCE)


def _walk(search: Search, most: int, look_at: int) -> SearchResult:
    """Compare the first `look_at` images one by one, and all others of the same time as the last of them."""
    reached = moment_after(search, look_at)
    if reached is None:
        return SearchResult([])
    images = list(search.up_to(reached).images[:most])
    is_all = len(images) == most or not search.behind(reached).rows.order_by().exists()
    return SearchResult(images, None if is_all else reached)


def moment_after(search: Search, look_at: int) -> datetime | None:
    """Return the time of the last of the next `look_at` images, from the index alone. None if there are no images."""
    last = Min("captured_at") if search.is_newest_first else Max("captured_at")
    return search.in_order.select_related(None)[:look_at].aggregate(last=last)["last"]


def _look_through_index(search: Search, most: int, look_at: int) -> SearchResult:
    """SQLite: take candidates from the index of words in the order of time, and compare each batch with the filters."""
    start, end = search.first_moment(), search.last_moment()
    images: list[Image] = []
    # A candidate costs more than an image of a walk: its row must be found by its id.
    left, at_once = look_at // CANDIDATES_SHARE, CANDIDATES
    while start and end:
        candidates = find_candidates(indexed_of(search.words), at_once, start, search.is_newest_first)
        left, at_once, reached = left - at_once, 2 * at_once, candidates.reached
        if reached and not _is_past(reached, start, search.is_newest_first):
            # All candidates are of one millisecond, the unit of the index: take more before the search moves on.
            continue
        within = search.up_to(reached) if reached else search
        images += within.images.filter(id__in=candidates.image_ids)[: most - len(images)]
        if len(images) == most or reached is None or _is_past(reached, end, search.is_newest_first):
            break
        if left <= 0:
            return SearchResult(images, reached)
        search = search.behind(reached)
        # One microsecond is the unit of the database's times, so no image is skipped.
        start = reached - MOMENT if search.is_newest_first else reached + MOMENT
    return SearchResult(images)


def _is_past(moment: datetime, other: datetime, is_newest_first: bool) -> bool:
    """Return True if the search comes to `moment` at the same time as `other` or later."""
    return moment <= other if is_newest_first else moment >= other


def _look_up_or_walk(search: Search, most: int, look_at: int) -> SearchResult:
    """PostgreSQL: look the words up in their index if they are rare, else walk.

    The index returns all matches at once, so it is slow for frequent words. They are looked up only if the user goes
    on after a walk found too few.
    """
    if look_at == EXAMINED_AT_ONCE and not is_rare(indexed_of(search.words)):
        return _walk(search, most, look_at)
    looked_up = search.images.order_by(*in_no_index_order(search.is_newest_first))
    image_ids = list(looked_up.values_list("id", flat=True)[:most])
    by_id = search.whole.in_bulk(image_ids)
    return SearchResult([by_id[image_id] for image_id in image_ids if image_id in by_id])
