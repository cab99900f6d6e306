"""API of objectives and their calibrations."""

from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from camera.registry import the_camera
from images.api.images import IF_MATCH, read_seen_revisions
from images.api.objectives.serializers import (
    CalibratedSerializer,
    CalibrationListSerializer,
    NewCalibrationSerializer,
    NewObjectiveSerializer,
    ObjectiveChangeSerializer,
    ObjectiveListSerializer,
    ObjectiveSerializer,
    serialize_calibrated,
    serialize_calibration,
    serialize_objective,
)
from images.calibration.calibrate import calibrate
from images.calibration.objectives import add_objective, change_objective, find_objective
from images.calibration.scale import Line
from images.library import the_library
from images.models import Calibration, Objective

NEW_EXAMPLE = OpenApiExample(
    "A dry 10x", {"name": "10x dry", "magnification": 10, "numericalAperture": 0.25}, request_only=True
)
CHANGE_EXAMPLE = OpenApiExample("Another name", {"name": "10x, the left one"}, request_only=True)
# "keep" is false, so that nobody changes the scale of later images by trying the example.
CALIBRATION_EXAMPLE = OpenApiExample(
    "Only calculate",
    {"imageId": 1, "x1": 10, "y1": 20, "x2": 50, "y2": 20, "lengthUm": 20, "keep": False},
    request_only=True,
)


class ObjectiveListView(APIView):
    needs = {"GET": "view", "POST": "calibrate"}

    @extend_schema(
        operation_id="objectives_list",
        tags=["objectives"],
        summary="List the objectives, with their calibration for this camera",
        responses=ObjectiveListSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response({"results": serialize_objectives(Objective.objects.all())})

    @extend_schema(
        tags=["objectives"],
        summary="Add an objective",
        request=NewObjectiveSerializer,
        examples=[NEW_EXAMPLE],
        responses={201: ObjectiveSerializer},
    )
    def post(self, request: Request) -> Response:
        asked = NewObjectiveSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        objective = add_objective(**asked.validated_data)
        return Response(serialize_objectives([objective])[0], status=201)


class ObjectiveView(APIView):
    needs = {"PATCH": "calibrate"}

    @extend_schema(
        tags=["objectives"],
        summary="Rename or retire an objective",
        description="Fields that are left out are not changed. With `revision`, or with `If-Match` and the revision in "
        "double quotes, nothing is changed if somebody else changed the objective meanwhile: the response is 409 with "
        "code `edit_conflict`, and `current` holds the current values.",
        parameters=[IF_MATCH],
        request=ObjectiveChangeSerializer,
        examples=[CHANGE_EXAMPLE],
        responses=ObjectiveSerializer,
    )
    def patch(self, request: Request, objective_id: UUID) -> Response:
        change = ObjectiveChangeSerializer(data=request.data)
        change.is_valid(raise_exception=True)
        columns = change.validated_data
        seen_revisions = read_seen_revisions(request, columns.pop("revision", None))
        objective = change_objective(objective_id, seen_revisions, **columns)
        return Response(serialize_objectives([objective])[0])


class CalibrationListView(APIView):
    needs = {"GET": "view", "POST": "calibrate"}

    @extend_schema(
        operation_id="calibrations_list",
        tags=["objectives"],
        summary="List the calibrations of an objective, newest first; the newest for a camera is the current one",
        responses=CalibrationListSerializer,
    )
    def get(self, request: Request, objective_id: UUID) -> Response:
        calibrations = find_objective(objective_id).calibrations.newest_first().select_related("made_by")
        return Response({"results": [serialize_calibration(one) for one in calibrations]})

    @extend_schema(
        tags=["objectives"],
        summary="Calibrate with a line along a known length; existing images keep their calibration",
        request=NewCalibrationSerializer,
        examples=[CALIBRATION_EXAMPLE],
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
        return Response(serialize_calibrated(calibrated, is_kept), status=201 if is_kept else 200)


def serialize_objectives(objectives: Iterable[Objective]) -> list[dict[str, Any]]:
    """Describe objectives, each with its calibration for this camera."""
    # Read once for all, and read anew, because another process may have chosen another objective.
    in_use = the_library().optics.refresh().objective
    in_use_id = in_use and in_use["id"]
    return [serialize_objective(one, find_in_force(one), str(one.pk) == in_use_id) for one in objectives]


def find_in_force(objective: Objective) -> Calibration | None:
    """Return the current calibration for this camera. None if there is none, or if no camera was found yet."""
    identity = the_camera().status().identity
    if identity is None:
        return None
    of_camera = objective.calibrations.of_camera(identity.serial_number, identity.model)
    return of_camera.select_related("made_by").newest_first().first()
