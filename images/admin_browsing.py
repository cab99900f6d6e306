"""How the admin looks through very many rows: it counts, offers and sorts no more than an index shows at once."""

from datetime import MAXYEAR, UTC, datetime
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from images.models import Image, ImageQuerySet, Job

MOST_JOBS_OFFERED = 50


class BoundedPaginator(Paginator):
    """Counts the newest alone: to count a million takes longer than to show a page. Older ones are found by filters."""

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        return cast(QuerySet, self.object_list)[: self.MOST].count()


class BrowsedImages(ImageQuerySet):
    """What the date hierarchy asks is looked up in the index of times, a step at a time."""

    def aggregate(self, *args: Any, **asked: Any) -> dict[str, Any]:
        """Each alone: SQLite looks up one end of an index, but for both it reads all of it."""
        if args or len(asked) < 2:
            return super().aggregate(*args, **asked)
        return {name: super(BrowsedImages, self).aggregate(**{name: one})[name] for name, one in asked.items()}

    def datetimes(self, field_name: str, kind: str, *args: Any, **options: Any) -> list[datetime]:  # type: ignore[override]
        """The years, months or days in which there are some."""
        found: list[datetime] = []
        times = self.order_by(field_name).values_list(field_name, flat=True)
        moment = times.first()
        while moment is not None:
            found.append(_begin_of(moment, kind))
            moment = times.filter(**{f"{field_name}__gte": _next_after(found[-1], kind)}).first()
        return found


class PeopleFilter(admin.RelatedFieldListFilter):
    """Those who have images."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        theirs = Image.objects.filter(user=OuterRef("pk"))
        ordering = self.field_admin_ordering(field, request, model_admin)
        return field.get_choices(include_blank=False, limit_choices_to=Q(Exists(theirs)), ordering=ordering)


class NewestJobsFilter(admin.RelatedFieldListFilter):
    """The newest jobs; an older one is chosen by its number in the address."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(job.pk, str(job)) for job in Job.objects.order_by("-pk")[:MOST_JOBS_OFFERED]]


def _begin_of(moment: datetime, kind: str) -> datetime:
    moment = moment.astimezone(UTC)
    month = 1 if kind == "year" else moment.month
    return datetime(moment.year, month, moment.day if kind == "day" else 1, tzinfo=UTC)


def _next_after(begin: datetime, kind: str) -> datetime:
    if kind == "day":
        return datetime.fromordinal(begin.toordinal() + 1).replace(tzinfo=UTC)
    if kind == "month" and begin.month < 12:
        return begin.replace(month=begin.month + 1)
    return begin.replace(year=begin.year + 1, month=1) if begin.year < MAXYEAR else datetime.max.replace(tzinfo=UTC)
