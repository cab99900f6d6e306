"""Finding images: filters, pages that cost the same at the first image as at the millionth, and neighbours."""

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.validators import EMPTY_VALUES
from django.db.models import F
from django.http import QueryDict

from images.bin import LARGEST_ID
from images.errors import BadQuery
from images.formats import FORMATS
from images.models import Image, ImageQuerySet
from images.record import parse_time
from images.search import LOOKED_AT, MOST_LOOKED_AT, Search, find_all_the_way, find_first, grow
from images.text_search import with_text

MOST_PER_PAGE = 200
PER_PAGE = 50
PAGE_FIELDS = {"cursor", "limit"}
# The first of these that is asked for; each has an index in the order of time.
PICKS_INDEX = ("job", "user", "objective")
DAYS = ("capturedAfter", "capturedBefore")
SAID_OTHERWISE = ("binned", "text")


class WholeNumberFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField


class MomentField(django_filters.fields.IsoDateTimeField):
    def clean(self, value: Any) -> datetime | None:
        """Moments at either end of the calendar have no counterpart in UTC."""
        moment = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as problem:
            raise ValidationError("Is too far away in time.") from problem


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class YesNoField(forms.Field):
    """As Django's, but what is neither true nor false is told, and not taken for no answer."""

    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        try:
            return {"true": True, "false": False}[str(value).lower()]
        except KeyError as problem:
            raise ValidationError("Must be true or false.") from problem


class YesNoFilter(django_filters.Filter):
    field_class = YesNoField


class ImageFilter(django_filters.FilterSet):
    user = django_filters.CharFilter(method="keep_of_user", label="Who captured it: a user name.")
    job = WholeNumberFilter("job_id", label="Number of a job.", min_value=0, max_value=LARGEST_ID)
    capturedAfter = MomentFilter("captured_at", "gte", label="ISO 8601, included.")
    capturedBefore = MomentFilter("captured_at", "lt", label="ISO 8601, not included.")
    exposureMin = django_filters.NumberFilter("exposure_ms", "gte", label="Milliseconds, included.")
    exposureMax = django_filters.NumberFilter("exposure_ms", "lte", label="Milliseconds, included.")
    gainMin = django_filters.NumberFilter("gain_db", "gte", label="Decibels, included.")
    gainMax = django_filters.NumberFilter("gain_db", "lte", label="Decibels, included.")
    format = django_filters.ChoiceFilter(
        field_name="image_format", choices=[(name, name) for name in FORMATS], label="Format of the original."
    )
    objective = django_filters.UUIDFilter("objective_id", label="Id of the objective it was taken with.")
    simulated = YesNoFilter("is_simulated", label="Only simulated images, or none of them.")
    binned = YesNoFilter(method="keep_all", label="What is in the bin, instead of what is not.")
    text = django_filters.CharFilter(
        method="keep_all", max_length=200, label="Words, each anywhere in file name, note or sample."
    )

    class Meta:
        model = Image
        fields: list[str] = []

    def filter_queryset(self, queryset: ImageQuerySet) -> ImageQuerySet:
        """What is in the bin shows only where it is asked for."""
        images = super().filter_queryset(queryset)
        return images.in_bin() if self.form.cleaned_data["binned"] else images.shown()

    def search(self) -> Search:
        """What is left, as a search: one filter at most says which index is walked, days and bin are part of each."""
        asked = [name for name, value in self.form.cleaned_data.items() if value not in EMPTY_VALUES]
        in_bin = self.form.cleaned_data["binned"]
        picks = [] if in_bin else [name for name in PICKS_INDEX if name in asked][:1]
        days = [name for name in asked if name in DAYS]
        rest = [name for name in asked if name not in (*picks, *DAYS, *SAID_OTHERWISE)]
        images = self._keep(picks, self.queryset)
        whole = images.in_bin() if in_bin else images.shown()
        narrow = partial(self._keep, rest) if rest else None
        return Search(whole, whole, partial(self._keep, days), narrow, self.wanted_text.split())

    def _keep(self, names: list[str], images: ImageQuerySet) -> ImageQuerySet:
        for name in names:
            images = self.filters[name].filter(images, self.form.cleaned_data[name])
        return images

    @property
    def wanted_text(self) -> str:
        """What is searched for, empty for nothing; the caller does so, who knows how many are wanted."""
        return str(self.form.cleaned_data["text"])

    def keep_all(self, images: ImageQuerySet, name: str, value: bool) -> ImageQuerySet:
        return images

    def keep_of_user(self, images: ImageQuerySet, name: str, value: str) -> ImageQuerySet:
        """Asked for first: across a join PostgreSQL would walk everybody's images for one person's few."""
        user = get_user_model().objects.filter(username=value).first()
        if user is None:
            return images.none()
        if self.form.cleaned_data["job"] is None:
            return images.filter(user_id=user.pk)
        # The sum keeps SQLite from walking the person's many images instead of the job's few.
        return images.alias(owner=F("user_id") + 0).filter(owner=user.pk)


