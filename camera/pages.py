"""The live page."""

from typing import Any

from django.conf import settings
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import NoReverseMatch, reverse
from django.views.generic import TemplateView

from camera.api.serializers import describe_status
from camera.live.admission import VIEW
from camera.registry import the_camera
from camera.results.status import CameraStatus


class LivePage(PermissionRequiredMixin, TemplateView):
    """The page on which users watch, set the camera and capture. Its script reads everything else from the API; the
    template gets only what keeps the layout from jumping when the first picture arrives. A library has none, and leads
    to its instruments."""

    template_name = "camera/live.html"
    permission_required = VIEW

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if the_camera().is_absent:
            return redirect(_first_page_of_a_library())
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        status = the_camera().status()
        return super().get_context_data(
            camera=describe_status(status),
            frame_size=_frame_size(status),
            service_timeout_ms=settings.SERVICE_TIMEOUT_MS,
            may_capture=self.request.user.has_perm("images.capture_image"),
            **context,
        )


def _first_page_of_a_library() -> str:
    try:
        return reverse("instruments")
    except NoReverseMatch:
        return reverse("gallery")


def _frame_size(status: CameraStatus) -> tuple[int, int] | None:
    """Return width and height of the next frames in pixels; None if the camera has not been open yet."""
    return status.settings.frame_size if status.settings else None
