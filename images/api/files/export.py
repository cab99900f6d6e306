"""API that gives an image in another form: an exported file, or a link that other programs can open."""

import contextlib
from collections.abc import Mapping
from typing import Any, cast

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views import View
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.api.serializers import StrictSerializer
from images.api.files.responses import redirect_to_store, serve_file, serve_generated
from images.edit.edit import find_image
from images.errors import OriginalAway, OriginalMissing
from images.export.convert import EXPORT_FORMATS, Export, ExportRequest, make_export
from images.export.links import OPENED_AS, describe_lines, find_linked, is_opened_as_it_is, make_link
from images.formats import FORMATS
from images.index.opening import check_original, make_store_link, open_original, whereabouts_of
from images.library import the_library
from images.models import Image
from images.permissions import Person
from images.record.image import format_time

EXPORT_PARAMETERS = [
    OpenApiParameter("as", str, enum=EXPORT_FORMATS, description="Format of the export. Default: as the original."),
    OpenApiParameter("scaleBar", bool, description="Draw a scale bar into the pixels. The scale must be known."),
    OpenApiParameter("quality", int, description="JPEG quality, 1 to 100. Default: the server's setting."),
]

FileResponse = HttpResponse | StreamingHttpResponse


class ExportSerializer(StrictSerializer):
    """The parameters of an export. `as` is a keyword of Python, so `get_fields` adds that field."""

    scaleBar = serializers.BooleanField(required=False, default=False)
    quality = serializers.IntegerField(required=False, min_value=1, max_value=100)

    def get_fields(self):
        return {"as": serializers.ChoiceField(EXPORT_FORMATS, required=False), **super().get_fields()}


def read_export_request(asked: Mapping[str, Any]) -> ExportRequest | None:
    """Return the export that the parameters ask for, or None for the original. Raises ValidationError."""
    if not asked:
        return None
    fields = ExportSerializer(data=asked)
    fields.is_valid(raise_exception=True)
    values = fields.validated_data
    return ExportRequest(values.get("as"), values.get("quality", settings.IMAGE_QUALITY), values["scaleBar"])


def serve_export(request: HttpRequest, image: Image, export: Export, by: Person) -> FileResponse:
    # Before the ETag is compared: a 304 must not hide that the original is missing or changed.
    check_original(image, the_library().archive)
    return serve_generated(
        request,
        lambda: make_export(image, export, by),
        etag=f"{image.sha256}-{export.mark}",
        # The export itself is made only if the client has no copy of it.
        content_type=export.content_type,
        filename=export.name_for(image.filename),
    )


def serve_original(request: HttpRequest, image: Image, may_redirect: bool = False) -> FileResponse:
    """Return a response with the original. `may_redirect`: if it is only in the store, the client may be sent there."""
    content_type = FORMATS[image.image_format].content_type
    if may_redirect and not whereabouts_of(image).is_here and not settings.S3_PROXY and request.method == "GET":
        link = make_store_link(whereabouts_of(image), the_library().archive, content_type)
        # Without a link it is fetched and proved here, and whatever is wrong with it is told.
        if link:
            return redirect_to_store(request, link, etag=image.sha256)
    original = open_original(image, the_library().archive)
    return serve_file(
        request,
        original,
        original.size_bytes,
        etag=image.sha256,
        content_type=content_type,
        filename=image.filename,
    )


class LinkSerializer(serializers.Serializer):
    url = serializers.CharField(help_text="Needs no sign-in. Anyone who has it can read this image until it expires.")
    expiresAt = serializers.DateTimeField()
    imagej = serializers.CharField(help_text="A line for the macro editor of ImageJ or Fiji.")
    napari = serializers.CharField(help_text="A line for the console of napari, or for Python.")
    python = serializers.CharField(help_text="A line of Python.")


class ImageLinkView(APIView):
    needs = {"POST": "view"}

    @extend_schema(
        tags=["images"],
        summary="Make a link to the image as OME-TIFF, valid for ten minutes, for programs such as Fiji and napari",
        request=None,
        responses={201: LinkSerializer},
    )
    def post(self, request: Request, image_id: int) -> Response:
        image = find_image(image_id)
        with contextlib.suppress(OriginalMissing, OriginalAway):  # it may be back when the link is opened
            check_original(image, the_library().archive)
        link = make_link(image, cast(AbstractBaseUser, request.user))
        address = request.build_absolute_uri(link.path)
        lines = describe_lines(address, image, link.name)
        return Response({"url": address, "expiresAt": format_time(link.expires_at), **lines}, status=201)


class OpenImageView(View):
    """Serve the image of a link. The token in the path is the only permission that is needed."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str, name: str) -> FileResponse:
        image, user = find_linked(token, name)
        if is_opened_as_it_is(image):
            return serve_original(request, image)
        return serve_export(request, image, OPENED_AS, user)
