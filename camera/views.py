"""The live page."""

from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.views.generic import TemplateView

from camera.serializers import describe_status
from camera.service import CameraStatus, the_camera


class LivePage(PermissionRequiredMixin, TemplateView):
    """Watch, set, capture. What it shows and does comes from the API; here stands only what is known beforehand, so
    that nothing jumps when the first picture comes."""

    template_name = "camera/live.html"
    permission_required = "images.view_image"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        status = the_camera().status()
        return super().get_context_data(
            camera=describe_status(status),
            frame_size=_frame_size(status),
            may_capture=self.request.user.has_perm("images.capture_image"),
            **context,
        )


def _frame_size(status: CameraStatus) -> tuple[int, int] | None:
    """Width and height of the pictures to come; None while the camera was never open."""
    return status.settings.frame_size if status.settings else None
