"""The views of the camera API for whoever watches. What changes the camera is in images/api/camera.py."""

from typing import cast

from django.contrib.auth.models import AbstractUser
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.api.serializers import (
    StatisticsSerializer,
    describe_statistics,
)
from camera.api.streaming import describe_frame, stream_live, take_live_frame
from camera.live.admission import admit
from camera.registry import the_live_view


class FrameView(APIView):
    needs = {"GET": "view"}
    uses_camera = {"GET"}
    media_types = {"GET": ["image/jpeg"]}

    @extend_schema(
        tags=["camera"],
        summary="One picture of the live view; it is not stored",
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponse:
        return take_live_frame()


class StatisticsView(APIView):
    needs = {"GET": "view"}
    uses_camera = {"GET"}

    @extend_schema(
        tags=["camera"], summary="Histogram, clipped shares and focus of a frame", responses=StatisticsSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(describe_statistics(the_live_view().take_picture()))


class LiveStreamView(APIView):
    needs = {"GET": "view"}
    uses_camera = {"GET"}
    media_types = {"GET": ["multipart/x-mixed-replace"]}

    @extend_schema(
        tags=["camera"],
        summary="The live view as a stream of JPEGs (MJPEG)",
        responses={
            (200, "multipart/x-mixed-replace"): OpenApiTypes.BINARY,
            503: OpenApiResponse(description="The camera is not available, or there are too many watchers."),
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        # A personal token can be revoked while the stream runs. Other kinds of sign-in have no such method.
        has_ended = getattr(request.auth, "has_ended", None)
        return stream_live(admit(cast(AbstractUser, request.user), has_sign_in_ended=has_ended), describe_frame)
