"""Refuses what needs a camera where there is none: on the library of several instruments."""

from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from camera.errors import NoCamera
from camera.registry import the_camera


def require_camera() -> None:
    """Raises NoCamera."""
    if the_camera().is_absent:
        raise NoCamera


class HasCamera(BasePermission):
    """For the calls of the API. A view names the methods that need a camera in `uses_camera`. It comes after the
    permissions of the user: a stranger learns nothing of the instruments. Raises NoCamera."""

    def has_permission(self, request: Request, view: object) -> bool:
        method = "GET" if request.method == "HEAD" else request.method
        if method in getattr(view, "uses_camera", ()):
            require_camera()
        return True


class UsesCamera:
    """For a page that needs a camera. It comes behind PermissionRequiredMixin among the base classes. Raises
    NoCamera."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        require_camera()
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
