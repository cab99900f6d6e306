"""API for clients that handle many images: the ids of all matches, and the number of new images."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.api.filter_parameters import FILTER_PARAMETERS
from images.api.image_list import next_address
from images.api.serializers import IdPageSerializer, NewerSerializer
from images.permissions import may_bin
from images.search.filters import MAX_IDS_PER_PAGE, find_ids
from images.search.newer import EXAMINED_AT_ONCE, find_newer

IDS_PARAMETERS = [
    OpenApiParameter("cursor", str, description="From `next` of the previous page."),
    OpenApiParameter("limit", int, description=f"Ids per page. Default and maximum: {MAX_IDS_PER_PAGE}."),
]
AFTER = OpenApiParameter("after", int, default=0, description="The largest image id that you know, or 0.")


class ImageIdsView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        operation_id="images_ids",
        tags=["images"],
        summary="Find images, but return only their ids, newest first",
        description="For selecting many images: the same filters as the list, with up to ten thousand ids per page. "
        "Set `idMax` to leave out images that are captured meanwhile.",
        parameters=FILTER_PARAMETERS + IDS_PARAMETERS,
        responses=IdPageSerializer,
        examples=[
            OpenApiExample(
                "A day",
                {"ids": [1042, 1041], "fileSizes": [842116, 840220], "mayBin": True, "next": None},
                response_only=True,
            )
        ],
    )
    def get(self, request: Request) -> Response:
        page = find_ids(request.query_params)
        return Response(
            {
                "ids": [image.pk for image in page.images],
                "fileSizes": [image.file_size for image in page.images],
                "mayBin": any(may_bin(request.user, image) for image in page.images),
                "next": next_address(request, page.next_cursor),
            }
        )


class NewerView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        operation_id="images_newer",
        tags=["images"],
        summary="Count the images that are newer than a known one",
        description=f"At most {EXAMINED_AT_ONCE} images are compared with the filters. If `more` is true there are "
        "others: ask again, with `newest` as `after`.",
        parameters=[AFTER, *FILTER_PARAMETERS],
        responses=NewerSerializer,
    )
    def get(self, request: Request) -> Response:
        newer = find_newer(request.query_params)
        return Response({"count": newer.count, "newest": newer.newest_id, "more": newer.is_more})
