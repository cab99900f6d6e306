"""API of the camera with its optics: state, settings, the free disk space for captures, and the job that is under way.

The responses combine what the camera reports with the current objective and its scale.
"""

from typing import Any, cast

from django.contrib.auth.models import AbstractBaseUser
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.api.serializers import SettingsSerializer, describe_settings, describe_status
from camera.auto_exposure import expose_automatically
from camera.drivers.settings import Settings
from camera.live.admission import name_of
from camera.registry import the_camera
from images.api.control.holders import ASKED_BY, LEASE, GuardedView, permit_change, permit_whole
from images.api.control.state import ControlSerializer, describe_control
from images.api.jobs.under_way import JobUnderWaySerializer, describe_under_way
from images.api.objectives.serializers import (
    CameraWithOpticsSerializer,
    SettingsWithObjectiveChangeSerializer,
    SettingsWithOpticsSerializer,
)
from images.calibration.objectives import choose_objective, require_usable
from images.calibration.scale import find_scale
from images.capture.with_objective import change_with_objective
from images.index.current_optics import CurrentOptics
from images.jobs.under_way import find_job_under_way
from images.library import the_library


class CameraWithControlSerializer(CameraWithOpticsSerializer):
    control = ControlSerializer()


class CameraView(APIView):
    needs = {"GET": "view"}
    uses_camera = {"GET"}

    @extend_schema(tags=["camera"], summary="State of the camera", responses=CameraWithControlSerializer)
    def get(self, request: Request) -> Response:
        # `refresh`, not `current`: another process may have changed the objective.
        status = describe_status(the_camera().status())
        optics = describe_optics(the_library().optics.refresh())
        return Response({**status, **optics, "control": describe_control(request)})


class SettingsView(GuardedView):
    needs = {"PATCH": "capture"}
    uses_camera = {"PATCH"}

    @extend_schema(
        tags=["camera"],
        summary="Change the camera settings and the current objective for all users; returns the accepted settings",
        parameters=[LEASE, ASKED_BY],
        request=SettingsWithObjectiveChangeSerializer,
        examples=[OpenApiExample("Exposure and gain", {"exposure": 100, "gain": 1.5}, request_only=True)],
        responses=SettingsWithOpticsSerializer,
    )
    def patch(self, request: Request) -> Response:
        change = SettingsWithObjectiveChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        settings = describe_settings(_change_camera(request, change))
        return Response({**settings, **describe_optics(the_library().optics.current())})


def _change_camera(request: Request, change: SettingsWithObjectiveChangeSerializer) -> Settings:
    """Return what the camera accepted. With an objective, both change or neither."""
    camera, user = the_camera(), request.user
    if "objective" not in change.validated_data:
        # An empty request only makes the server look for the camera, which anybody who watches may want.
        permit = permit_change(request) if request.data else None
        return change.configure(camera, by=name_of(user), permit=permit)
    objective_id = change.validated_data.pop("objective")
    if objective_id is not None:
        # Checked before the camera is configured, so that a wrong objective changes nothing at all.
        require_usable(objective_id)
    with permit_whole(request) as permit:
        return change_with_objective(
            camera,
            lambda: change.configure(camera, by=name_of(user), permit=permit),
            lambda: choose_objective(objective_id, by=cast(AbstractBaseUser, user)),
            permit,
        )


class AutoExposureView(GuardedView):
    needs = {"POST": "capture"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["camera"],
        summary="Set the exposure so that the bright end of the histogram lies below clipping",
        parameters=[LEASE, ASKED_BY],
        request=None,
        responses=SettingsSerializer,
    )
    def post(self, request: Request) -> Response:
        permit = permit_change(request)
        return Response(describe_settings(expose_automatically(the_camera(), by=name_of(request.user), permit=permit)))


class WhiteBalanceView(GuardedView):
    needs = {"POST": "capture"}
    uses_camera = {"POST"}

    @extend_schema(
        tags=["camera"],
        summary="Balance the white once, on the camera's current view",
        parameters=[LEASE, ASKED_BY],
        request=None,
        responses=SettingsSerializer,
    )
    def post(self, request: Request) -> Response:
        permit = permit_change(request)
        return Response(describe_settings(the_camera().balance_white(by=name_of(request.user), permit=permit)))


def describe_optics(in_use: CurrentOptics) -> dict[str, Any]:
    """Return the current objective and the scale of the frames with the present settings. None if unknown."""
    status = the_camera().status()
    scale: dict[str, Any] = {}
    if status.identity and status.settings:
        scale = find_scale(in_use, status.identity, status.settings.binning, status.settings.rotation_deg)
    return {
        "objective": in_use.objective,
        "objectiveBy": in_use.chosen_by,
        "umPerPixelX": scale.get("umPerPixelX"),
        "umPerPixelY": scale.get("umPerPixelY"),
    }


class StorageSerializer(serializers.Serializer):
    freeBytes = serializers.IntegerField()
    reserveBytes = serializers.IntegerField(help_text="Captures are refused if less than this is free.")
    job = JobUnderWaySerializer(allow_null=True, help_text="What is using it up: the job that is under way.")


class StorageView(APIView):
    needs = {"GET": "view"}
    uses_camera = {"GET"}

    @extend_schema(
        tags=["images"],
        summary="Free disk space for images, and the job that is under way",
        responses=StorageSerializer,
    )
    def get(self, request: Request) -> Response:
        free_bytes, reserve_bytes = the_library().archive.space()
        job = find_job_under_way()
        said = {"freeBytes": free_bytes, "reserveBytes": reserve_bytes, "job": job and describe_under_way(job)}
        return Response(said)
