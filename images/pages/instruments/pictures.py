"""The small pictures on the page of the microscopes."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db.models import OuterRef, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.views import View

from images.api.files.responses import is_not_modified, serve_file
from images.library import the_library
from images.models import Image, Instrument
from images.overview.read import InstrumentNow
from images.pages.instruments.cards import name_moment
from images.permissions import VIEW
from images.roles import is_of_several

# The address of a picture says when it was taken. So a browser asks once for each picture.
KEPT_BRIEFLY = "private, max-age=60"
LIVE = "streaming"


@dataclass(frozen=True, slots=True)
class SmallPicture:
    """`address` is new for each new picture."""

    address: str
    caption: str


def find_small_pictures(instruments: list[InstrumentNow]) -> dict[UUID, SmallPicture]:
    """Return the picture of each instrument that has one. Asks the database at most twice."""
    without = [one.row.pk for one in instruments if one.row.picture_at is None]
    last = find_last_images(without) if without else {}
    found = {}
    for one in instruments:
        image = last.get(one.row.pk)
        taken_at = one.row.picture_at or (image.captured_at if image else None)
        if taken_at:
            is_live = one.row.picture_at is not None and one.camera.state == LIVE and not one.is_lost
            found[one.row.pk] = _describe(one.row.pk, taken_at, is_live)
    return found


def _describe(instrument_id: UUID, taken_at: datetime, is_live: bool) -> SmallPicture:
    address = f"{reverse('instrument-picture', args=[instrument_id])}?at={taken_at.timestamp():.3f}"
    return SmallPicture(address, name_moment(taken_at) if is_live else f"Last picture, {name_moment(taken_at)}")


def find_last_images(instrument_ids: list[UUID]) -> dict[UUID, Image]:
    """Return the newest image of each instrument: one step in the index for each, whatever the library holds."""
    newest = Image.objects.not_binned().filter(instrument=OuterRef("pk")).newest_first().values("pk")[:1]
    rows = Instrument.objects.filter(pk__in=instrument_ids).order_by()
    ids = dict(rows.annotate(newest_id=Subquery(newest)).values_list("pk", "newest_id"))
    images = Image.objects.only("captured_at").in_bulk([one for one in ids.values() if one])
    return {instrument_id: images[image_id] for instrument_id, image_id in ids.items() if image_id in images}


class InstrumentPictureView(PermissionRequiredMixin, View):
    """The live view when the instrument gave its last sign; without one, the thumbnail of its last image."""

    permission_required = VIEW

    def get(self, request: HttpRequest, instrument_id: UUID) -> HttpResponseBase:
        if not is_of_several():
            raise Http404
        row = get_object_or_404(Instrument.objects.only("picture", "picture_at"), pk=instrument_id)
        response = serve_small_picture(request, row) if row.picture and row.picture_at else serve_last(request, row)
        response.headers["Cache-Control"] = KEPT_BRIEFLY
        return response


def serve_small_picture(request: HttpRequest, row: Instrument) -> HttpResponseBase:
    etag = f"{row.pk}-{row.picture_at.timestamp()}" if row.picture_at else str(row.pk)
    headers: dict[str, Any] = {"ETag": f'"{etag}"'}
    if is_not_modified(request, etag):
        return HttpResponseNotModified(headers=headers)
    return HttpResponse(bytes(row.picture or b""), content_type="image/jpeg", headers=headers)


def serve_last(request: HttpRequest, row: Instrument) -> HttpResponseBase:
    image = Image.objects.with_related().not_binned().filter(instrument=row).newest_first().first()
    if image is None:
        raise Http404
    file = the_library().thumbnails.open(image)
    size_bytes = os.fstat(file.fileno()).st_size
    return serve_file(request, file, size_bytes, etag=f"{image.sha256}-512", content_type="image/jpeg")
