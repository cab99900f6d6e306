"""Find images by filters: page by page, or the neighbours of one image.

A page costs the same at the first image as at the millionth, because a cursor continues from an image and no rows are
counted or skipped.
"""

import base64
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache, partial
from itertools import chain, islice

import django_filters
from django.contrib.auth import get_user_model
from django.core.validators import EMPTY_VALUES
from django.db.models import F
from django.forms import Form
from django.http import QueryDict

from folding import words_of
from images.editable_fields import SEARCHED_IN_WORDS
from images.errors import BadQuery
from images.formats import FORMATS
from images.models import MAX_ID, Image, ImageQuerySet
from images.record.image import parse_time
from images.search.filter_fields import DayFilter, MomentFilter, WholeNumberFilter, YesNoFilter
from images.search.walk import EXAMINED_AT_ONCE, MAX_EXAMINED_AT_ONCE, Search, find_first, grow, walk

MAX_PER_PAGE = 200
PER_PAGE = 50
MAX_IDS_PER_PAGE = 10_000
PAGE_FIELDS = {"cursor", "limit"}
MAX_STACKED_JOBS = 100
# Each has an index in the order of time. A search walks the index of the first one that is given.
PICKS_INDEX = ("job", "user", "objective", "instrument")
DAYS = ("day", "capturedAfter", "capturedBefore")
HANDLED_ELSEWHERE = ("binned", "text")
WHOLE = {"min_value": 0, "max_value": MAX_ID}


class ImageFilter(django_filters.FilterSet):
    """The filters of API and gallery. `label` is the word on pages, `help_text` the description in the API."""

    text = django_filters.CharFilter(
        method="keep_all", max_length=200, label="Text", help_text=f"Words, each anywhere in {SEARCHED_IN_WORDS}."
    )
    user = django_filters.CharFilter(method="keep_of_user", label="Person", help_text="User name of who captured it.")
    job = WholeNumberFilter("job_id", label="Job", help_text="Id of a job.", **WHOLE)
    day = DayFilter(method="keep_day", label="Day", help_text="A day in the lab's time zone, such as 2025-01-16.")
    capturedAfter = MomentFilter("captured_at", "gte", label="Taken from", help_text="Start, ISO 8601, inclusive.")
    capturedBefore = MomentFilter("captured_at", "lt", label="Taken before", help_text="End, ISO 8601, exclusive.")
    idMin = WholeNumberFilter("id", "gte", label="Number from", help_text="Smallest image id, inclusive.", **WHOLE)
    idMax = WholeNumberFilter("id", "lte", label="Number to", help_text="Largest image id, inclusive.", **WHOLE)
    exposureMin = django_filters.NumberFilter(
        "exposure_ms", "gte", label="Exposure from", help_text="Shortest exposure in milliseconds, inclusive."
    )
    exposureMax = django_filters.NumberFilter(
        "exposure_ms", "lte", label="Exposure to", help_text="Longest exposure in milliseconds, inclusive."
    )
    gainMin = django_filters.NumberFilter(
        "gain_db", "gte", label="Gain from", help_text="Smallest gain in decibels, inclusive."
    )
    gainMax = django_filters.NumberFilter(
        "gain_db", "lte", label="Gain to", help_text="Largest gain in decibels, inclusive."
    )
    format = django_filters.ChoiceFilter(
        field_name="image_format",
        choices=[(name, name) for name in FORMATS],
        label="Format",
        help_text="Format of the original.",
    )
    objective = django_filters.UUIDFilter(
        "objective_id", label="Objective", help_text="Id of the objective that the image was taken with."
    )
    instrument = django_filters.UUIDFilter(
        "instrument_id", label="Microscope", help_text="Id of the instrument that captured the image."
    )
    simulated = YesNoFilter("is_simulated", label="Simulated", help_text="true: only simulated images. false: none.")
    binned = YesNoFilter(method="keep_all", label="Bin", help_text="true: only images in the bin.")

    class Meta:
        model = Image
        fields: list[str] = []

    def get_form_class(self) -> type[Form]:
        """The fields are the same for every query, and each form copies them."""
        return make_form_class()

    def filter_queryset(self, queryset: ImageQuerySet) -> ImageQuerySet:
        """Exclude images in the bin, unless the query asks for the bin."""
        images = super().filter_queryset(queryset)
        return images.in_bin() if self.form.cleaned_data["binned"] else images.not_binned()

    def search(self) -> Search:
        """Turn the valid form into a search. At most one filter chooses the index; dates and bin are in every index."""
        asked = [name for name, value in self.form.cleaned_data.items() if value not in EMPTY_VALUES]
        in_bin = self.form.cleaned_data["binned"]
        # The bin has one index, in the order of time.
        picks = [] if in_bin else [name for name in PICKS_INDEX if name in asked][:1]
        days = [name for name in asked if name in DAYS]
        rest = [name for name in asked if name not in (*picks, *DAYS, *HANDLED_ELSEWHERE)]
        images = self._keep(picks, self.queryset)
        whole = images.in_bin() if in_bin else images.not_binned()
        narrow = partial(self._keep, rest) if rest else None
        return Search(whole, whole, partial(self._keep, days), narrow, words_of(self.wanted_text))

    def _keep(self, names: list[str], images: ImageQuerySet) -> ImageQuerySet:
        for name in names:
            images = self.filters[name].filter(images, self.form.cleaned_data[name])
        return images

    @property
    def wanted_text(self) -> str:
        """The text to search for, or ""; `images.search.walk` searches it, because it depends on the page size."""
        return str(self.form.cleaned_data["text"])

    def keep_all(self, images: ImageQuerySet, name: str, value: bool) -> ImageQuerySet:
        return images

    def keep_day(self, images: ImageQuerySet, name: str, value: tuple[datetime, datetime]) -> ImageQuerySet:
        return images.filter(captured_at__gte=value[0], captured_at__lt=value[1])

    def keep_of_user(self, images: ImageQuerySet, name: str, value: str) -> ImageQuerySet:
        # A query of its own: across a join PostgreSQL would walk all images to find the few of one user.
        user = get_user_model()._default_manager.named(value).first()  # type: ignore[attr-defined]
        if user is None:
            return images.none()
        if self.form.cleaned_data["job"] is None:
            return images.filter(user_id=user.pk)
        # "+ 0" hides the column from SQLite's planner, which would walk the user's many images and not the job's few.
        return images.alias(owner=F("user_id") + 0).filter(owner=user.pk)


