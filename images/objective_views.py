"""The pages of objectives and calibration."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.contrib.auth.mixins import PermissionRequiredMixin
from django.shortcuts import get_object_or_404
from django.views.generic import TemplateView

from images.facts import TIMES, describe_share, join, part
from images.models import Calibration, Image, Objective
from images.optics import the_optics
from images.rights import CALIBRATE
from images.showing import describe_shown
from images.views import read_zone


class ObjectivesPage(PermissionRequiredMixin, TemplateView):
    """Every objective with its calibrations. Adding and retiring come from the API."""

    template_name = "images/objectives.html"
    permission_required = "images.view_image"

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        in_use = the_optics().look_again().objective
        objectives = Objective.objects.prefetch_related("calibrations__made_by")
        return super().get_context_data(
            objectives=[annotate(objective) for objective in objectives],
            in_use=in_use and in_use["id"],
            may_calibrate=self.request.user.has_perm(CALIBRATE),
            zone=str(read_zone(self.request)),
            **context,
        )


class CalibratePage(PermissionRequiredMixin, TemplateView):
    """A line along a known length on one picture. What it means is worked out by the API."""

    template_name = "images/calibrate.html"
    permission_required = CALIBRATE

    def get_context_data(self, **context: Any) -> dict[str, Any]:
        image = get_object_or_404(Image.objects.select_related("objective"), pk=self.kwargs["image_id"])
        usable = [image.objective] if image.objective else list(Objective.objects.filter(is_retired=False))
        record = image.metadata if isinstance(image.metadata, dict) else {}
        camera = part(record, "camera")
        return super().get_context_data(
            image=image,
            camera=join(camera.get("model"), camera.get("serialNumber")),
            objectives=usable,
            chosen=self._find_chosen(usable),
            shown=describe_shown(image),
            **context,
        )

    def _find_chosen(self, usable: list[Objective]) -> Objective | None:
        """The image's own, or the one that the page's address names, or the one in use."""
        in_use = the_optics().in_use().objective
        wanted = self.request.GET.get("objective") or (in_use and in_use["id"])
        if len(usable) == 1:
            return usable[0]
        return next((one for one in usable if str(one.pk) == wanted), None)


def annotate(objective: Objective) -> Objective:
    """Puts onto an objective what the page shows of it: the calibrations of each camera, the one in force first, and
    a picture to calibrate on."""
    newest_first = sorted(objective.calibrations.all(), key=lambda one: (one.made_at, str(one.pk)), reverse=True)
    objective.cameras = list(group_by_camera(newest_first))  # type: ignore[attr-defined]
    of_it = Image.objects.shown().filter(objective=objective)
    objective.facts = describe_glass(objective)  # type: ignore[attr-defined]
    objective.newest_image = of_it.newest_first().first()  # type: ignore[attr-defined]
    return objective


def describe_glass(objective: Objective) -> str:
    """`10x, NA 0.25`, as it is engraved."""
    aperture = objective.numerical_aperture
    return join(f"{objective.magnification:g}{TIMES}", f"NA {aperture:g}" if aperture else None)


def group_by_camera(newest_first: Iterable[Calibration]) -> Iterable[dict[str, Any]]:
    def camera_of(calibration: Calibration) -> tuple[str, str]:
        return calibration.camera_model, calibration.camera_serial_number

    for (model, serial_number), own in groupby(sorted(newest_first, key=camera_of), camera_of):
        in_force, *former = [
            {"row": one, "per_pixel": f"{one.um_per_pixel:.4g}", "share": describe_share(one)} for one in own
        ]
        yield {"name": join(model, serial_number), "in_force": in_force, "former": former}
