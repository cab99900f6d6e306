"""Finding images: filters, and pages that cost the same at the first image as at the millionth."""

import base64
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from images.errors import BadQuery
from images.formats import FORMATS
from images.models import Image, ImageQuerySet
from images.record import parse_time

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


class ImageFilter(django_filters.FilterSet):
    user = django_filters.CharFilter("user__username", label="Who captured it: a user name.")
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
    simulated = django_filters.BooleanFilter("is_simulated", label="Only simulated images, or none of them.")
    text = django_filters.CharFilter("filename", "icontains", label="A part of the file name.")

    class Meta:
        model = Image
        fields: list[str] = []


@dataclass(frozen=True, slots=True)
class Page:
    images: list[Image]
    next_cursor: str | None


def find_page(query: QueryDict) -> Page:
    """The page that a query string asks for, newest first. Raises BadQuery that names the field."""
    unknown = set(query) - set(ImageFilter.base_filters) - PAGE_FIELDS
    if unknown:
        raise _bad({name: [f"Unknown filter. Known are: {', '.join(ImageFilter.base_filters)}."] for name in unknown})
    filtered = ImageFilter(query, Image.objects.newest_first().select_related("user"))
    if not filtered.is_valid():
        raise _bad({name: [str(text) for text in texts] for name, texts in filtered.errors.items()})
    limit = _read_limit(query.get("limit"))
    images = list(_after_cursor(filtered.qs, query.get("cursor"))[: limit + 1])
    return Page(images[:limit], make_cursor(images[limit - 1]) if len(images) > limit else None)


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
        raise _bad({"cursor": ["Not a cursor of this server. Begin again without one."]}) from problem


def _read_limit(text: str | None) -> int:
    if text is None:
        return PER_PAGE
    if not re.fullmatch("[0-9]{1,3}", text) or not 1 <= int(text) <= MOST_PER_PAGE:
        raise _bad({"limit": [f"Must be a whole number from 1 to {MOST_PER_PAGE}."]})
    return int(text)


def _bad(fields: dict[str, list[str]]) -> BadQuery:
    return BadQuery(" ".join(f"{name}: {texts[0]}" for name, texts in sorted(fields.items())), fields)
