"""The pages of the library: gallery, bin, one image."""

from collections.abc import Iterable
from datetime import date, timedelta, tzinfo
from itertools import groupby
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views import View
from django.views.generic import TemplateView

from folding import alphabetical
from images.api.jobs.stacks import describe_stacks
from images.edit.bin import count_days_left
from images.edit.history import read_history
from images.editable_fields import SEARCHED_IN_WORDS, TEXTS
from images.errors import BadQuery, LibraryError, OriginalLost
from images.export.convert import EXPORT_FORMATS
from images.export.display import describe_displayed
from images.formats import FORMATS
from images.index.opening import check_original, whereabouts_of
from images.library import the_library
from images.models import Image
from images.overview.names import list_names
from images.pages.display_fields import PLACE_WORDS, describe_display_fields
from images.pages.gallery_filters import (
    DAYS,
    WORDS,
    addresses_without,
    describe_chips,
    page_filters,
    read_filters,
    without,
)
from images.pages.place_in_job import find_place_in_job
from images.permissions import CAPTURE, DELETE_ANY, VIEW, may_bin, may_edit
from images.run_days import the_run_days
from images.search.filters import find_beside
from images.search.newer import find_newest_id
from images.search.stacks import StackedPage, find_stacked_page

PER_PAGE = 60
MAX_PEOPLE = 200
# Columns that no thumbnail shows. They are long.
NOT_SHOWN = ("metadata", "note", "search_text")
NEWER_IN_STRIP = 4
OLDER_IN_STRIP = 12


class LibraryPage(PermissionRequiredMixin, TemplateView):
    """Thumbnails grouped by day. The script loads more, selects and bins through the API."""

    permission_required: str = VIEW
    is_bin = False

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        zone = timezone.get_default_timezone()
        query, problems = read_filters(self.request.GET, zone)
        address = page_filters(self.request.GET)
        newest_id = find_newest_id()  # before the page is read: an image that comes in between then counts as newer
        page = self.find(query, problems)
        images = [annotate(tile.image, self.request.user) for tile in page.tiles]
        for image, stack in zip(images, describe_stacks(page.tiles), strict=True):
            image.stack = stack and {**stack, "pictures": count_pictures(stack)}  # type: ignore[attr-defined]
        return super().get_context_data(
            days=group_by_day(images, zone),
            problems=problems,
            api_query=without(query, "cursor", "limit").urlencode(),
            address=address.urlencode(),
            # Only filters that are valid: an invalid one was removed, and must not look as if it applied.
            asked={name: value for name, value in address.items() if DAYS.get(name, (name,))[0] in query},
            is_continued="cursor" in self.request.GET,
            newest_id=newest_id,
            next_cursor=page.next_cursor,
            chips=list(describe_chips(self.request.GET, self.request.path, bool(context.get("instruments")))),
            is_stacked="job" not in query,
            without_job=without(address, "job").urlencode(),
            reached=page.reached and page.reached.astimezone(zone),
            may_bin=self.request.user.has_perm(CAPTURE),
            may_empty=self.request.user.has_perm(DELETE_ANY),
            is_bin=self.is_bin,
            # The script copies the markup of this empty image for each image that it loads later.
            blank=Image(),
            **context,
        )

    def find(self, query: QueryDict, problems: list[str]) -> StackedPage:
        query["limit"] = str(PER_PAGE)
        return find_matching(query, problems)


class GalleryPage(LibraryPage):
    template_name = "images/gallery.html"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        names = get_user_model()._default_manager.values_list("username", flat=True)
        instruments = list_names()
        return super().get_context_data(
            instruments=instruments if len(instruments) > 1 else [],
            people=sorted(names, key=alphabetical)[:MAX_PEOPLE],
            formats=list(FORMATS),
            searched_in=SEARCHED_IN_WORDS,
            without=addresses_without(self.request.GET),
            **context,
        )


class BinPage(LibraryPage):
    template_name = "images/bin.html"
    permission_required = CAPTURE
    is_bin = True

    def find(self, query: QueryDict, problems: list[str]) -> StackedPage:
        query["binned"] = "true"
        return super().find(query, problems)


