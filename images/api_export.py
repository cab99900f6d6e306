"""The calls that give an image in another form: a converted file, and a link that programs can open."""

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

from camera.serializers import StrictSerializer
from images.apps import the_library
from images.editing import find_image
from images.exporting import EXPORT_FORMATS, Export, Wanted, make_export
from images.formats import FORMATS
from images.models import Image
from images.opening import OPENED_AS, describe_lines, find_linked, is_opened_as_it_is, make_link
from images.record import format_time
from images.serving import serve_file, serve_made

EXPORT_PARAMETERS = [
    OpenApiParameter("as", str, enum=EXPORT_FORMATS, description="Format of the export; else that of the original."),
    OpenApiParameter("scaleBar", bool, description="Draw a scale bar into the pixels. Needs a known scale."),
    OpenApiParameter("quality", int, description="Of JPEG, 1 to 100; else 95."),
]

FileResponse = HttpResponse | StreamingHttpResponse


class ExportSerializer(StrictSerializer):
    """What to make of an original. `as` is a word of Python, so its field is named by `get_fields`."""

    scaleBar = serializers.BooleanField(required=False, default=False)
    quality = serializers.IntegerField(required=False, min_value=1, max_value=100)

    def get_fields(self):
        return {"as": serializers.ChoiceField(EXPORT_FORMATS, required=False), **super().get_fields()}


def read_wanted(asked: Mapping[str, Any]) -> Wanted | None:
    """What the parameters ask for; None where they ask for the original. Raises ValidationError."""
    if not asked:
        return None
    fields = ExportSerializer(data=asked)
    fields.is_valid(raise_exception=True)
    said = fields.validated_data
    return Wanted(said.get("as"), said.get("quality", settings.IMAGE_QUALITY), said["scaleBar"])


def serve_export(request: HttpRequest, image: Image, export: Export, username: str) -> FileResponse:
    return serve_made(
        request,
        lambda: make_export(image, export, username),
        etag=f"{image.sha256}-{export.mark}",
        content_type=export.content_type,
        filename=export.name_for(image.filename),
    )


def serve_original(request: HttpRequest, image: Image) -> FileResponse:
    return serve_file(
        request,
        the_library().archive.open(image.filename),
        image.file_size,
        etag=image.sha256,
        content_type=FORMATS[image.image_format].content_type,
        filename=image.filename,
    )


class LinkSerializer(serializers.Serializer):
    url = serializers.CharField(help_text="Needs no sign-in; whoever has it may read this image until it expires.")
    expiresAt = serializers.DateTimeField()
    imagej = serializers.CharField(help_text="A line for ImageJ's and Fiji's macro editor.")
    napari = serializers.CharField(help_text="A line for napari's console, or Python.")
    python = serializers.CharField(help_text="A line of Python.")


class ImageLinkView(APIView):
    needs = {"POST": "view"}

    @extend_schema(
        tags=["images"],
        summary="A link to the image as OME-TIFF that lives ten minutes, for Fiji, napari and the like",
        request=None,
        responses={201: LinkSerializer},
    )
    def post(self, request: Request, image_id: int) -> Response:
        image = find_image(image_id)
        link = make_link(image, cast(AbstractBaseUser, request.user))
        address = request.build_absolute_uri(link.path)
        lines = describe_lines(address, image, link.name)
        return Response({"url": address, "expiresAt": format_time(link.expires_at), **lines}, status=201)


class OpenImageView(View):
    """What such a link leads to. The token in it is all that is asked for."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str, name: str) -> FileResponse:
        image, user = find_linked(token, name)
        if is_opened_as_it_is(image):
            return serve_original(request, image)
        return serve_export(request, image, OPENED_AS, user.get_username())
