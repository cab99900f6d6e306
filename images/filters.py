"""Finding images: filters, pages that cost the same at the first image as at the millionth, and neighbours."""

import base64
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.http import QueryDict

from images.errors import BadQuery
from images.formats import FORMATS
from images.models import Image, ImageQuerySet
from images.record import parse_time
from images.text_search import with_text

MOST_PER_PAGE = 200
PER_PAGE = 50
PAGE_FIELDS = {"cursor", "limit"}


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
    job = WholeNumberFilter("job_id", label="Number of a job.")
    capturedAfter = MomentFilter("captured_at", "gte", label="ISO 8601, included.")
    capturedBefore = MomentFilter("captured_at", "lt", label="ISO 8601, not included.")
    exposureMin = django_filters.NumberFilter("exposure_ms", "gte", label="Milliseconds, included.")
    exposureMax = django_filters.NumberFilter("exposure_ms", "lte", label="Milliseconds, included.")
    gainMin = django_filters.NumberFilter("gain_db", "gte", label="Decibels, included.")
    gainMax = django_filters.NumberFilter("gain_db", "lte", label="Decibels, included.")
    format = django_filters.ChoiceFilter(
        field_name="image_format", choices=[(name, name) for name in FORMATS], label="Format of the original."
    )
    simulated = YesNoFilter("is_simulated", label="Only simulated images, or none of them.")
    binned = YesNoFilter(method="keep_all", label="What is in the bin, instead of what is not.")
    text = django_filters.CharFilter(
        method="keep_with_text", max_length=200, label="Words, each anywhere in file name, note or sample."
    )

    class Meta:
        model = Image
        fields: list[str] = []

    def filter_queryset(self, queryset: ImageQuerySet) -> ImageQuerySet:
        """What is in the bin shows only where it is asked for."""
        images = super().filter_queryset(queryset)
        return images.in_bin() if self.form.cleaned_data["binned"] else images.shown()

    def keep_all(self, images: ImageQuerySet, name: str, value: bool) -> ImageQuerySet:
        return images

    def keep_of_user(self, images: ImageQuerySet, name: str, value: str) -> ImageQuerySet:
        """Asked for first: across a join PostgreSQL would walk everybody's images for one person's few."""
        user = get_user_model().objects.filter(username=value).first()
        return images.filter(user_id=user.pk) if user else images.none()

    def keep_with_text(self, images: ImageQuerySet, name: str, value: str) -> ImageQuerySet:
        return with_text(images, value)


@dataclass(frozen=True, slots=True)
class Page:
    images: list[Image]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Neighbours:
    newer: Image | None
    older: Image | None


def select_images(query: QueryDict, beside: Collection[str] = ()) -> ImageQuerySet:
    """What a query string's filters leave. Raises BadQuery that names the field; `beside` are fields of the caller."""
    unknown = set(query) - set(ImageFilter.base_filters) - set(beside)
    if unknown:
        raise bad_query(
            {name: [f"Unknown filter. Known are: {', '.join(ImageFilter.base_filters)}."] for name in unknown}
        )
    filtered = ImageFilter(query, Image.objects.select_related("user", "binned_by"))
    if not filtered.is_valid():
        raise bad_query({name: [str(text) for text in texts] for name, texts in filtered.errors.items()})
    return filtered.qs


def find_page(query: QueryDict) -> Page:
    """The page that a query string asks for, newest first. Raises BadQuery that names the field."""
    selected = select_images(query, beside=PAGE_FIELDS).newest_first()
    limit = _read_limit(query.get("limit"))
    images = list(_after_cursor(selected, query.get("cursor"))[: limit + 1])
    return Page(images[:limit], make_cursor(images[limit - 1]) if len(images) > limit else None)


def find_neighbours(image: Image, query: QueryDict) -> Neighbours:
    """What stands before and behind an image, among what the filters leave. Raises BadQuery."""
    selected = select_images(query)
    newer = selected.newer_than(image.captured_at, image.pk).oldest_first()
    older = selected.older_than(image.captured_at, image.pk).newest_first()
    return Neighbours(newer.first(), older.first())


def make_cursor(image: Image) -> str:
    """A mark to go on after this image; it holds whatever is added or removed meanwhile."""
    text = f"{image.captured_at.isoformat()}|{image.pk}"
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _after_cursor(images: ImageQuerySet, cursor: str | None) -> ImageQuerySet:
    if not cursor:
        return images
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        captured_at, image_id = text.split("|")
        return images.older_than(parse_time(captured_at), int(image_id))
    except (ValueError, OverflowError) as problem:
        raise bad_query({"cursor": ["Not a cursor of this server. Begin again without one."]}) from problem


def _read_limit(text: str | None) -> int:
    if text is None:
        return PER_PAGE
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_PER_PAGE:
        raise bad_query({"limit": [f"Must be a whole number from 1 to {MOST_PER_PAGE}."]})
    return int(text)


def bad_query(fields: dict[str, list[str]]) -> BadQuery:
    return BadQuery(" ".join(f"{name}: {texts[0]}" for name, texts in sorted(fields.items())), fields)
