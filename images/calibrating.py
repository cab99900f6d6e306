"""Calibrating an objective on a camera: a picture of a stage micrometer, a line along a known length."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from images.changing import follow_later, keep_calibration
from images.errors import DATABASE_AWAY, BadCalibration
from images.models import Calibration, Image, Objective
from images.objectives import demand_usable, find_objective
from images.optics import the_optics
from images.scale import Line, PixelsPerSide, measure_line, pixels_per_side

SHORTEST_UM = 0.001
LONGEST_UM = 1e6
SHORTEST_LINE_PX = 1.0
RECORDED_TO = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration, kept or only worked out, beside the one in force before."""

    calibration: Calibration
    previous: Calibration | None

    @property
    def difference_percent(self) -> float | None:
        """How far it is from the one before; None where there is none."""
        if self.previous is None:
            return None
        return (self.calibration.um_per_pixel / self.previous.um_per_pixel - 1) * 100


@dataclass(frozen=True, slots=True)
class _Source:
    """What an image's record says of how it was taken."""

    camera_serial_number: str
    camera_model: str
    side: PixelsPerSide


def calibrate(
    objective_id: uuid.UUID, image_id: int, line: Line, length_um: float, by: AbstractBaseUser, is_kept: bool = True
) -> Calibrated:
    """What a pixel measures through this objective, if that line on that image is so long; kept, unless it is only
    to be seen. Raises ObjectiveMissing, UnfitObjective for a retired one, BadCalibration that names the field, and a
    StorageUnavailable; then nothing is kept."""
    find_objective(objective_id)
    if not is_kept:
        return _work_out(demand_usable(objective_id), image_id, line, length_um, by)
    calibrated = None
    try:
        with transaction.atomic():
            # One at a time for each objective: what is answered as the one before is so.
            objective = demand_usable(objective_id, is_to_change=True)
            calibrated = _work_out(objective, image_id, line, length_um, by)
            keep_calibration(calibrated.calibration, image_id, by)
    except DATABASE_AWAY:
        if calibrated and calibrated.calibration.image:
            follow_later(calibrated.calibration.image.filename)
        raise
    the_optics().note_change()
    return calibrated


def _work_out(objective: Objective, image_id: int, line: Line, length_um: float, by: AbstractBaseUser) -> Calibrated:
    image = Image.objects.select_related("objective").filter(pk=image_id).first()
    if image is None:
        raise _bad("imageId", f"There is no image {image_id}.")
    _check_line(line, image, length_um)
    _check_objective(image, objective)
    source = _read_source(image)
    measured = measure_line(line, source.side, length_um)
    of_camera = objective.calibrations.of_camera(source.camera_serial_number, source.camera_model)
    previous = of_camera.select_related("made_by").newest_first().first()
    calibration = Calibration(
        objective=objective,
        camera_serial_number=source.camera_serial_number,
        camera_model=source.camera_model,
        um_per_pixel=measured.um_per_pixel,
        uncertainty_um=measured.uncertainty_um,
        length_um=length_um,
        pixels=measured.pixels,
        made_at=_moment_after(previous),
        made_by_id=by.pk,
        image=image,
        image_record_id=image.record_id,
    )
    return Calibrated(calibration, previous)


def _check_line(line: Line, image: Image, length_um: float) -> None:
    if not SHORTEST_UM <= length_um <= LONGEST_UM:
        raise _bad("lengthUm", f"Must be a length from {SHORTEST_UM:g} to {LONGEST_UM:.0f} \N{MICRO SIGN}m.")
    ends = {"x1": image.width, "x2": image.width, "y1": image.height, "y2": image.height}
    for field, most in ends.items():
        if not 0 <= getattr(line, field) <= most:
            raise _bad(field, f"Lies off the image, which goes from 0 to {most}.")
    if line.length_px < SHORTEST_LINE_PX:
        raise _bad("x2", "Both ends of the line lie in the same pixel.")


def _read_source(image: Image) -> _Source:
    """Raises BadCalibration where the record does not say which camera took it, and how."""
    record: dict[str, Any] = image.metadata
    try:
        actual, camera = record["actual"], record["camera"]
        addressing = actual["pixelAddressing"]
        side = pixels_per_side(addressing["x"], addressing["y"], actual["rotationDeg"])
        serial_number, model = camera["serialNumber"], camera["model"]
    except (KeyError, TypeError) as lacking:
        raise _bad("imageId", "The record of this image does not say how it was taken.") from lacking
    if not serial_number:
        raise _bad("imageId", "The record of this image does not say which camera took it.")
    return _Source(serial_number, model, side)


def _check_objective(image: Image, objective: Objective) -> None:
    """An image that says through which objective it was taken calibrates that one alone."""
    if image.objective in (None, objective):
        return
    raise _bad(
        "imageId",
        f"This image was taken with {image.objective}, not with {objective}. "
        "Choose the objective on the live page, and capture the micrometer again.",
    )


def _moment_after(previous: Calibration | None) -> datetime:
    """Now, as finely as records tell it; but after the one before even if the clock was set back, for the latest is
    the one in force."""
    now = timezone.now()
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return now if previous is None else max(now, previous.made_at + RECORDED_TO)


def _bad(field: str, sentence: str) -> BadCalibration:
    return BadCalibration(sentence, {field: [sentence]})
