"""The newest images that filters and words leave, at a cost that does not grow with the library.

What an index shows in the order of time is walked; whatever else is asked is compared on the way. One search looks at
so many images at most: where these are not enough it says how far it came, and can be continued from there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import connection
from django.db.models import Max, Min, Q

from images.models import Image, ImageQuerySet
from images.text_search import MOMENT, find_candidates, holding, in_no_index_order, indexed_of, is_rare

LOOKED_AT = 10_000
MOST_LOOKED_AT = 160_000
SHORT_WALK = 2_000
CANDIDATES = 300
CANDIDATES_SHARE = 4


Keep = Callable[[ImageQuerySet], ImageQuerySet]


def keep_all(images: ImageQuerySet) -> ImageQuerySet:
    return images


@dataclass(frozen=True, slots=True)
class Search:
    """`whole` is what an index gives in the order of time, `walked` what of that is looked at now, `days` the bounds
    that were asked for; of that are wanted those that `narrow` keeps, and that hold all the words.

    SQLite looks up the first of two bounds and compares the other. `walked` never reaches beyond the days, so its
    bounds come first."""

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
        return self.days(self.walked)

    def up_to(self, moment: datetime) -> "Search":
        """What comes before, and what is of that moment."""
        comes = Q(captured_at__gte=moment) if self.is_newest_first else Q(captured_at__lte=moment)
        return replace(self, walked=self.walked.filter(comes))

    def behind(self, moment: datetime) -> "Search":
        """What follows all of that moment."""
        comes = Q(captured_at__lt=moment) if self.is_newest_first else Q(captured_at__gt=moment)
        return replace(self, walked=self.whole.filter(comes))

    def first_moment(self) -> datetime | None:
        return self.in_order.values_list("captured_at", flat=True).first()

    def last_moment(self) -> datetime | None:
        return replace(self, is_newest_first=not self.is_newest_first).first_moment()


@dataclass(frozen=True, slots=True)
class Found:
    """`reached`: all between the start and this moment, itself included, was looked at, and more may follow; None where
    there are as many as were wanted, or no more."""

    images: list[Image]
    reached: datetime | None = None


def find_first(search: Search, most: int, look_at: int = LOOKED_AT) -> Found:
    """The first `most` in the order of the search, as far as one look through `look_at` images finds them."""
    if search.narrow is None and not search.words:
        return Found(list(search.in_order[:most]))
    if not indexed_of(search.words):
        return _walk(search, most, look_at)
    near = _walk(search, most, SHORT_WALK)
    if near.reached is None:
        return near
    look = _look_through_index if connection.vendor == "sqlite" else _look_up_or_walk
    far = look(search.behind(near.reached), most - len(near.images), look_at)
    return Found(near.images + far.images, far.reached)


def find_all_the_way(search: Search, most: int) -> list[Image]:
    """The first `most`, however far away."""
    if not indexed_of(search.words):
        return list(search.images[:most])
    found, look_at = find_first(search, most), LOOKED_AT
    images = found.images
    while found.reached is not None:
        look_at = grow(look_at)
        search = search.behind(found.reached)
        found = find_first(search, most - len(images), look_at)
        images = images + found.images
    return images


def grow(look_at: int) -> int:
    """How many to look at next where so many were not enough."""
    return min(2 * look_at, MOST_LOOKED_AT)


def _walk(search: Search, most: int, look_at: int) -> Found:
    """Looks at the first `look_at` one by one, and at those of the same moment as the last."""
    reached = _moment_after(search, look_at)
    if reached is None:
        return Found([])
    images = list(search.up_to(reached).images[:most])
    is_all = len(images) == most or not search.behind(reached).rows.order_by().exists()
    return Found(images, None if is_all else reached)


def _moment_after(search: Search, look_at: int) -> datetime | None:
    """The index alone tells. None where there are no images."""
    last = Min("captured_at") if search.is_newest_first else Max("captured_at")
    return search.in_order.select_related(None)[:look_at].aggregate(last=last)["last"]


def _look_through_index(search: Search, most: int, look_at: int) -> Found:
    """SQLite: those that hold the words, some at a time, newest first or oldest first."""
    start, end = search.first_moment(), search.last_moment()
    images: list[Image] = []
    left, at_once = look_at // CANDIDATES_SHARE, CANDIDATES
    while start and end:
        candidates = find_candidates(indexed_of(search.words), at_once, start, search.is_newest_first)
        left, at_once, reached = left - at_once, 2 * at_once, candidates.reached
        if reached and not _is_past(reached, start, search.is_newest_first):
            continue  # all of one millisecond
        within = search.up_to(reached) if reached else search
        images += within.images.filter(id__in=candidates.image_ids)[: most - len(images)]
        if len(images) == most or reached is None or _is_past(reached, end, search.is_newest_first):
            break
        if left <= 0:
            return Found(images, reached)
        search = search.behind(reached)
        start = reached - MOMENT if search.is_newest_first else reached + MOMENT
    return Found(images)


def _is_past(moment: datetime, other: datetime, is_newest_first: bool) -> bool:
    """Whether it is as far as the other or further."""
    return moment <= other if is_newest_first else moment >= other


def _look_up_or_walk(search: Search, most: int, look_at: int) -> Found:
    """PostgreSQL: its index gives all that hold the words, which takes the longer the more they are. Many are looked up
    only for who goes on where a walk found too few."""
    if look_at == LOOKED_AT and not is_rare(indexed_of(search.words)):
        return _walk(search, most, look_at)
    looked_up = search.images.order_by(*in_no_index_order(search.is_newest_first))
    image_ids = list(looked_up.values_list("id", flat=True)[:most])
    by_id = search.whole.in_bulk(image_ids)
    return Found([by_id[image_id] for image_id in image_ids if image_id in by_id])
