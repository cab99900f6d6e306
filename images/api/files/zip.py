"""API that downloads many images as a ZIP: a selection, or all that match filters."""

import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.parsers import FormParser
from rest_framework.request import Request
from rest_framework.views import APIView

from camera.live.admission import close_database_connections
from images.api.files.export import EXPORT_PARAMETERS, ExportSerializer, read_export_request
from images.api.filter_parameters import FILTER_PARAMETERS
from images.api.serializers import MAX_IDS_OF_ZIP, ZipIdsSerializer
from images.errors import BadQuery
from images.export.convert import ExportRequest
from images.export.zipping import (
    COLUMNS,
    READ_AT_ONCE,
    Entry,
    entry_of,
    plan_zip,
    read_by_ids,
    stream_zip,
    stream_zip_of_exports,
)
from images.library import the_library
from images.models import MAX_ID, Image
from images.roles import is_library
from images.search.filters import bad_query, find_all

EXPORT_NAMES = [parameter.name for parameter in EXPORT_PARAMETERS]
# Fields that every form of a page sends besides the parameters.
OF_THE_PAGE = {"csrfmiddlewaretoken", "page_user"}
ZIP = {(200, "application/zip"): OpenApiTypes.BINARY}
FORM = {"type": "object", "properties": {"ids": {"type": "string", "example": "1"}}, "required": ["ids"]}


@dataclass(frozen=True, slots=True)
class Selection:
    """The images of a ZIP, and the comment of the ZIP."""

    entries: list[Entry]
    comment: str = ""


class ZipOrderSerializer(ExportSerializer):
    """Which images to download, and how to export them. Without export parameters: the originals."""

    ids = ZipIdsSerializer().fields["ids"]


class ImagesZipView(APIView):
    needs = {"GET": "view", "POST": "view"}
    media_types = {"GET": ["application/zip"], "POST": ["application/zip"]}
    # Forms too: a browser writes the response to a form to the disk, but keeps the response to a fetch in memory.
    parser_classes = [*APIView.parser_classes, FormParser]

    @extend_schema(
        operation_id="images_zip_of_filter",
        tags=["images"],
        summary="Download a ZIP of images: by id, or all that match the filters",
        description="Without filters, simulated images are left out. If filters match simulated images too, set "
        "`simulated` to true or false. The last file, manifest.csv, lists the SHA-256 of each image and says which "
        "images are missing or changed.",
        parameters=[
            OpenApiParameter("ids", str, description="Image ids such as 1,2,3, instead of filters."),
            *FILTER_PARAMETERS,
            *EXPORT_PARAMETERS,
        ],
        responses=ZIP,
    )
    def get(self, request: Request) -> HttpResponseBase:
        wanted, rest = _part(request.query_params)
        return send_zip(request, _select(rest), wanted)

    @extend_schema(
        operation_id="images_zip_of_selection",
        tags=["images"],
        summary="Download a ZIP of many images by id",
        description="In a form, `ids` is a text such as 1,2,3.",
        examples=[
            OpenApiExample("Image ids", {"ids": [1]}, request_only=True, media_type="application/json"),
            OpenApiExample(
                "As a form", {"ids": "1"}, request_only=True, media_type="application/x-www-form-urlencoded"
            ),
        ],
        request={"application/json": ZipOrderSerializer, "application/x-www-form-urlencoded": FORM},
        responses=ZIP,
    )
    def post(self, request: Request) -> HttpResponseBase:
        wanted, rest = _part(request.data)
        # Only a form gives a QueryDict.
        if isinstance(rest, QueryDict):
            return send_zip(request, Selection(read_by_ids(_read_ids(rest))), wanted)
        named = ZipIdsSerializer(data=rest)
        named.is_valid(raise_exception=True)
        return send_zip(request, Selection(read_by_ids(named.validated_data["ids"])), wanted)


def _part(asked: Any) -> tuple[ExportRequest | None, Any]:
    """Split the parameters into the export request and the rest, which says which images."""
    if not isinstance(asked, dict):
        return None, asked
    # Anything else goes to the filters, which refuse names that they do not know.
    names = [name for name in EXPORT_NAMES if name in asked]
    rest = asked.copy()
    for name in names:
        del rest[name]
    return read_export_request({name: asked[name] for name in names}), rest


def _select(query: QueryDict) -> Selection:
    if "ids" in query:
        return Selection(read_by_ids(_read_ids(query)))
    entries: list[Entry] = []
    for some in find_all(query, Image.objects.only(*COLUMNS), READ_AT_ONCE):
        entries += map(entry_of, some)
        if len(entries) > MAX_IDS_OF_ZIP:
            raise BadQuery(f"Too many images: a ZIP holds at most {MAX_IDS_OF_ZIP}. Add filters.")
    # Outside of the program, only the record inside a file says that it is simulated.
    real = [entry for entry in entries if not entry.is_simulated]
    if query.get("simulated") or len(real) == len(entries):
        return Selection(entries)
    return _exclude_simulated(query, entries, real)


def _exclude_simulated(query: QueryDict, entries: list[Entry], real: list[Entry]) -> Selection:
    """Leave out simulated images, and say so in the ZIP. Raises BadQuery if filters matched some."""
    count = len(entries) - len(real)
    if any(query.values()):
        sentence = "Add simulated=false to leave them out, or simulated=true to download only them."
        raise bad_query({"simulated": [f"{count} of these {len(entries)} images are simulated. {sentence}"]})
    return Selection(real, f"{count} simulated images are left out. Add simulated=true to download them.")


def _read_ids(query: QueryDict) -> list[int]:
    if set(query) - {"ids", *OF_THE_PAGE}:
        raise bad_query({"ids": ["Give either ids or filters, not both."]})
    texts = (query.get("ids") or "").split(",")
    if len(texts) > MAX_IDS_OF_ZIP or not all(re.fullmatch("[0-9]{1,19}", text) for text in texts):
        raise _bad_ids()
    image_ids = [int(text) for text in texts]
    if not all(1 <= image_id <= MAX_ID for image_id in image_ids):
        raise _bad_ids()
    return image_ids


def _bad_ids() -> BadQuery:
    return bad_query({"ids": ["Must be image ids separated by commas, such as 1,2,3."]})


def send_zip(request: Request | HttpRequest, selection: Selection, wanted: ExportRequest | None) -> HttpResponseBase:
    # An unmounted drive is an error of the request. Inside the ZIP, each image would only be listed as missing. A
    # library has no drive: it reads the store.
    if not is_library():
        the_library().archive.check_folder()
    # A ZIP can take hours to send. Meanwhile it must not keep a database connection from others.
    close_database_connections()
    headers = {
        "Content-Disposition": f'attachment; filename="microscope-{timezone.now():%Y%m%dT%H%M%SZ}.zip"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx would else store the ZIP before it sends the first byte
    }
    if wanted:
        content = stream_zip_of_exports(selection.entries, wanted, request.user, selection.comment)
    else:
        plan = plan_zip(selection.entries, selection.comment)
        headers["Content-Length"] = str(plan.length_bytes)
        content = stream_zip(plan)
    # The length is known without reading the files.
    if request.method == "HEAD":
        return HttpResponse(content_type="application/zip", headers=headers)
    return StreamingHttpResponse(content, content_type="application/zip", headers=headers)
