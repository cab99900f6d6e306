"""Let the admin browse millions of rows: it counts and offers only as much as an index returns at once."""

from datetime import MAXYEAR, UTC, datetime
from typing import Any, cast

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.timezone import get_default_timezone

from folding import alphabetical
from images.models import Image, ImageQuerySet, Job

MAX_JOBS_OFFERED = 50


class BoundedPaginator(Paginator):
    """Counts only up to MOST rows, because counting a million takes longer than showing a page.

    Rows beyond that are not paged; the user finds them with filters.
    """

    MOST = 10_000

    @cached_property
    def count(self) -> int:
        # One row more is counted than is shown, to know if the list was cut.
        return min(self._counted, self.MOST)

    @cached_property
    def is_cut(self) -> bool:
        """True if there are more rows than `count`, or may be."""
        return self._counted > self.MOST or getattr(self.object_list, "is_cut", False)

    @cached_property
    def count_in_words(self) -> str:
        return f"more than {self.count}" if self.is_cut else str(self.count)

    @cached_property
    def _counted(self) -> int:
        return cast(QuerySet, self.object_list)[: self.MOST + 1].count()


class BrowsedImages(ImageQuerySet):
    """Images whose date hierarchy is looked up in the index of times, step by step, and not counted over all rows.

    `is_cut`: a search stopped after its first results, and there may be more.
    """

    is_cut = False

    def _clone(self) -> "BrowsedImages":
        clone = super()._clone()  # type: ignore[misc]
        # Django clones a queryset at every step, and copies only its own attributes.
        clone.is_cut = self.is_cut
        return clone

    def aggregate(self, *args: Any, **asked: Any) -> dict[str, Any]:
        """Run each aggregate as its own query: SQLite looks up Min or Max alone, but reads the whole index for both."""
        if args or len(asked) < 2:
            return super().aggregate(*args, **asked)
        return {name: super(BrowsedImages, self).aggregate(**{name: one})[name] for name, one in asked.items()}

    def datetimes(self, field_name: str, kind: str, *args: Any, **options: Any) -> list[datetime]:  # type: ignore[override]
        """Return the years, months or days that have images."""
        found: list[datetime] = []
        times = self.order_by(field_name).values_list(field_name, flat=True)
        moment = times.first()
        # One lookup in the index for each year, month or day that has images, however many images it has.
        while moment is not None:
            found.append(_begin_of(moment, kind))
            moment = times.filter(**{f"{field_name}__gte": _next_after(found[-1], kind)}).first()
        return found


class PeopleFilter(admin.RelatedFieldListFilter):
    """Offers only people who have images."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        theirs = Image.objects.filter(user=OuterRef("pk"))
        people = field.get_choices(include_blank=False, limit_choices_to=Q(Exists(theirs)))
        return sorted(people, key=lambda person: alphabetical(person[1]))


class NewestJobsFilter(admin.RelatedFieldListFilter):
    """Offers the newest jobs. An older one can be chosen by its id in the address."""

    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> Any:
        return [(job.pk, str(job)) for job in Job.objects.order_by("-pk")[:MAX_JOBS_OFFERED]]


def _begin_of(moment: datetime, kind: str) -> datetime:
    """Return the start of the year, month or day in the lab's time zone, because the admin's filters use that zone."""
    zone = get_default_timezone()
    moment = moment.astimezone(zone)
    month = 1 if kind == "year" else moment.month
    return datetime(moment.year, month, moment.day if kind == "day" else 1, tzinfo=zone)


def _next_after(begin: datetime, kind: str) -> datetime:
    if kind == "day":
        return datetime.fromordinal(begin.toordinal() + 1).replace(tzinfo=begin.tzinfo)
    if kind == "month" and begin.month < 12:
        return begin.replace(month=begin.month + 1)
    return begin.replace(year=begin.year + 1, month=1) if begin.year < MAXYEAR else datetime.max.replace(tzinfo=UTC)
