"""The camera's calls, with what stands before the camera: the objective, and so the scale."""

from typing import Any, cast
from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from camera import api
from camera.service import the_camera
from images.objective_serializers import (
    CameraWithOpticsSerializer,
    ObjectiveChoiceSerializer,
    SettingsWithObjectiveChangeSerializer,
    SettingsWithOpticsSerializer,
)
from images.objectives import choose_objective, demand_usable
from images.optics import InUse, the_optics
from images.scale import find_scale


class CameraView(api.CameraView):
    @extend_schema(tags=["camera"], summary="How the camera is", responses=CameraWithOpticsSerializer)
    def get(self, request: Request) -> Response:
        told = super().get(request).data
        return Response({**told, **describe_optics(the_optics().look_again())})


class SettingsView(api.SettingsView):
    @extend_schema(
        tags=["camera"],
        summary="Set the camera, and say which objective is in place, for everyone; answers what was accepted",
        request=SettingsWithObjectiveChangeSerializer,
        responses=SettingsWithOpticsSerializer,
    )
    def patch(self, request: Request) -> Response:
        """The camera first: where it refuses, the objective stays too."""
        is_chosen, objective_id = self._take_objective(request.data)
        told = super().patch(request).data
        if is_chosen:
            choose_objective(objective_id, by=cast(AbstractBaseUser, request.user))
        return Response({**told, **describe_optics(the_optics().in_use())})

    def _take_objective(self, asked: Any) -> tuple[bool, UUID | None]:
        """Take out of a request what the camera does not know. Raises where it is no objective that can be used."""
        if not isinstance(asked, dict) or "objective" not in asked:
            return False, None
        objective_id = ObjectiveChoiceSerializer().run_validation({"objective": asked.pop("objective")})["objective"]
        if objective_id is not None:
            demand_usable(objective_id)
        return True, objective_id


def describe_optics(in_use: InUse) -> dict[str, Any]:
    """The objective, and the scale of the frames as they come now; null where unknown."""
    status = the_camera().status()
    scale: dict[str, Any] = {}
    if status.identity and status.settings:
        scale = find_scale(in_use, status.identity, status.settings.addressing, status.settings.rotation_deg)
    return {
        "objective": in_use.objective,
        "objectiveBy": in_use.chosen_by,
        "umPerPixelX": scale.get("umPerPixelX"),
        "umPerPixelY": scale.get("umPerPixelY"),
    }
