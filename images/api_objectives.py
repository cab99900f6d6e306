"""The calls about objectives and their calibrations."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.service import the_camera
from images.calibrating import calibrate
from images.models import Calibration, Objective
from images.objective_serializers import (
    CalibratedSerializer,
    CalibrationListSerializer,
    NewCalibrationSerializer,
    NewObjectiveSerializer,
    ObjectiveChangeSerializer,
    ObjectiveListSerializer,
    ObjectiveSerializer,
    tell_calibrated,
    tell_calibration,
    tell_objective,
)
from images.objectives import add_objective, change_objective, find_objective
from images.optics import the_optics
from images.scale import Line


class ObjectiveListView(APIView):
    needs = {"GET": "view", "POST": "calibrate"}

    @extend_schema(
        operation_id="objectives_list",
        tags=["objectives"],
        summary="The objectives, with their calibration for the camera in use",
        responses=ObjectiveListSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response({"results": tell_objectives(Objective.objects.all())})

    @extend_schema(
        tags=["objectives"],
        summary="Add an objective",
        request=NewObjectiveSerializer,
        responses={201: ObjectiveSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = NewObjectiveSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        objective = add_objective(**asked.validated_data)
        return Response(tell_objectives([objective])[0], status=201)


class ObjectiveView(APIView):
    needs = {"PATCH": "calibrate"}

    @extend_schema(
        tags=["objectives"],
        summary="Rename an objective, or retire it",
        request=ObjectiveChangeSerializer,
        responses=ObjectiveSerializer,
    )
    def patch(self, request: Request, objective_id: UUID) -> Response:
        change = ObjectiveChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        objective = change_objective(objective_id, **change.validated_data)
        return Response(tell_objectives([objective])[0])


class CalibrationListView(APIView):
    needs = {"GET": "view", "POST": "calibrate"}

    @extend_schema(
        operation_id="calibrations_list",
        tags=["objectives"],
        summary="Every calibration of an objective, newest first; the newest of a camera is in force",
        responses=CalibrationListSerializer,
    )
    def get(self, request: Request, objective_id: UUID) -> Response:
        calibrations = find_objective(objective_id).calibrations.newest_first().select_related("made_by")
        return Response({"results": [tell_calibration(one) for one in calibrations]})

    @extend_schema(
        tags=["objectives"],
        summary="Calibrate by a line along a known length; it supersedes the one before, and images keep theirs",
        request=NewCalibrationSerializer,
        responses={200: CalibratedSerializer, 201: CalibratedSerializer},
    )
    def post(self, request: Request, objective_id: UUID) -> Response:
        asked = NewCalibrationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.validated_data
        is_kept = wanted["keep"]
        calibrated = calibrate(
            objective_id,
            wanted["imageId"],
            Line(wanted["x1"], wanted["y1"], wanted["x2"], wanted["y2"]),
            wanted["lengthUm"],
            by=cast(AbstractBaseUser, request.user),
            is_kept=is_kept,
        )
        return Response(tell_calibrated(calibrated, is_kept), status=201 if is_kept else 200)


def tell_objectives(objectives: Iterable[Objective]) -> list[dict[str, Any]]:
    """Each with its calibration for the camera in use."""
    in_use = the_optics().look_again().objective
    in_use_id = in_use and in_use["id"]
    return [tell_objective(one, find_in_force(one), str(one.pk) == in_use_id) for one in objectives]


def find_in_force(objective: Objective) -> Calibration | None:
    """Its calibration for the camera in use; None where there is no camera yet."""
    identity = the_camera().status().identity
    if identity is None:
        return None
    of_camera = objective.calibrations.of_camera(identity.serial_number, identity.model)
    return of_camera.select_related("made_by").newest_first().first()
