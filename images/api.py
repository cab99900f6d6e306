"""The library's calls: capture, find, one image, its bytes."""

import os
from functools import partial
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from images.api_export import EXPORT_PARAMETERS, read_wanted, serve_export, serve_original
from images.apps import the_library
from images.bin import bin_image
from images.capture import capture_image
from images.editing import edit_image, find_image
from images.filters import MOST_PER_PAGE, ImageFilter, find_neighbours, find_page
from images.formats import FORMATS
from images.idempotency import read_asked
from images.record import Position
from images.serializers import (
    CapturedSerializer,
    CaptureSerializer,
    ImageChangeSerializer,
    ImagePageSerializer,
    ImageSerializer,
    NeighboursSerializer,
    VerifiedSerializer,
    describe_captured,
    describe_image,
    describe_verified,
)
from images.serving import serve_file
from images.verifying import verify_original

PAGE_PARAMETERS = [
    OpenApiParameter("cursor", str, description="From `next` of the page before."),
    OpenApiParameter("limit", int, description=f"Images a page, at most {MOST_PER_PAGE}."),
]
FILTER_PARAMETERS = [
    OpenApiParameter(name, _type, description=ImageFilter.base_filters[name].label, enum=_enum)
    for name, _type, _enum in (
        ("user", str, None),
        ("job", int, None),
        ("capturedAfter", OpenApiTypes.DATETIME, None),
        ("capturedBefore", OpenApiTypes.DATETIME, None),
        ("exposureMin", float, None),
        ("exposureMax", float, None),
        ("gainMin", float, None),
        ("gainMax", float, None),
        ("format", str, list(FORMATS)),
        ("objective", OpenApiTypes.UUID, None),
        ("simulated", bool, None),
        ("binned", bool, None),
        ("text", str, None),
    )
]


IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    pattern="^[!-~]{1,200}$",
    description="Your own name for this picture. The same request again under the same key within a day makes no "
    "second picture: it gets the answer of the first.",
)

# One for all requests: making one takes longer than what it does.
CAPTURE = CaptureSerializer()


class CaptureView(APIView):
    needs = {"POST": "capture"}

    @extend_schema(
        tags=["camera"],
        summary="Capture one image and keep it",
        parameters=[IDEMPOTENCY_KEY],
        request=CaptureSerializer,
        responses={201: CapturedSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = CAPTURE.run_validation(request.data)
        who = cast(AbstractBaseUser, request.user)
        once = read_asked(request.headers.get("Idempotency-Key"), request.data)
        take = partial(
            capture_image,
            by=who,
            exposure_ms=asked["exposure"],
            gain_db=asked["gain"],
            image_format=asked["format"],
            quality=asked["quality"],
            position=Position(asked.get("xPosition"), asked.get("yPosition"), asked.get("zPosition")),
            job_id=asked.get("jobId"),
            sample=asked.get("sample", ""),
            note=asked.get("note", ""),
            asked_at_s=cast(Any, request).arrived_at_s,
            idempotency_key=once.key if once else None,
            request_sha256=once.request_sha256 if once else None,
        )
        captured = take() if once is None else the_library().once_only.capture(who, once, take)
        return Response(describe_captured(captured), status=201)


class ImageListView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        operation_id="images_list",
        tags=["images"],
        summary="Find images, newest first",
        parameters=FILTER_PARAMETERS + PAGE_PARAMETERS,
        responses=ImagePageSerializer,
    )
    def get(self, request: Request) -> Response:
        page = find_page(request.query_params)
        return Response(
            {
                "results": [describe_image(image, request.user) for image in page.images],
                "next": _next_address(request, page.next_cursor),
            }
        )


class ImageView(APIView):
    needs = {"GET": "view", "PATCH": "edit", "DELETE": "bin"}

    @extend_schema(tags=["images"], summary="One image", responses=ImageSerializer)
    def get(self, request: Request, image_id: int) -> Response:
        return Response(describe_image(find_image(image_id), request.user))

    @extend_schema(
        tags=["images"],
        summary="Change note, sample or position; the original stays as it is",
        request=ImageChangeSerializer,
        responses=ImageSerializer,
    )
    def patch(self, request: Request, image_id: int) -> Response:
        change = ImageChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        image = edit_image(image_id, request.user, **change.validated_data)
        return Response(describe_image(image, request.user))

    @extend_schema(tags=["images"], summary="Move to the bin, which keeps it for 30 days", responses={204: None})
    def delete(self, request: Request, image_id: int) -> Response:
        bin_image(image_id, request.user)
        return Response(status=204)


class ImageNeighboursView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["images"],
        summary="The images before and behind this one, among what the filters leave",
        parameters=FILTER_PARAMETERS,
        responses=NeighboursSerializer,
    )
    def get(self, request: Request, image_id: int) -> Response:
        found = find_neighbours(find_image(image_id), request.query_params)
        beside = {"newer": found.newer, "older": found.older}
        return Response({name: image and describe_image(image, request.user) for name, image in beside.items()})


class ImageVerifyView(APIView):
    needs = {"POST": "view"}

    @extend_schema(
        tags=["images"],
        summary="Read the original again: is it still what was kept?",
        request=None,
        responses=VerifiedSerializer,
    )
    def post(self, request: Request, image_id: int) -> Response:
        return Response(describe_verified(verify_original(find_image(image_id))))


class ImageFileView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["images"],
        summary="The original, byte for byte; ranges are served. Or an export made from it",
        parameters=EXPORT_PARAMETERS,
        responses={(200, "image/*"): OpenApiTypes.BINARY, (206, "image/*"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, image_id: int) -> HttpResponse | StreamingHttpResponse:
        image, wanted = find_image(image_id), read_wanted(request.query_params)
        if wanted is None:
            return serve_original(request, image)
        return serve_export(request, image, wanted.of(image), request.user.get_username())


class ImageThumbnailView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["images"],
        summary="A JPEG of at most 512 pixels a side",
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, image_id: int) -> HttpResponse | StreamingHttpResponse:
        image = find_image(image_id)
        file = the_library().thumbnails.open(image)
        size_bytes = os.fstat(file.fileno()).st_size
        return serve_file(request, file, size_bytes, etag=f"{image.sha256}-512", content_type="image/jpeg")


def _next_address(request: Request, cursor: str | None) -> str | None:
    if cursor is None:
        return None
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f"{request.path}?{query.urlencode()}"
