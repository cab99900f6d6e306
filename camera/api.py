"""The camera's calls: how it is, its settings, the live picture."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from django.apps import apps
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.auto_exposure import expose_automatically
from camera.live import LiveView, Watcher
from camera.live_picture import LivePicture
from camera.serializers import (
    CameraSerializer,
    NumbersSerializer,
    SettingsChangeSerializer,
    SettingsSerializer,
    describe_numbers,
    describe_settings,
    describe_status,
)
from camera.service import the_camera

if TYPE_CHECKING:
    from camera.apps import CameraConfig

BOUNDARY = "frame"


class CameraView(APIView):
    needs = {"GET": "view"}

    @extend_schema(tags=["camera"], summary="How the camera is", responses=CameraSerializer)
    def get(self, request: Request) -> Response:
        return Response(describe_status(the_camera().status()))


class SettingsView(APIView):
    needs = {"PATCH": "capture"}

    @extend_schema(
        tags=["camera"],
        summary="Set exposure (ms), gain (dB) and geometry for everyone; answers what the camera accepted",
        request=SettingsChangeSerializer,
        responses=SettingsSerializer,
    )
    def patch(self, request: Request) -> Response:
        change = SettingsChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        return Response(describe_settings(change.configure(the_camera(), by=_name_of(request))))


class FrameView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["camera"],
        summary="One picture of the live view, not kept",
        responses={(200, "image/jpeg"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request) -> HttpResponse:
        picture = _live().take_picture()
        return HttpResponse(picture.jpeg, content_type="image/jpeg", headers=_frame_headers(picture))


class NumbersView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["camera"], summary="Histogram, clipped shares and focus of a frame", responses=NumbersSerializer
    )
    def get(self, request: Request) -> Response:
        return Response(describe_numbers(_live().take_picture()))


class AutoExposureView(APIView):
    needs = {"POST": "capture"}

    @extend_schema(
        tags=["camera"],
        summary="Set the exposure so that the bright end of the histogram lies below clipping",
        request=None,
        responses=SettingsSerializer,
    )
    def post(self, request: Request) -> Response:
        return Response(describe_settings(expose_automatically(the_camera(), by=_name_of(request))))


class WhiteBalanceView(APIView):
    needs = {"POST": "capture"}

    @extend_schema(
        tags=["camera"],
        summary="Have the camera set its colours so that what it sees is neutral, once",
        request=None,
        responses=SettingsSerializer,
    )
    def post(self, request: Request) -> Response:
        return Response(describe_settings(the_camera().balance_white(by=_name_of(request))))


class LiveStreamView(APIView):
    needs = {"GET": "view"}

    @extend_schema(
        tags=["camera"],
        summary="The live picture, as a stream of JPEGs (MJPEG)",
        responses={
            (200, "multipart/x-mixed-replace"): OpenApiTypes.BINARY,
            503: OpenApiResponse(description="No camera, or too many watchers."),
        },
    )
    def get(self, request: Request) -> StreamingHttpResponse:
        _give_back_connections()
        stream = MultipartStream(_live().watch())
        return StreamingHttpResponse(
            stream,
            content_type=f"multipart/x-mixed-replace; boundary={BOUNDARY}",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


class MultipartStream:
    """A watcher's pictures as parts of one HTTP body (RFC 2046, section 5.1), the numbers of each in its headers. The
    server closes it."""

    def __init__(self, watcher: Watcher) -> None:
        """Waits for the first picture; raises the camera's error instead, and the watcher is gone."""
        self._watcher = watcher
        try:
            self._first: LivePicture | None = watcher.wait_for_first()
        except BaseException:
            watcher.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        picture, self._first = self._first or next(self._watcher), None
        lines = [f"--{BOUNDARY}", "Content-Type: image/jpeg", f"Content-Length: {len(picture.jpeg)}"]
        lines += [f"{name}: {value}" for name, value in _frame_headers(picture).items()]
        return b"".join(["\r\n".join(lines).encode("ascii"), b"\r\n\r\n", picture.jpeg, b"\r\n"])

    def close(self) -> None:
        self._watcher.close()


def _name_of(request: Request) -> str:
    """Who asks is signed in: each view demands it."""
    return cast(Any, request.user).display_name


def _frame_headers(picture: LivePicture) -> dict[str, str]:
    return {**picture.lasting_headers, "X-Frame-Age-Ms": f"{picture.age_ms:.1f}"}


def _give_back_connections() -> None:
    """A watcher may stay for hours, and must not keep a database connection from others meanwhile."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _live() -> LiveView:
    return cast("CameraConfig", apps.get_app_config("camera")).live
