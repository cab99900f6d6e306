"""Restores objectives and calibrations from the files. They survive the database in the records of originals, and in
the sidecars of images on which calibrations were drawn."""

import logging
import math
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from images.models import Calibration, Image, Objective
from images.record.image import parse_time
from images.record.optics import describe_calibration, describe_objective
from images.record.people import find_person, read_person

logger = logging.getLogger(__name__)

Record = dict[str, Any]


def optics_columns(record: Record) -> dict[str, Any]:
    """Return the columns that say what the image's pixels measure. Records from before there were objectives lack both
    keys: then the values are unknown. Raises KeyError, TypeError or ValueError for a damaged record."""
    objective, scale = record.get("objective"), _known_scale(record)
    return {
        "objective_id": UUID(objective["id"]) if objective else None,
        "calibration_id": UUID(scale["calibration"]["id"]) if scale else None,
        "um_per_pixel_x": _positive(scale["umPerPixelX"]) if scale else None,
        "um_per_pixel_y": _positive(scale["umPerPixelY"]) if scale else None,
    }


def restore_optics(record: Record) -> None:
    """Make the rows of objective and calibration that a record names, with the same ids. Existing rows stay unchanged.
    Safe if two processes restore the same rows. Raises like `optics_columns`."""
    objective, scale = record.get("objective"), _known_scale(record)
    if not objective:
        return
    _restore_objective(UUID(objective["id"]), objective)
    if scale:
        _restore_calibration(scale["calibration"], UUID(objective["id"]), record["camera"]["model"])


def describe_drawn_calibration(calibration: Calibration) -> Record:
    """Return a calibration with everything that is needed to restore it, in the form of the sidecar of the image it was
    drawn on."""
    return {
        "objective": describe_objective(calibration.objective),
        "cameraModel": calibration.camera_model,
        "calibration": describe_calibration(calibration),
    }


def restore_drawn_calibration(drawn: Record) -> None:
    """Make the rows that `describe_drawn_calibration` described, if the database lacks them. Raises as
    `restore_optics`."""
    objective_id = UUID(drawn["objective"]["id"])
    _restore_objective(objective_id, drawn["objective"])
    _restore_calibration(drawn["calibration"], objective_id, drawn["cameraModel"])


def link_calibrations(image: Image) -> None:
    """Link calibrations that were drawn on this image while it had no row."""
    Calibration.objects.filter(image_record_id=image.record_id, image=None).update(image=image)


def _known_scale(record: Record) -> Record | None:
    """Return the scale of a record, or None if it is unknown. A scale without an objective is ignored."""
    scale = record.get("scale") if record.get("objective") else None
    return scale if scale and scale["known"] else None


def _restore_objective(objective_id: UUID, fields: Record) -> None:
    """Make the row of an objective, if it is missing. If another objective has its name by now, a part of the id is
    added to the name."""
    if Objective.objects.filter(pk=objective_id).exists():
        return
    name, aperture = fields["name"], fields["numericalAperture"]
    for name_now in (name, f"{name[:80]} ({str(objective_id)[:8]})"):
        objective = Objective(
            pk=objective_id,
            name=name_now,
            magnification=_positive(fields["magnification"]),
            numerical_aperture=None if aperture is None else _positive(aperture),
        )
        # Without `unique`: a taken name is found at the insert, where no other process can come between.
        objective.clean_fields()
        if _insert(objective):
            logger.info("Objective %s was restored from a record", name_now)
            return


def _restore_calibration(fields: Record, objective_id: UUID, camera_model: str) -> None:
    if Calibration.objects.filter(pk=UUID(fields["id"])).exists():
        return
    image_record_id = fields["imageRecordId"] and UUID(fields["imageRecordId"])
    uncertainty_um = fields["uncertaintyUm"]
    calibration = Calibration(
        pk=UUID(fields["id"]),
        objective_id=objective_id,
        camera_serial_number=fields["cameraSerialNumber"],
        camera_model=camera_model,
        um_per_pixel=_positive(fields["umPerPixel"]),
        uncertainty_um=None if uncertainty_um is None else _positive(uncertainty_um),
        length_um=_positive(fields["lengthUm"]),
        pixels=_positive(fields["pixels"]),
        made_at=parse_time(fields["madeAt"]),
        made_by=find_person(read_person(fields, "madeBy")),
        image=Image.objects.filter(record_id=image_record_id).first() if image_record_id else None,
        image_record_id=image_record_id,
    )
    calibration.clean_fields(exclude=["objective", "made_by", "image", "image_record_id"])
    _insert(calibration)


def _insert(row: Objective | Calibration) -> bool:
    """Insert the row. Returns True if a row with its id is there afterwards, False if its name is taken."""
    try:
        # On PostgreSQL, a failed insert ends the whole transaction, unless it is inside a savepoint.
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return type(row)._default_manager.filter(pk=row.pk).exists()
    return True


def _positive(value: Any) -> float:
    """Return a number as float. Raises ValueError if it is not positive and finite, because a damaged record can hold
    any value."""
    # In Python, True is a number.
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value > 0):
        raise ValueError(f"{value!r} is no measure")
    return float(value)
