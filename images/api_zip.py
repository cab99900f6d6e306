"""Originals to take away: a ZIP of a selection or of what filters leave."""

import re
from typing import Any

from django.http import HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.views import APIView

from images.api import FILTER_PARAMETERS
from images.api_export import EXPORT_PARAMETERS, ExportSerializer, read_wanted
from images.apps import the_library
from images.bin import LARGEST_ID
from images.errors import BadQuery
from images.exporting import Wanted
from images.filters import bad_query, select_images
from images.serializers import MOST_IDS_OF_ZIP, ZipIdsSerializer
from images.zipping import (
    Selection,
    give_back_connections,
    select_by_filter,
    select_by_ids,
    stream_zip,
    stream_zip_of_exports,
)

EXPORT_NAMES = [parameter.name for parameter in EXPORT_PARAMETERS]
ZIP = {(200, "application/zip"): OpenApiTypes.BINARY}
FORM = {"type": "object", "properties": {"ids": {"type": "string"}}, "required": ["ids"]}


class ZipOrderSerializer(ExportSerializer):
    """Which images, and what to make of them: the originals, unless something is asked for."""

    ids = ZipIdsSerializer().fields["ids"]


class ImagesZipView(APIView):
    needs = {"GET": "view", "POST": "view"}
    # A form of a page too: what it asks for the browser writes to the disk, not into memory.
    parser_classes = [*APIView.parser_classes, FormParser]

    @extend_schema(
        operation_id="images_zip_of_filter",
        tags=["images"],
        summary="A ZIP of the images named, or of what the filters leave",
        description="Simulated images are among them only where `ids` name them or `simulated=true` asks for them. "
        "The last entry, manifest.csv, holds each one's SHA-256 and tells what was missing or has changed.",
        parameters=[
            OpenApiParameter("ids", str, description="Numbers of images, 1,2,3: instead of filters."),
            *FILTER_PARAMETERS,
            *EXPORT_PARAMETERS,
        ],
        responses=ZIP,
    )
    def get(self, request: Request) -> HttpResponseBase:
        wanted, rest = _part(request.query_params)
        return _send(request, _select(rest), wanted)

    @extend_schema(
        operation_id="images_zip_of_selection",
        tags=["images"],
        summary="A ZIP of many images by their numbers",
        description="As a form, `ids` is 1,2,3.",
        request={"application/json": ZipOrderSerializer, "application/x-www-form-urlencoded": FORM},
        responses=ZIP,
    )
    def post(self, request: Request) -> HttpResponseBase:
        wanted, rest = _part(request.data)
        if isinstance(rest, QueryDict):
            return _send(request, select_by_ids(_read_ids(rest)), wanted)
        named = ZipIdsSerializer(data=rest)
        named.is_valid(raise_exception=True)
        return _send(request, select_by_ids(named.validated_data["ids"]), wanted)


def _part(asked: Any) -> tuple[Wanted | None, Any]:
    """What to make of the images, and what says which ones."""
    if not isinstance(asked, dict):
        return None, asked
    names = [name for name in EXPORT_NAMES if name in asked]
    rest = asked.copy()
    for name in names:
        del rest[name]
    return read_wanted({name: asked[name] for name in names}), rest


def _select(query: QueryDict) -> Selection:
    if "ids" in query:
        return select_by_ids(_read_ids(query))
    images = select_images(query)
    return select_by_filter(images if query.get("simulated") else images.filter(is_simulated=False))


def _read_ids(query: QueryDict) -> list[int]:
    if set(query) - {"ids", "csrfmiddlewaretoken"}:
        raise bad_query({"ids": ["Name images or give filters, not both."]})
    texts = (query.get("ids") or "").split(",")
    if len(texts) > MOST_IDS_OF_ZIP or not all(re.fullmatch("[0-9]{1,19}", text) for text in texts):
        raise _bad_ids()
    image_ids = [int(text) for text in texts]
    if not all(1 <= image_id <= LARGEST_ID for image_id in image_ids):
        raise _bad_ids()
    return image_ids


def _bad_ids() -> BadQuery:
    return bad_query({"ids": ["Must be numbers of images with commas between them, for instance 1,2,3."]})


def _send(request: Request, selection: Selection, wanted: Wanted | None) -> HttpResponseBase:
    the_library().archive.check_folder()
    give_back_connections()
    headers = {
        "Content-Disposition": f'attachment; filename="microscope-{timezone.now():%Y%m%dT%H%M%SZ}.zip"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",
    }
    if request.method == "HEAD":
        return HttpResponse(content_type="application/zip", headers=headers)
    content = stream_zip_of_exports(selection, wanted, request.user.get_username()) if wanted else stream_zip(selection)
    return StreamingHttpResponse(content, content_type="application/zip", headers=headers)
