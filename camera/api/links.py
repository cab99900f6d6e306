"""Links to the live view for programs that cannot sign in, and the views that they open."""

from typing import cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.views import View
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.absent.uses_camera import require_camera
from camera.api.streaming import STREAM_HEADERS, STREAM_TYPE, describe_nothing, stream_live, take_live_frame
from camera.live.links import admit_by_link, describe_live_lines, make_live_link


class LiveLinkSerializer(serializers.Serializer):
    streamUrl = serializers.CharField(
        help_text="MJPEG stream, for VLC, OBS and similar. Needs no sign-in; valid until it expires."
    )
    frameUrl = serializers.CharField(help_text="One JPEG, for programs that poll.")
    expiresAt = serializers.DateTimeField()
    imagej = serializers.CharField(help_text="A line for ImageJ's and Fiji's macro editor.")
    opencv = serializers.CharField(help_text="A line of Python.")


class LiveLinkView(APIView):
    needs = {"POST": "view"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["camera"],
        summary="Create links to the live view for VLC, OBS, ImageJ, OpenCV and similar; valid for twelve hours",
        request=None,
        responses={201: LiveLinkSerializer},
    )
    def post(self, request: Request) -> Response:
        link = make_live_link(cast(AbstractUser, request.user))
        stream_address = request.build_absolute_uri(link.stream_path)
        frame_address = request.build_absolute_uri(link.frame_path)
        return Response(
            {
                "streamUrl": stream_address,
                "frameUrl": frame_address,
                "expiresAt": link.expires_at,
                **describe_live_lines(stream_address, frame_address),
            },
            status=201,
        )


class LinkedStreamView(View):
    """The stream behind a link. The token in the path replaces the sign-in."""

    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str) -> StreamingHttpResponse:
        admission = admit_by_link(token)
        require_camera()
        return stream_live(admission, describe_nothing)

    def head(self, request: HttpRequest, token: str) -> HttpResponse:
        """Check the token without starting a stream."""
        admit_by_link(token)
        require_camera()
        return HttpResponse(content_type=STREAM_TYPE, headers=STREAM_HEADERS)


class LinkedFrameView(View):
    http_method_names = ["get", "head"]

    def get(self, request: HttpRequest, token: str) -> HttpResponse:
        admit_by_link(token)
        require_camera()
        return take_live_frame()
