"""The camera's calls: how it is, its settings, the live picture."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, cast

from django.apps import apps
from django.db import connections
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.live import LivePicture, LiveView, Watcher
from camera.serializers import (
    CameraSerializer,
    SettingsChangeSerializer,
    SettingsSerializer,
    describe_settings,
    describe_status,
)
from camera.service import the_camera

if TYPE_CHECKING:
    from camera.apps import CameraConfig

BOUNDARY = "frame"
PART_HEADERS = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\n\r\n".encode("ascii")


class CameraView(APIView):
    needs = {"GET": "view"}

    @extend_schema(tags=["camera"], summary="How the camera is", responses=CameraSerializer)
    def get(self, request: Request) -> Response:
        return Response(describe_status(the_camera().status()))


class SettingsView(APIView):
    needs = {"PATCH": "capture"}

    @extend_schema(
        tags=["camera"],
        summary="Set exposure (ms) and gain (dB) for everyone; answers what the camera accepted",
        request=SettingsChangeSerializer,
        responses=SettingsSerializer,
    )
    def patch(self, request: Request) -> Response:
        change = SettingsChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        wanted = change.validated_data
        return Response(describe_settings(the_camera().configure(wanted["exposure"], wanted["gain"])))


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
    """A watcher's pictures as parts of one HTTP body (RFC 2046, section 5.1). The server closes it.

    Browsers show a part only once the next one's headers arrive, so these are sent right behind each picture, before
    anything is known of the next.
    """

    def __init__(self, watcher: Watcher) -> None:
        """Waits for the first picture; raises the camera's error instead, and the watcher is gone."""
        self._watcher = watcher
        try:
            self._first: LivePicture | None = watcher.wait_for_first()
        except BaseException:
            watcher.close()
            raise
        self._lead = PART_HEADERS

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        picture, self._first = self._first or next(self._watcher), None
        lead, self._lead = self._lead, b""
        return lead + picture.jpeg + b"\r\n" + PART_HEADERS

    def close(self) -> None:
        self._watcher.close()


def _frame_headers(picture: LivePicture) -> dict[str, str]:
    taken = picture.raw.descriptor
    return {
        "X-Frame-Number": str(taken.frame_number),
        "X-Frame-Age-Ms": f"{picture.age_ms:.1f}",
        "X-Exposure-Ms": f"{taken.exposure_ms:g}",
        "X-Gain-Db": f"{taken.gain_db:g}",
        "Cache-Control": "no-store",
    }


def _give_back_connections() -> None:
    """A watcher may stay for hours, and must not keep a database connection from others meanwhile."""
    for connection in connections.all(initialized_only=True):
        if not connection.in_atomic_block:
            connection.close()


def _live() -> LiveView:
    return cast("CameraConfig", apps.get_app_config("camera")).live
