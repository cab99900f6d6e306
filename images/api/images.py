"""API of the library: capture, find images, one image, its file."""

import os
import re
from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpResponse, StreamingHttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.http import parse_etags, quote_etag
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import NotAcceptable
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.mediatypes import media_type_matches
from rest_framework.views import APIView

from images.api.control.holders import ASKED_BY, LEASE, GuardedView, permit_change, permit_keeping
from images.api.files.export import EXPORT_PARAMETERS, read_export_request, serve_export, serve_original
from images.api.files.responses import serve_file
from images.api.filter_parameters import FILTER_PARAMETERS
from images.api.image_serializer import ImageSerializer, describe_image
from images.api.serializers import (
    CapturedSerializer,
    CaptureSerializer,
    ImageChangeSerializer,
    NeighboursSerializer,
    VerifiedSerializer,
    describe_captured,
    describe_verified,
)
from images.capture.capture import capture_image, find_job_to_join
from images.edit.bin import bin_image
from images.edit.edit import edit_image, find_image
from images.editable_fields import take_editable
from images.export.convert import CONTENT_TYPE_OF_BYTES
from images.formats import FORMATS
from images.index.idempotency import read_idempotency_key
from images.index.listing import Captured
from images.library import the_library
from images.models import Image
from images.search.filters import find_neighbours
from images.verification.check import verify_wherever

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    pattern="^[!-~]{1,200}$",
    description="A unique text of your choice for this capture. If you repeat the request with the same key within a "
    "day, no second image is captured: you get the response to the first request.",
)

CAPTURE_EXAMPLE = OpenApiExample("Exposure and gain", {"exposure": 100, "gain": 1.5}, request_only=True)
CHANGE_EXAMPLE = OpenApiExample("Sample", {"sample": "Mouse liver 12"}, request_only=True)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag of your copy. The response is 304 if your copy is still current.",
)
RANGE_PARAMETERS = [
    IF_NONE_MATCH,
    OpenApiParameter("Range", str, OpenApiParameter.HEADER, description="A byte range, such as `bytes=0-1023`."),
    OpenApiParameter(
        "If-Range", str, OpenApiParameter.HEADER, description="Serve the range only if this ETag is current."
    ),
]
NOT_CHANGED = OpenApiResponse(description="The client's copy is current.")
NO_SUCH_RANGE = OpenApiResponse(description="The range begins after the end of the file. Content-Range gives the size.")
IF_MATCH = OpenApiParameter(
    "If-Match",
    str,
    OpenApiParameter.HEADER,
    description="The ETag that you last saw. If it is not the current one, the response is 409.",
)

# One instance for all requests: creating a serializer takes longer than validating with it.
CAPTURE = CaptureSerializer()