class ImagePage(PermissionRequiredMixin, TemplateView):
    template_name = "images/image.html"
    permission_required = VIEW

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        # Also for images in the bin: old links must still work.
        image = get_object_or_404(Image.objects.with_related(), pk=self.kwargs["image_id"])
        query, _problems = read_filters(self.request.GET, timezone.get_default_timezone())
        # A cursor belongs to a place in the list, not to this image.
        newer, older = find_strip(image, without(query, "cursor"))
        return super().get_context_data(
            image=annotate(image, self.request.user),
            fields=describe_display_fields(image),
            texts=[{"field": field, "value": getattr(image, field.column)} for field in TEXTS],
            **_read_history(image),
            place=find_place_in_job(image),
            newer=newer[0] if newer else None,
            older=older[0] if older else None,
            strip=[*reversed(newer), image, *older],
            address=page_filters(self.request.GET).urlencode(),
            displayed=describe_displayed(image),
            original_problem=describe_original_problem(image),
            exports=describe_exports(image),
            share_query=f"image={image.pk}",
            original_address=self.request.build_absolute_uri(reverse("api-image-file", args=[image.pk])),
            **context,
        )


def _read_history(image: Image) -> dict[str, Any]:
    """Return the history, or the reason why it cannot be read. The page works without it."""
    try:
        return {"history": read_history(image)}
    except LibraryError as problem:
        return {"history_problem": str(problem)}


def describe_original_problem(image: Image) -> str:
    """Return why the original cannot be displayed, or "". A page does not wait for the store."""
    where = whereabouts_of(image)
    if not where.is_here and not where.is_on_its_way and image.place != Image.Place.LOST:
        return ""
    if image.place == Image.Place.LOST:
        return str(OriginalLost(image.filename))
    try:
        check_original(image, the_library().archive)
    except LibraryError as problem:
        return str(problem)
    return ""


def describe_exports(image: Image) -> list[dict[str, Any]]:
    """Return the rows of the export menu. A scale bar is offered only if the scale is known, and never for arrays."""
    rows: list[dict[str, Any]] = [{"name": "Export as", "formats": EXPORT_FORMATS}]
    if image.um_per_pixel_x is not None:
        barred = {"query": "&scaleBar=true", "more": " with scale bar"}
        rows.append({"name": "With scale bar", "formats": list(FORMATS), **barred})
    return rows


def find_matching(query: QueryDict, problems: list[str]) -> StackedPage:
    """Return the requested page. Invalid filters are removed and added to `problems`; the others still apply."""
    try:
        return find_stacked_page(query, Image.objects.with_related().defer(*NOT_SHOWN))
    except BadQuery as problem:
        bad = [name for name in problem.fields if name in query]
        # The filter that is to blame is not in the address, so removing filters cannot help.
        if not bad:
            raise
        for name in bad:
            del query[name]
            problems.append(f"{WORDS.get(name, name)}: {problem.fields[name][0]}")
        return find_matching(query, problems)


def find_strip(image: Image, query: QueryDict) -> tuple[list[Image], list[Image]]:
    """Return the next newer and older images that match the filters, nearest first. Invalid filters: no filters."""
    try:
        return find_beside(image, query, NEWER_IN_STRIP, OLDER_IN_STRIP)
    except BadQuery:
        return find_beside(image, QueryDict(), NEWER_IN_STRIP, OLDER_IN_STRIP)


def group_by_day(images: Iterable[Image], zone: tzinfo) -> list[dict[str, Any]]:
    today = timezone.now().astimezone(zone).date()
    # In the lab's time zone, whatever zone the browser is in.
    names = {today: "Today", today - timedelta(days=1): "Yesterday"}

    def day_of(image: Image) -> date:
        return image.captured_at.astimezone(zone).date()

    return [{"day": day, "name": names.get(day, ""), "images": list(own)} for day, own in groupby(images, day_of)]


def annotate(image: Image, user: Any) -> Image:
    """Add the attributes that the templates use: `may_edit`, `may_bin`, `days_left`, `place_word`."""
    image.may_edit = may_edit(user, image)  # type: ignore[attr-defined]
    image.may_bin = may_bin(user, image)  # type: ignore[attr-defined]
    image.days_left = count_days_left(image)  # type: ignore[attr-defined]
    image.place_word = PLACE_WORDS.get(image.place, "")  # type: ignore[attr-defined,call-overload]
    return image


def count_pictures(stack: dict[str, Any]) -> str:
    """Return `607 pictures`, or `1,000+ pictures` if there are more."""
    more = "+" if stack["more"] else ""
    return f"{stack['count']:,}{more} picture{'' if stack['count'] == 1 and not more else 's'}"


class ConfirmClockView(PermissionRequiredMixin, View):
    """A manager confirms the clock of this PC when the program doubts it."""

    permission_required = DELETE_ANY

    def post(self, request: HttpRequest) -> HttpResponse:
        the_run_days().confirm_clock(request.user)
        return redirect("bin")