@dataclass(frozen=True, slots=True)
class Page:
    """`reached`: how far back was looked where that is less far than there are images, and too few were found."""

    images: list[Image]
    next_cursor: str | None
    reached: datetime | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page begins: behind this image. `look_at`: through how many images the page is looked for."""

    captured_at: datetime
    image_id: int
    look_at: int = LOOKED_AT


@dataclass(frozen=True, slots=True)
class Neighbours:
    newer: Image | None
    older: Image | None


def select_images(query: QueryDict, beside: Collection[str] = ()) -> ImageQuerySet:
    """What a query string's filters leave. Raises BadQuery that names the field; `beside` are fields of the caller."""
    filtered = _read_filters(query, beside)
    return with_text(filtered.qs, filtered.wanted_text)


def find_page(query: QueryDict) -> Page:
    """The page that a query string asks for, newest first. Where few images fit it may hold fewer than asked, even
    none, and yet be followed by others. Raises BadQuery that names the field."""
    search = _read_filters(query, beside=PAGE_FIELDS).search()
    limit = _read_limit(query.get("limit"))
    place = _read_cursor(query.get("cursor"))
    if place:
        search = replace(search, walked=search.walked.older_than(place.captured_at, place.image_id))
    look_at = place.look_at if place else LOOKED_AT
    found = find_first(search, limit + 1, look_at)
    if len(found.images) > limit:
        return Page(found.images[:limit], make_cursor(found.images[limit - 1]))
    if found.reached is None:
        return Page(found.images, None)
    return Page(found.images, _write_cursor(Place(found.reached, 0, grow(look_at))), found.reached)


def find_neighbours(image: Image, query: QueryDict) -> Neighbours:
    """What stands before and behind an image, among what the filters leave. Raises BadQuery."""
    newer, older = find_beside(image, query, 1, 1)
    return Neighbours(newer[0] if newer else None, older[0] if older else None)


def find_beside(image: Image, query: QueryDict, newer: int, older: int) -> tuple[list[Image], list[Image]]:
    """So many that stand before and behind an image, nearest first. Raises BadQuery."""
    search = _read_filters(query, beside=()).search()
    at = (image.captured_at, image.pk)
    before = replace(search, walked=search.walked.newer_than(*at), is_newest_first=False)
    behind = replace(search, walked=search.walked.older_than(*at))
    return find_all_the_way(before, newer), find_all_the_way(behind, older)


def make_cursor(image: Image) -> str:
    """A mark to go on after this image; it holds whatever is added or removed meanwhile."""
    return _write_cursor(Place(image.captured_at, image.pk))


def _write_cursor(place: Place) -> str:
    text = f"{place.captured_at.isoformat()}|{place.image_id}"
    if place.look_at != LOOKED_AT:
        text += f"|{place.look_at}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read_cursor(cursor: str | None) -> Place | None:
    if not cursor:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        captured_at, image_id, *rest = text.split("|")
        look_at = int(rest[0]) if rest else LOOKED_AT
        return Place(parse_time(captured_at), int(image_id), min(max(look_at, LOOKED_AT), MOST_LOOKED_AT))
    except (ValueError, OverflowError) as problem:
        raise bad_query({"cursor": ["Not a cursor of this server. Begin again without one."]}) from problem


def _read_filters(query: QueryDict, beside: Collection[str]) -> ImageFilter:
    unknown = set(query) - set(ImageFilter.base_filters) - set(beside)
    if unknown:
        raise bad_query(
            {name: [f"Unknown filter. Known are: {', '.join(ImageFilter.base_filters)}."] for name in unknown}
        )
    filtered = ImageFilter(query, Image.objects.with_what_is_told())
    if not filtered.is_valid():
        raise bad_query({name: [str(text) for text in texts] for name, texts in filtered.errors.items()})
    return filtered


def _read_limit(text: str | None) -> int:
    if text is None:
        return PER_PAGE
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_PER_PAGE:
        raise bad_query({"limit": [f"Must be a whole number from 1 to {MOST_PER_PAGE}."]})
    return int(text)


def bad_query(fields: dict[str, list[str]]) -> BadQuery:
    return BadQuery(" ".join(f"{name}: {texts[0]}" for name, texts in sorted(fields.items())), fields)