class CaptureView(GuardedView):
    needs = {"POST": "capture"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["camera"],
        summary="Capture one image and save it",
        description="With own exposure or gain it changes the camera, and needs control. Without, it keeps the next "
        "picture as the camera is set, also while somebody else controls it.",
        parameters=[IDEMPOTENCY_KEY, LEASE, ASKED_BY],
        request=CaptureSerializer,
        examples=[CAPTURE_EXAMPLE],
        responses={201: CapturedSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = CAPTURE.run_validation(request.data)
        who = cast(AbstractBaseUser, request.user)
        # The key is read before the capture: a request with an invalid key must not make an image.
        once = read_idempotency_key(request.headers.get("Idempotency-Key"), request.data)
        wanted = {
            "by": who,
            "exposure_ms": asked["exposure"],
            "gain_db": asked["gain"],
            "image_format": asked["format"],
            "quality": asked["quality"],
            "job": find_job_to_join(asked.get("jobId")),
            # The exposure must begin after the request arrived, not after it was parsed.
            "asked_at_s": cast(Any, request).arrived_at_s,
            "idempotency_key": once.key if once else None,
            "request_sha256": once.request_sha256 if once else None,
            **take_editable(asked),
        }

        # Only if there is a picture to take: a repeated request gets its image, whoever controls the camera now.
        def take() -> Captured:
            has_own_settings = asked["exposure"] is not None or asked["gain"] is not None
            return capture_image(**wanted, permit=(permit_change if has_own_settings else permit_keeping)(request))

        captured = take() if once is None else the_library().idempotent_captures.capture(who, once, take)
        return Response(describe_captured(captured), status=201)


class ImageView(APIView):
    needs = {"GET": "view", "PATCH": "edit", "DELETE": "bin"}

    @extend_schema(
        tags=["images"],
        summary="One image; use its ETag as If-Match",
        responses=ImageSerializer,
    )
    def get(self, request: Request, image_id: int) -> Response:
        return _answer_image(find_image(image_id), request)

    @extend_schema(
        tags=["images"],
        summary="Edit the sample, note and other editable fields of an image; the original file stays as it is",
        description="Fields that are left out are not changed. With `If-Match` or `revision`, nothing is changed if "
        "somebody else changed the image meanwhile: the response is 409 with code `edit_conflict`, and `current` holds "
        "the current values.",
        parameters=[IF_MATCH],
        request=ImageChangeSerializer,
        examples=[CHANGE_EXAMPLE],
        responses=ImageSerializer,
    )
    def patch(self, request: Request, image_id: int) -> Response:
        change = ImageChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        columns = change.validated_data
        seen_revisions = read_seen_revisions(request, columns.pop("revision", None))
        return _answer_image(edit_image(image_id, request.user, seen_revisions, **columns), request)

    @extend_schema(
        tags=["images"],
        summary="Move an image to the bin; it is deleted for good after 30 days on which the program ran",
        responses={204: None},
    )
    def delete(self, request: Request, image_id: int) -> Response:
        bin_image(image_id, request.user)
        return Response(status=204)


class ImageNeighboursView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["images"],
        summary="The next newer and the next older image that match the filters",
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
        summary="Read the original again and compare its SHA-256 with that from the capture",
        request=None,
        responses=VerifiedSerializer,
    )
    def post(self, request: Request, image_id: int) -> Response:
        return Response(describe_verified(verify_wherever(find_image(image_id))))


class ImageFileView(APIView):
    needs = {"GET": "view"}
    media_types = {"GET": ["image/*", CONTENT_TYPE_OF_BYTES]}

    @extend_schema(
        tags=["images"],
        summary="Download the original, byte for byte, or an export made from it",
        parameters=[*EXPORT_PARAMETERS, *RANGE_PARAMETERS],
        responses={
            (200, "image/*"): OpenApiTypes.BINARY,
            (200, CONTENT_TYPE_OF_BYTES): OpenApiTypes.BINARY,
            (206, "image/*"): OpenApiTypes.BINARY,
            (206, CONTENT_TYPE_OF_BYTES): OpenApiTypes.BINARY,
            302: OpenApiResponse(description="It is in the object store: Location is an address there for one minute."),
            304: NOT_CHANGED,
            416: NO_SUCH_RANGE,
        },
    )
    def get(self, request: Request, image_id: int) -> HttpResponse | StreamingHttpResponse:
        image, wanted = find_image(image_id), read_export_request(request.query_params)
        if wanted is None:
            # Before the file is opened: nobody would close it if the client refuses its type.
            content_type = choose_content_type(request, FORMATS[image.image_format].content_type)
            response = serve_original(request, image, may_redirect=not is_shown_in_page(request))
        else:
            export = wanted.for_image(image)
            content_type = choose_content_type(request, export.content_type)
            response = serve_export(request, image, export, request.user)
        # A 304 has no content, and no type.
        if "Content-Type" in response.headers:
            response.headers["Content-Type"] = content_type
        # The type depends on Accept, so a cache must not give this response to a client that asks for another type.
        patch_vary_headers(response, ["Accept"])
        return response


class ImageThumbnailView(APIView):
    needs = {"GET": "view"}
    media_types = {"GET": ["image/jpeg"]}

    @extend_schema(
        tags=["images"],
        summary="Thumbnail: a JPEG of at most 512 pixels per side",
        parameters=RANGE_PARAMETERS,
        responses={
            (200, "image/jpeg"): OpenApiTypes.BINARY,
            (206, "image/jpeg"): OpenApiTypes.BINARY,
            304: NOT_CHANGED,
            416: NO_SUCH_RANGE,
        },
    )
    def get(self, request: Request, image_id: int) -> HttpResponse | StreamingHttpResponse:
        image = find_image(image_id)
        file = the_library().thumbnails.open(image)
        size_bytes = os.fstat(file.fileno()).st_size
        # A thumbnail changes only with its original.
        return serve_file(request, file, size_bytes, etag=f"{image.sha256}-512", content_type="image/jpeg")


def is_shown_in_page(request: Request) -> bool:
    """Return True if a page of this program asks for a file to show it. Pages take nothing from elsewhere. A browser
    that downloads a file accepts a page in its place; a program shows its token."""
    return request.auth is None and "text/html" not in request.headers.get("Accept", "")


def choose_content_type(request: Request, own: str) -> str:
    """Return the content type of the file, or application/octet-stream if the client accepts only that.

    Raises NotAcceptable.
    """
    accepted = [text.strip() for text in request.headers.get("Accept", "*/*").split(",")]
    for content_type in (own, CONTENT_TYPE_OF_BYTES, "application/json"):
        if any(media_type_matches(content_type, wanted) for wanted in accepted):
            return own if content_type == "application/json" else content_type
    raise NotAcceptable(f"This file is {own}. Accept that type, or choose another format with the parameter `as`.")


def read_seen_revisions(request: Request, named: int | None) -> set[int] | None:
    """Return the revisions that the client has seen; the current one must be among them.

    They come from the header If-Match and from `named`, the revision in the body. None if the client gives neither.
    """
    header = request.headers.get("If-Match", "*").strip()
    if header == "*":
        return None if named is None else {named}
    tags = parse_etags(header)
    # Weak ETags count too: a proxy that compresses makes an ETag weak.
    numbers = [tag.removeprefix("W/").strip('"') for tag in tags]
    # An ETag that is no number was never sent by this server. It matches nothing.
    seen = {int(number) for number in numbers if re.fullmatch("[0-9]{1,18}", number)}
    return seen if named is None else seen & {named}


def _answer_image(image: Image, request: Request) -> Response:
    return Response(describe_image(image, request.user), headers={"ETag": quote_etag(str(image.revision or 0))})