@cache
def make_form_class() -> type[Form]:
    return super(ImageFilter, ImageFilter()).get_form_class()


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list. `reached` is set if the search stopped early: it then went back to this time, and older
    images may match."""

    images: list[Image]
    next_cursor: str | None
    reached: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """A page starts after this image. `look_at`: how many images to examine for the page. `stacked_jobs`: the jobs
    whose stack of that day is on an earlier page (images/search/stacks.py)."""

    captured_at: datetime
    image_id: int
    look_at: int = EXAMINED_AT_ONCE
    stacked_jobs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbours:
    newer: Image | None
    older: Image | None


def find_all(query: QueryDict, images: ImageQuerySet, at_once: int) -> Iterator[list[Image]]:
    """Yield all images that match a query string, newest first, in lists of up to `at_once`.

    `images` is the queryset that says which columns to read. Raises BadQuery that names the field.
    """
    return walk(read_search(query, images=images), at_once)


def find_page(query: QueryDict, images: ImageQuerySet | None = None) -> Page:
    """Return the page that a query string asks for, newest first.

    If few images match, a page may hold fewer than `limit`, even none, although more pages follow. `images` is the
    queryset that says which columns to read. Raises BadQuery that names the field.
    """
    return _find_page(query, read_limit(query.get("limit"), PER_PAGE, MAX_PER_PAGE), images)


def find_ids(query: QueryDict) -> Page:
    """Like `find_page`, but pages are larger and images carry only the columns that a selection needs."""
    images = Image.objects.only("id", "captured_at", "file_size", "user_id")
    return _find_page(query, read_limit(query.get("limit"), MAX_IDS_PER_PAGE, MAX_IDS_PER_PAGE), images)


def _find_page(query: QueryDict, limit: int, images: ImageQuerySet | None = None) -> Page:
    search = read_search(query, PAGE_FIELDS, images)
    place = read_cursor(query.get("cursor"))
    if place:
        search = replace(search, walked=search.walked.older_than(place.captured_at, place.image_id))
    look_at = look_at_from(place)
    # One more than the page: it tells if another page follows.
    found = find_first(search, limit + 1, look_at)
    if len(found.images) > limit:
        return Page(found.images[:limit], make_cursor(found.images[limit - 1]))
    if found.reached is None:
        return Page(found.images, None)
    # Id 0 is below all ids: the next page starts after every image of this time.
    return Page(found.images, write_cursor(Place(found.reached, 0, grow(look_at))), found.reached)


def look_at_from(place: Place | None) -> int:
    """Return how many images to examine for the page that starts there. None: the first page."""
    return place.look_at if place else EXAMINED_AT_ONCE


def find_neighbours(image: Image, query: QueryDict) -> Neighbours:
    """Return the images just before and after an image, among those that match the filters. Raises BadQuery."""
    newer, older = find_beside(image, query, 1, 1)
    return Neighbours(newer[0] if newer else None, older[0] if older else None)


def find_beside(image: Image, query: QueryDict, newer: int, older: int) -> tuple[list[Image], list[Image]]:
    """Return up to `newer` newer and `older` older images that match the filters, nearest first. Raises BadQuery."""
    search = read_search(query)
    behind, before = search.after(image), replace(search, is_newest_first=False).after(image)
    return _take(before, newer), _take(behind, older)


def _take(search: Search, most: int) -> list[Image]:
    return list(islice(chain.from_iterable(walk(search, most)), most))


def make_cursor(image: Image) -> str:
    """Return a cursor that continues after this image. It stays valid if images are added or removed."""
    return write_cursor(Place(image.captured_at, image.pk))


def write_cursor(place: Place) -> str:
    text = f"{place.captured_at.isoformat()}|{place.image_id}"
    jobs = ",".join(map(str, place.stacked_jobs[-MAX_STACKED_JOBS:]))
    if jobs or place.look_at != EXAMINED_AT_ONCE:
        # A search that found too few images examines more at the next page, and the server keeps no state.
        text += f"|{place.look_at}"
    text += f"|{jobs}" if jobs else ""
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None) -> Place | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        captured_at, image_id, *rest = text.split("|")
        look_at = int(rest[0]) if rest else EXAMINED_AT_ONCE
        # The client could send any number. Without limits, one request could walk the whole library.
        look_at = min(max(look_at, EXAMINED_AT_ONCE), MAX_EXAMINED_AT_ONCE)
        return Place(parse_time(captured_at), int(image_id), look_at, _read_jobs(rest[1]) if len(rest) > 1 else ())
    except (ValueError, OverflowError) as problem:
        raise bad_query({"cursor": ["Invalid cursor. Load the first page without a cursor."]}) from problem


def _read_jobs(text: str) -> tuple[int, ...]:
    jobs = tuple(map(int, text.split(",")))
    if len(jobs) > MAX_STACKED_JOBS or not all(0 <= job_id <= MAX_ID for job_id in jobs):
        raise ValueError("no ids of jobs")
    return jobs


def read_search(query: QueryDict, beside: Collection[str] = (), images: ImageQuerySet | None = None) -> Search:
    """Parse a query string into a search.

    `beside`: names of parameters that are allowed but are not filters. `images`: the queryset to search in, which also
    says which columns to read. Raises BadQuery that names the field.
    """
    # A misspelled filter that is ignored would return too many images, and the user would not notice.
    unknown = set(query) - set(ImageFilter.base_filters) - set(beside)
    if unknown:
        raise bad_query(
            {name: [f"Unknown filter. Available filters: {', '.join(ImageFilter.base_filters)}."] for name in unknown}
        )
    filtered = ImageFilter(query, Image.objects.with_related() if images is None else images)
    if not filtered.is_valid():
        raise bad_query({name: [str(text) for text in texts] for name, texts in filtered.errors.items()})
    return filtered.search()


def read_limit(text: str | None, usual: int, most: int) -> int:
    if text is None:
        return usual
    if not re.fullmatch("[0-9]{1,5}", text) or not 1 <= int(text) <= most:
        raise bad_query({"limit": [f"Must be a whole number from 1 to {most}."]})
    return int(text)


def bad_query(fields: dict[str, list[str]]) -> BadQuery:
    return BadQuery(" ".join(f"{name}: {texts[0]}" for name, texts in sorted(fields.items())), fields)
