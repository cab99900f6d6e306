"""The pages of objectives and calibration."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.shortcuts import get_object_or_404
from django.views.generic import TemplateView

from images.export.display import describe_displayed
from images.library import the_library
from images.models import Calibration, Image, Objective
from images.pages.display_fields import TIMES, describe_share, join
from images.permissions import CALIBRATE, VIEW
from images.record.image import part


class ObjectivesPage(PermissionRequiredMixin, TemplateView):
    """Every objective with its calibrations. The script adds and retires objectives through the API."""

    template_name = "images/objectives.html"
    permission_required = VIEW

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        in_use = the_library().optics.refresh().objective
        objectives = Objective.objects.prefetch_related("calibrations__made_by")
        return super().get_context_data(
            objectives=[annotate(objective) for objective in objectives],
            in_use=in_use and in_use["id"],
            may_calibrate=self.request.user.has_perm(CALIBRATE),
            **context,
        )


class CalibratePage(PermissionRequiredMixin, TemplateView):
    """The page on which users draw a line along a known length. The API calculates the calibration."""

    template_name = "images/calibrate.html"
    permission_required = CALIBRATE

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        image = get_object_or_404(Image.objects.select_related("objective"), pk=self.kwargs["image_id"])
        # An image that names its objective calibrates only that one, even if it is retired by now: the API then says
        # so.
        usable = [image.objective] if image.objective else list(Objective.objects.filter(is_retired=False))
        record = image.metadata if isinstance(image.metadata, dict) else {}
        camera = part(record, "camera")
        return super().get_context_data(
            image=image,
            camera=join(camera.get("model"), camera.get("serialNumber")),
            objectives=usable,
            chosen=self._find_chosen(usable),
            displayed=describe_displayed(image),
            **context,
        )

    def _find_chosen(self, usable: list[Objective]) -> Objective | None:
        """Return the objective that the page preselects: the objective of the image, else the one in the page's
        address, else the current one."""
        in_use = the_library().optics.current().objective
        wanted = self.request.GET.get("objective") or (in_use and in_use["id"])
        if len(usable) == 1:
            return usable[0]
        return next((one for one in usable if str(one.pk) == wanted), None)


def annotate(objective: Objective) -> Objective:
    """Add the attributes that the template uses: the calibrations of each camera, the newest first, the engraved values
    and the newest image, to calibrate on."""
    newest_first = sorted(objective.calibrations.all(), key=lambda one: (one.made_at, str(one.pk)), reverse=True)
    objective.cameras = list(group_by_camera(newest_first))  # type: ignore[attr-defined]
    of_it = Image.objects.not_binned().filter(objective=objective)
    objective.fields = describe_glass(objective)  # type: ignore[attr-defined]
    objective.newest_image = of_it.newest_first().first()  # type: ignore[attr-defined]
    return objective


def describe_glass(objective: Objective) -> str:
    """Return `10x, NA 0.25`, as engraved on the objective."""
    aperture = objective.numerical_aperture
    return join(f"{objective.magnification:g}{TIMES}", f"NA {aperture:g}" if aperture else None)


def group_by_camera(newest_first: Iterable[Calibration]) -> Iterable[dict[str, Any]]:
    def camera_of(calibration: Calibration) -> tuple[str, str]:
        return calibration.camera_model, calibration.camera_serial_number

    # `sorted` is stable, so the calibrations of each camera stay in the order newest first.
    for (model, serial_number), own in groupby(sorted(newest_first, key=camera_of), camera_of):
        in_force, *former = [
            {"row": one, "per_pixel": f"{one.um_per_pixel:.4g}", "share": describe_share(one)} for one in own
        ]
        yield {"name": join(model, serial_number), "in_force": in_force, "former": former}
