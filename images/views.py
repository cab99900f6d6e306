"""The library's pages: gallery, bin, one image."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth import get_user_model
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, QueryDict
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.generic import TemplateView

from images.bin import KEPT_FOR
from images.errors import BadQuery
from images.exporting import EXPORT_FORMATS
from images.facts import describe_facts
from images.filters import Page, find_beside, find_page
from images.formats import FORMATS
from images.models import Image, Objective
from images.rights import CAPTURE, DELETE_ANY, may_bin, may_edit
from images.showing import describe_shown

PER_PAGE = 60
MOST_PEOPLE = 200
NEWER_IN_STRIP = 4
OLDER_IN_STRIP = 12
# What the page's address may say, and what the filter is called in words.
WORDS = {
    "text": "Text",
    "user": "Person",
    "job": "Job",
    "exposureMin": "Exposure from",
    "exposureMax": "Exposure to",
    "gainMin": "Gain from",
    "gainMax": "Gain to",
    "format": "Format",
    "objective": "Objective",
    "simulated": "Simulated",
    "cursor": "Place in the list",
}
DAYS = {"from": ("capturedAfter", timedelta(0)), "to": ("capturedBefore", timedelta(days=1))}


class LibraryPage(PermissionRequiredMixin, TemplateView):
    """Thumbnails by day. Scrolling on, selecting and binning come from the API."""

    permission_required: str = "images.view_image"
    is_bin = False

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        zone = read_zone(self.request)
        query, problems = read_filters(self.request.GET, zone)
        address = page_filters(self.request.GET)
        page = self.find(query, problems)
        images = [annotate(image, self.request.user) for image in page.images]
        return super().get_context_data(
            zone=str(zone),
            days=group_by_day(images, zone),
            problems=problems,
            api_query=without(query, "cursor", "limit").urlencode(),
            address=address.urlencode(),
            asked={name: value for name, value in address.items() if DAYS.get(name, (name,))[0] in query},
            is_continued="cursor" in self.request.GET,
            next_cursor=page.next_cursor,
            reached=page.reached and page.reached.astimezone(zone),
            may_bin=self.request.user.has_perm(CAPTURE),
            may_empty=self.request.user.has_perm(DELETE_ANY),
            is_bin=self.is_bin,
            blank=Image(),
            **context,
        )

    def find(self, query: QueryDict, problems: list[str]) -> Page:
        query["limit"] = str(PER_PAGE)
        return find_what_fits(query, problems)


class GalleryPage(LibraryPage):
    template_name = "images/gallery.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        return super().get_context_data(
            people=get_user_model().objects.order_by("username").values_list("username", flat=True)[:MOST_PEOPLE],
            formats=list(FORMATS),
            chips=list(describe_chips(self.request.GET)),
            without=addresses_without(self.request.GET),
            **context,
        )


class BinPage(LibraryPage):
    template_name = "images/bin.html"
    permission_required = CAPTURE
    is_bin = True

    def find(self, query: QueryDict, problems: list[str]) -> Page:
        query["binned"] = "true"
        return super().find(query, problems)


class ImagePage(PermissionRequiredMixin, TemplateView):
    template_name = "images/image.html"
    permission_required = "images.view_image"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        image = get_object_or_404(Image.objects.with_what_is_told(), pk=self.kwargs["image_id"])
        query, _problems = read_filters(self.request.GET, read_zone(self.request))
        newer, older = find_strip(image, without(query, "cursor"))
        return super().get_context_data(
            image=annotate(image, self.request.user),
            facts=describe_facts(image),
            newer=newer[0] if newer else None,
            older=older[0] if older else None,
            strip=[*reversed(newer), image, *older],
            zone=str(read_zone(self.request)),
            address=page_filters(self.request.GET).urlencode(),
            shown=describe_shown(image),
            exports=describe_exports(image),
            original_address=self.request.build_absolute_uri(f"/api/v1/images/{image.pk}/file"),
            **context,
        )


def describe_exports(image: Image) -> list[dict[str, Any]]:
    """The rows of the menu: a scale bar is offered only where the scale is known, and never into bare numbers."""
    rows: list[dict[str, Any]] = [{"name": "Export as", "formats": EXPORT_FORMATS}]
    if image.um_per_pixel_x is not None:
        barred = {"query": "&scaleBar=true", "more": " with scale bar"}
        rows.append({"name": "With scale bar", "formats": list(FORMATS), **barred})
    return rows


def read_zone(request: HttpRequest) -> tzinfo:
    """The time zone of who looks; their browser tells it. UTC until it did."""
    try:
        return ZoneInfo(request.COOKIES.get("timezone") or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def read_filters(asked: QueryDict, zone: tzinfo) -> tuple[QueryDict, list[str]]:
    """What the page's address asks for in the API's words, and a sentence for each day that is none."""
    query, problems = QueryDict(mutable=True), []
    for name in WORDS:
        if value := asked.get(name, "").strip():
            query[name] = value
    for name, (field, shift) in DAYS.items():
        try:
            if text := asked.get(name, "").strip():
                query[field] = midnight(date.fromisoformat(text) + shift, zone).isoformat()
        except (ValueError, OverflowError):
            problems.append(f"Taken {name}: not a day of the calendar. Write it as 2025-01-16.")
    return query, problems


def find_what_fits(query: QueryDict, problems: list[str]) -> Page:
    """The page asked for. A filter that makes no sense becomes a sentence, and the others still count."""
    try:
        return find_page(query)
    except BadQuery as problem:
        bad = [name for name in problem.fields if name in query]
        if not bad:
            raise
        for name in bad:
            del query[name]
            problems.append(f"{WORDS.get(name, name)}: {problem.fields[name][0]}")
        return find_what_fits(query, problems)


def find_strip(image: Image, query: QueryDict) -> tuple[list[Image], list[Image]]:
    """The next newer and older images of the same filters, nearest first. A bad filter counts as none."""
    try:
        return find_beside(image, query, NEWER_IN_STRIP, OLDER_IN_STRIP)
    except BadQuery:
        return find_beside(image, QueryDict(), NEWER_IN_STRIP, OLDER_IN_STRIP)


def group_by_day(images: Iterable[Image], zone: tzinfo) -> list[dict[str, Any]]:
    today = timezone.now().astimezone(zone).date()
    names = {today: "Today", today - timedelta(days=1): "Yesterday"}

    def day_of(image: Image) -> date:
        return image.captured_at.astimezone(zone).date()

    return [{"day": day, "name": names.get(day, ""), "images": list(own)} for day, own in groupby(images, day_of)]


def annotate(image: Image, user: Any) -> Image:
    """Puts onto an image what a template asks of it."""
    image.may_edit = may_edit(user, image)  # type: ignore[attr-defined]
    image.may_bin = may_bin(user, image)  # type: ignore[attr-defined]
    if image.binned_at:
        left = image.binned_at + KEPT_FOR - timezone.now()
        image.days_left = max(left.days, 0)  # type: ignore[attr-defined]
    return image


def page_filters(asked: QueryDict) -> QueryDict:
    """The filters of the page's own address, without its place in the list."""
    kept = QueryDict(mutable=True)
    for name in (*WORDS, *DAYS):
        if name != "cursor" and (value := asked.get(name, "").strip()):
            kept[name] = value
    return kept


def addresses_without(asked: QueryDict) -> dict[str, str]:
    """Where each filter's cross leads."""
    groups = {"user": ["user"], "taken": ["from", "to"], "format": ["format"]}
    groups["exposure"] = ["exposureMin", "exposureMax"]
    return {name: gallery_address(without(page_filters(asked), *fields)) for name, fields in groups.items()}


def describe_chips(asked: QueryDict) -> Iterable[dict[str, str]]:
    """Filters that have no control of their own on the page."""
    filters = page_filters(asked)
    for name in ("job", "objective", "gainMin", "gainMax"):
        if name in filters:
            value = str(filters[name])
            yield {
                "word": WORDS[name],
                "value": name_objective(value) if name == "objective" else value,
                "without": gallery_address(without(filters, name)),
            }


def name_objective(text: str) -> str:
    """The name of the objective that has this id, or what was asked for."""
    try:
        objective = Objective.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return text
    return objective.name if objective else text


def gallery_address(filters: QueryDict) -> str:
    return f"/images/?{filters.urlencode()}" if filters else "/images/"


def without(query: QueryDict, *names: str) -> QueryDict:
    rest = query.copy()
    for name in names:
        rest.pop(name, None)
    return rest


def midnight(day: date, zone: tzinfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone)
