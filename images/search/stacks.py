"""Find images with the pictures of a job gathered in stacks: one for each job and day of the lab.

A page of stacks costs about as much as a page of images. The pictures of a stack that was found are left out of the
search that goes on, and a cursor says which these are. Each search examines a limited number of images, and there are
at most MAX_SEARCHES for a page, so a page may hold fewer than asked for although more follow.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import partial

from django.db.models import Q
from django.http import QueryDict
from django.utils import timezone

from images.models import Image, ImageQuerySet, Job
from images.search.filter_fields import midnight
from images.search.filters import (
    MAX_PER_PAGE,
    PAGE_FIELDS,
    PER_PAGE,
    Place,
    find_page,
    look_at_from,
    read_cursor,
    read_limit,
    read_search,
    write_cursor,
)
from images.search.walk import Keep, Search, find_first, grow, keep_all, moment_after

MAX_SEARCHES = 4
MAX_COUNTED = 1000
MAX_STACKS_COUNTED = 20
# Long texts that no stack shows.
NOT_READ = ("plan", "seat", "estimate", "events", "detail")


@dataclass(frozen=True, slots=True)
class Stack:
    """The pictures of a job on one day that match the filters. If `is_more`, there are more than `count`."""

    job: Job
    day: date
    count: int
    is_more: bool = False


@dataclass(frozen=True, slots=True)
class Tile:
    """An image without a stack, or the newest of a stack."""

    image: Image
    stack: Stack | None = None


@dataclass(frozen=True, slots=True)
class StackedPage:
    """Like `images.search.filters.Page`."""

    tiles: list[Tile]
    next_cursor: str | None
    reached: datetime | None = None


@dataclass
class _Found:
    """What the searches for a page found so far, newest first. `seen` counts the pictures of each stack among it."""

    covers: list[Image] = field(default_factory=list)
    seen: dict[tuple[int, date], int] = field(default_factory=dict)

    def add(self, image: Image) -> None:
        if image.job_id is None or image.job_slot is None:
            self.covers.append(image)
            return
        key = (image.job_id, day_of(image.captured_at))
        if key not in self.seen:
            self.covers.append(image)
        self.seen[key] = self.seen.get(key, 0) + 1


def find_stacked_page(query: QueryDict, images: ImageQuerySet | None = None) -> StackedPage:
    """Return the page that a query string asks for, newest first. If it asks for one job, nothing is stacked.

    `images` is the queryset that says which columns to read. Raises BadQuery that names the field.
    """
    if query.get("job", "").strip():
        page = find_page(query, images)
        return StackedPage([Tile(image) for image in page.images], page.next_cursor, page.reached)
    limit = read_limit(query.get("limit"), PER_PAGE, MAX_PER_PAGE)
    search, place = read_search(query, PAGE_FIELDS, images), read_cursor(query.get("cursor"))
    found = _Found()
    following = _search(search, found, limit, place)
    covers = found.covers[:limit]
    if len(found.covers) > limit:
        following = _place_after(covers[-1], covers, place)
    reached = following.captured_at if following and following.image_id == 0 else None
    tiles = list(_make_tiles(search, found, covers))
    return StackedPage(tiles, write_cursor(following) if following else None, reached)


def _search(search: Search, found: _Found, limit: int, begin: Place | None) -> Place | None:
    """Find covers until there is one more than `limit`. Returns the place where the search goes on; None at the end."""
    place = begin
    look_at = look_at_from(begin)
    for _ in range(MAX_SEARCHES):
        asked = limit + 1 - len(found.covers)
        result = find_first(_continue_at(search, place), asked, look_at)
        for image in result.images:
            found.add(image)
        if result.reached is not None:
            return Place(result.reached, 0, grow(look_at), _jobs_of(result.reached, found.covers, begin))
        if len(result.images) < asked:
            return None
        place = _place_after(result.images[-1], found.covers, begin)
        if len(found.covers) > limit:
            break
    return place


def _place_after(image: Image, covers: list[Image], begin: Place | None) -> Place:
    return Place(image.captured_at, image.pk, stacked_jobs=_jobs_of(image.captured_at, covers, begin))


def _jobs_of(moment: datetime, covers: list[Image], begin: Place | None) -> tuple[int, ...]:
    """Return the jobs that have their stack of that day already: among the covers, or on the pages before."""
    day = day_of(moment)
    before = begin.stacked_jobs if begin and day_of(begin.captured_at) == day else ()
    own = [one.job_id for one in covers if one.job_slot is not None and day_of(one.captured_at) == day]
    return tuple(dict.fromkeys([*before, *(job_id for job_id in own if job_id is not None)]))


def _continue_at(search: Search, place: Place | None) -> Search:
    """Continue the search after a place, without the pictures of the stacks that are known there."""
    if place is None:
        return search
    search = replace(search, walked=search.walked.older_than(place.captured_at, place.image_id))
    if not place.stacked_jobs:
        return search
    start, _end = bounds_of(day_of(place.captured_at))
    stacked = Q(job_id__in=place.stacked_jobs, job_slot__isnull=False, captured_at__gte=start)
    return replace(search, narrow=partial(_leave_out, search.narrow or keep_all, stacked))


def _leave_out(narrow: Keep, stacked: Q, images: ImageQuerySet) -> ImageQuerySet:
    return narrow(images).exclude(stacked)


def _make_tiles(search: Search, found: _Found, covers: list[Image]) -> Iterator[Tile]:
    jobs = _find_jobs({image.job_id for image in covers if image.job_id and image.job_slot is not None})
    left = MAX_STACKS_COUNTED
    for image in covers:
        job = jobs.get(image.job_id or 0) if image.job_slot is not None else None
        if job is None:
            yield Tile(image)
            continue
        day = day_of(image.captured_at)
        seen = found.seen[job.pk, day]
        is_whole = job.has_ended and seen == job.stored
        if is_whole or not left:
            yield Tile(image, Stack(job, day, seen, is_more=not is_whole))
        else:
            left -= 1
            yield Tile(image, _count(search, job, day))


def _find_jobs(job_ids: set[int]) -> dict[int, Job]:
    return Job.objects.defer(*NOT_READ).in_bulk(job_ids) if job_ids else {}


def _count(search: Search, job: Job, day: date) -> Stack:
    """Count the pictures of a stack. Examines about MAX_COUNTED of them at most."""
    start, end = bounds_of(day)
    own = search.whole.filter(job_id=job.pk, job_slot__isnull=False, captured_at__gte=start, captured_at__lt=end)
    stack = replace(search, whole=own, walked=own)
    last = moment_after(stack, MAX_COUNTED)
    if last is None:
        return Stack(job, day, 0)
    some = stack.up_to(last).images.order_by().values_list("pk", flat=True)[: MAX_COUNTED + 1]
    count = len(some)
    is_more = count > MAX_COUNTED or stack.behind(last).rows.order_by().exists()
    return Stack(job, day, min(count, MAX_COUNTED), is_more)


def day_of(moment: datetime) -> date:
    """Return the day in the lab's time zone."""
    return moment.astimezone(timezone.get_default_timezone()).date()


def bounds_of(day: date) -> tuple[datetime, datetime]:
    zone = timezone.get_default_timezone()
    return midnight(day, zone), midnight(day + timedelta(days=1), zone)
