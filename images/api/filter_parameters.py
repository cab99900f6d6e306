"""Describe the filters of a list (images.search.filters) as parameters in the OpenAPI schema."""

from typing import Any

import django_filters
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from images.search.filters import DayFilter, ImageFilter, MomentFilter, WholeNumberFilter, YesNoFilter

# The first class that matches counts, so subclasses come before their base classes.
TYPES = (
    (WholeNumberFilter, int),
    (django_filters.NumberFilter, float),
    (DayFilter, OpenApiTypes.DATE),
    (MomentFilter, OpenApiTypes.DATETIME),
    (YesNoFilter, bool),
    (django_filters.UUIDFilter, OpenApiTypes.UUID),
    (django_filters.Filter, str),
)


def describe_filter(name: str, known: django_filters.Filter) -> OpenApiParameter:
    kind: Any = next(kind for kind_of_filter, kind in TYPES if isinstance(known, kind_of_filter))
    choices = [value for value, _word in known.extra.get("choices", ())] or None
    return OpenApiParameter(name, kind, description=known.extra["help_text"], enum=choices)


FILTER_PARAMETERS = [describe_filter(name, known) for name, known in ImageFilter.base_filters.items()]
