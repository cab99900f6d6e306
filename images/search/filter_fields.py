"""The kinds of filters and parameters beyond those of django-filter."""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone


class WholeNumberFilter(django_filters.NumberFilter):
    """Django's own NumberFilter accepts fractions, which no id has."""

    field_class = forms.IntegerField


class MomentField(django_filters.fields.IsoDateTimeField):
    """A time, converted to UTC."""

    def clean(self, value: Any) -> datetime | None:
        moment = super().clean(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError as problem:  # a time at either end of the calendar has no counterpart in UTC
            raise ValidationError("Must be a time between the years 1 and 9999 in UTC.") from problem


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class DayField(forms.Field):
    """A day in the lab's time zone. The value is the pair (start of the day, start of the next day), in UTC."""

    def to_python(self, value: Any) -> tuple[datetime, datetime] | None:
        if value in self.empty_values:
            return None
        try:
            day = date.fromisoformat(value)
            zone = timezone.get_default_timezone()
            return midnight(day, zone).astimezone(UTC), midnight(day + timedelta(days=1), zone).astimezone(UTC)
        except (ValueError, OverflowError) as problem:
            raise ValidationError("Invalid day. Write it as 2025-01-16.") from problem


class DayFilter(django_filters.Filter):
    field_class = DayField


def midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)


class YesNoField(forms.Field):
    """As Django's NullBooleanField, but a value that is neither true nor false is an error, and not "unset"."""

    def to_python(self, value: Any) -> bool | None:
        if value in self.empty_values:
            return None
        try:
            return {"true": True, "false": False}[str(value).lower()]
        except KeyError as problem:
            raise ValidationError("Must be true or false.") from problem


class YesNoFilter(django_filters.Filter):
    field_class = YesNoField
