"""API that lists images."""

from typing import Any

from django.core.exceptions import ValidationError
from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.api.filter_parameters import FILTER_PARAMETERS
from images.api.image_serializer import describe_image
from images.api.jobs.stacks import describe_stacks
from images.api.serializers import ImagePageSerializer
from images.permissions import Person
from images.search.filter_fields import YesNoField
from images.search.filters import MAX_PER_PAGE, bad_query, find_page
from images.search.stacks import find_stacked_page

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="From `next` of the previous page."),
    OpenApiParameter("limit", int, description=f"Images per page, at most {MAX_PER_PAGE}."),
]
STACKED = OpenApiParameter(
    "stacked",
    bool,
    default=False,
    description="true: the pictures of a job on one day are one result, the newest of them, with `stack`. It has no "
    "effect together with `job`.",
)


class ImageListView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        operation_id="images_list",
        tags=["images"],
        summary="Find images, newest first",
        parameters=[*FILTER_PARAMETERS, *PAGE_PARAMETERS, STACKED],
        responses=ImagePageSerializer,
    )
    def get(self, request: Request) -> Response:
        query = request.query_params.copy()
        is_stacked = _read_stacked(query.pop("stacked", [""])[-1])
        results, cursor = (_list_stacked if is_stacked else _list)(query, request.user)
        return Response({"results": results, "next": next_address(request, cursor)})


def _read_stacked(text: str) -> bool:
    try:
        return bool(YesNoField(required=False).clean(text))
    except ValidationError as problem:
        raise bad_query({"stacked": problem.messages}) from problem


def _list(query: QueryDict, asking: Person) -> tuple[list[dict[str, Any]], str | None]:
    page = find_page(query)
    return [describe_image(image, asking) for image in page.images], page.next_cursor


def _list_stacked(query: QueryDict, asking: Person) -> tuple[list[dict[str, Any]], str | None]:
    page = find_stacked_page(query)
    described = [describe_image(tile.image, asking) for tile in page.tiles]
    pairs = zip(described, describe_stacks(page.tiles), strict=True)
    return [{**image, "stack": stack} for image, stack in pairs], page.next_cursor


def next_address(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    # The filters stay in the address: a cursor alone would continue another search.
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f"{request.path}?{query.urlencode()}"
