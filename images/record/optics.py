"""Objectives and calibrations in the form of records and API responses."""

from typing import Any

from images.models import Calibration, Objective
from images.record.image import format_time
from images.record.people import name_person

Fields = dict[str, Any]


def describe_objective(objective: Objective) -> Fields:
    """Return the objective in the form of records and API responses."""
    return {
        "id": str(objective.pk),
        "name": objective.name,
        "magnification": objective.magnification,
        "numericalAperture": objective.numerical_aperture,
    }


def describe_calibration(calibration: Calibration) -> Fields:
    """Return the calibration in the form of records. Fetch `made_by` with it, or each call asks the database."""
    return {
        "id": str(calibration.pk),
        "umPerPixel": calibration.um_per_pixel,
        "uncertaintyUm": calibration.uncertainty_um,
        "lengthUm": calibration.length_um,
        "pixels": calibration.pixels,
        "madeAt": format_time(calibration.made_at),
        **name_person("madeBy", calibration.made_by),
        "imageRecordId": str(calibration.image_record_id) if calibration.image_record_id else None,
        "cameraSerialNumber": calibration.camera_serial_number,
    }
