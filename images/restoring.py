"""Objectives and calibrations from the files: what an original says of them, and the changes file beside the one that
was measured on, outlives the database."""

import logging
import math
from typing import Any
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction

from images.models import Calibration, Image, Objective
from images.optics import describe_calibration, describe_objective, the_optics
from images.record import parse_time

logger = logging.getLogger(__name__)

Record = dict[str, Any]


def optics_columns(record: Record) -> dict[str, Any]:
    """The columns of an image that say what its pixels measure. Records from before there were objectives lack both
    keys: that is unknown. Raises KeyError, TypeError or ValueError for a damaged record."""
    objective, scale = record.get("objective"), _known_scale(record)
    return {
        "objective_id": UUID(objective["id"]) if objective else None,
        "calibration_id": UUID(scale["calibration"]["id"]) if scale else None,
        "um_per_pixel_x": _positive(scale["umPerPixelX"]) if scale else None,
        "um_per_pixel_y": _positive(scale["umPerPixelY"]) if scale else None,
    }


def restore_optics(record: Record) -> None:
    """Make the rows of objective and calibration that a record names and the database lacks, under the same ids.
    What is there stays as it is, and who restores the same at the same time finds it there. Raises as above."""
    objective, scale = record.get("objective"), _known_scale(record)
    if not objective:
        return
    _restore_objective(UUID(objective["id"]), objective)
    if scale:
        _restore_calibration(scale["calibration"], UUID(objective["id"]), record["camera"]["model"])


def describe_drawn(calibration: Calibration) -> Record:
    """A calibration with all that it needs, as it stands in the changes file of the image it was drawn on."""
    return {
        "objective": describe_objective(calibration.objective),
        "cameraModel": calibration.camera_model,
        "calibration": describe_calibration(calibration),
    }


def restore_drawn(drawn: Record) -> None:
    """Make the rows that `describe_drawn` described, where the database lacks them. Raises as `restore_optics`."""
    objective_id = UUID(drawn["objective"]["id"])
    _restore_objective(objective_id, drawn["objective"])
    _restore_calibration(drawn["calibration"], objective_id, drawn["cameraModel"])


def link_calibrations(image: Image) -> None:
    """Calibrations drawn on an image that had no row yet, name it now."""
    Calibration.objects.filter(image_record_id=image.record_id, image=None).update(image=image)


def _known_scale(record: Record) -> Record | None:
    """A scale without the objective that it belongs to is none."""
    scale = record.get("scale") if record.get("objective") else None
    return scale if scale and scale["known"] else None


def _restore_objective(objective_id: UUID, facts: Record) -> None:
    """A name that belongs to another objective by now gets this one's id behind it."""
    if Objective.objects.filter(pk=objective_id).exists():
        return
    name, aperture = facts["name"], facts["numericalAperture"]
    for name_now in (name, f"{name[:80]} ({str(objective_id)[:8]})"):
        objective = Objective(
            pk=objective_id,
            name=name_now,
            magnification=_positive(facts["magnification"]),
            numerical_aperture=None if aperture is None else _positive(aperture),
        )
        objective.clean_fields()
        if _insert(objective):
            logger.info("Objective %s was restored from a record", name_now)
            return


def _restore_calibration(facts: Record, objective_id: UUID, camera_model: str) -> None:
    if Calibration.objects.filter(pk=UUID(facts["id"])).exists():
        return
    image_record_id = facts["imageRecordId"] and UUID(facts["imageRecordId"])
    uncertainty_um = facts["uncertaintyUm"]
    calibration = Calibration(
        pk=UUID(facts["id"]),
        objective_id=objective_id,
        camera_serial_number=facts["cameraSerialNumber"],
        camera_model=camera_model,
        um_per_pixel=_positive(facts["umPerPixel"]),
        uncertainty_um=None if uncertainty_um is None else _positive(uncertainty_um),
        length_um=_positive(facts["lengthUm"]),
        pixels=_positive(facts["pixels"]),
        made_at=parse_time(facts["madeAt"]),
        made_by=get_user_model().objects.filter(username=facts["madeBy"]).first(),
        image=Image.objects.filter(record_id=image_record_id).first() if image_record_id else None,
        image_record_id=image_record_id,
    )
    calibration.clean_fields(exclude=["objective", "made_by", "image", "image_record_id"])
    if _insert(calibration):
        transaction.on_commit(the_optics().note_change)


def _insert(row: Objective | Calibration) -> bool:
    """False where the same row, or its name, was there first."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return type(row)._default_manager.filter(pk=row.pk).exists()
    return True


def _positive(value: Any) -> float:
    """A record that was tampered with may say anything."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
        raise ValueError(f"{value!r} is no measure")
    return float(value)
