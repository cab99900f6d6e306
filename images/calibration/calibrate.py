"""Calibrates an objective on a camera: the user captures a stage micrometer, and draws a line along a known length."""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone

from images.calibration.objectives import find_objective, require_usable
from images.calibration.scale import Line, PixelsPerSide, measure_line, pixels_per_side
from images.edit.edit import sync_later
from images.edit.history import edit_conflict
from images.errors import DATABASE_AWAY, BadCalibration, ImageMissing
from images.index.opening import check_original
from images.index.others.changes import RevisionTaken, is_of_this_pc, write_changes
from images.index.rebuild.restore_optics import describe_drawn_calibration
from images.index.sync import COLUMNS, catch_up, follow_sidecar, lock_images, name_for_history, values_of
from images.library import the_library
from images.models import Calibration, Image, Objective
from images.permissions import Person

MIN_LENGTH_UM = 0.001
MAX_LENGTH_UM = 1e6
MIN_LINE_PX = 1.0
RECORDED_TO = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """A calibration, stored or only computed, and the one that was in force before."""

    calibration: Calibration
    previous: Calibration | None

    @property
    def difference_percent(self) -> float | None:
        """The difference to the previous calibration in per cent; None if there is none."""
        if self.previous is None:
            return None
        return (self.calibration.um_per_pixel / self.previous.um_per_pixel - 1) * 100


@dataclass(frozen=True, slots=True)
class _Source:
    """The camera of an image and its pixels, from the record."""

    camera_serial_number: str
    camera_model: str
    side: PixelsPerSide


def calibrate(
    objective_id: uuid.UUID, image_id: int, line: Line, length_um: float, by: AbstractBaseUser, is_kept: bool = True
) -> Calibrated:
    """Compute the size of a pixel through this objective, from a line on this image with a known length. Stores the
    calibration if `is_kept`; otherwise it is only a preview. Raises ObjectiveMissing, UnfitObjective if the objective
    is retired, BadCalibration with the wrong field, OriginalMissing, OriginalChanged, or StorageUnavailable; then
    nothing is stored."""
    find_objective(objective_id)
    if not is_kept:
        return _work_out(require_usable(objective_id), image_id, line, length_um, by)
    _fetch_if_elsewhere(image_id)
    calibrated = None
    try:
        with transaction.atomic():
            # The lock on the objective lets one calibration through at a time, so that `previous` is right.
            objective = require_usable(objective_id, is_to_change=True)
            calibrated = _work_out(objective, image_id, line, length_um, by)
            keep_calibration(calibrated.calibration, image_id, by)
    except RevisionTaken as taken:
        follow_sidecar(taken.image_id, taken.sidecar)
        raise edit_conflict(taken.sidecar) from taken
    except DATABASE_AWAY:
        # The sidecar may be ahead of the row now.
        if calibrated and calibrated.calibration.image and is_of_this_pc(calibrated.calibration.image):
            sync_later(calibrated.calibration.image.filename)
        raise
    return calibrated


def _fetch_if_elsewhere(image_id: int) -> None:
    """Fetch the original before the transaction: nobody may wait for the database while the network is slow."""
    archive = the_library().archive
    if archive.elsewhere and (image := Image.objects.filter(pk=image_id).first()):
        check_original(image, archive)


def keep_calibration(calibration: Calibration, image_id: int, by: Person) -> None:
    """Store a new calibration, also in the sidecar of the image on which it was drawn. Call it within a transaction.
    Raises ImageMissing, or StorageUnavailable."""
    archive = the_library().archive
    image = next(iter(lock_images([image_id])), None)
    if image is None:
        raise ImageMissing(image_id)
    before = catch_up(archive, image)
    # In the sidecar, because no image may ever be captured with this calibration: then no other file would hold it.
    drawn = [*before.calibrations, describe_drawn_calibration(calibration)]
    sidecar = replace(before, calibrations=drawn).next_revision(
        values_of(image, before), timezone.now().isoformat(), *name_for_history(by)
    )
    write_changes(archive, [(image, sidecar)])
    image.revision = sidecar.revision
    image.save(update_fields=COLUMNS)
    calibration.save()


def _work_out(objective: Objective, image_id: int, line: Line, length_um: float, by: AbstractBaseUser) -> Calibrated:
    image = Image.objects.select_related("objective").filter(pk=image_id).first()
    if image is None:
        raise _bad("imageId", f"There is no image {image_id}.")
    _check_line(line, image, length_um)
    # A changed picture may show another length.
    check_original(image, the_library().archive)
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
    if not MIN_LENGTH_UM <= length_um <= MAX_LENGTH_UM:
        raise _bad("lengthUm", f"Must be a length from {MIN_LENGTH_UM:g} to {MAX_LENGTH_UM:.0f} \N{MICRO SIGN}m.")
    ends = {"x1": image.width, "x2": image.width, "y1": image.height, "y2": image.height}
    for field, most in ends.items():
        if not 0 <= getattr(line, field) <= most:
            raise _bad(field, f"Lies off the image, which goes from 0 to {most}.")
    if line.length_px < MIN_LINE_PX:
        raise _bad("x2", "Both ends of the line lie in the same pixel.")


def _read_source(image: Image) -> _Source:
    """Return the camera from the image's record. Raises BadCalibration if the record does not say which camera took the
    image, or how."""
    record: dict[str, Any] = image.metadata
    try:
        actual, camera = record["actual"], record["camera"]
        binning = actual["binning"]
        side = pixels_per_side(binning["x"], binning["y"], actual["rotationDeg"])
        serial_number, model = camera["serialNumber"], camera["model"]
    except (KeyError, TypeError) as lacking:
        raise _bad("imageId", "The record of this image does not say how it was taken.") from lacking
    if not serial_number:
        raise _bad("imageId", "The record of this image does not say which camera took it.")
    return _Source(serial_number, model, side)


def _check_objective(image: Image, objective: Objective) -> None:
    """Raise BadCalibration if the image names another objective. An image that names none can calibrate any."""
    if image.objective in (None, objective):
        return
    raise _bad(
        "imageId",
        f"This image was taken with {image.objective}, not with {objective}. "
        "Choose the objective on the live page, and capture the micrometer again.",
    )


def _moment_after(previous: Calibration | None) -> datetime:
    """Return the current time in whole milliseconds, as records hold it. Even if the clock was set back, the time is
    after the previous calibration: the latest calibration is the one in force."""
    now = timezone.now()
    now = now.replace(microsecond=now.microsecond // 1000 * 1000)
    return now if previous is None else max(now, previous.made_at + RECORDED_TO)


def _bad(field: str, sentence: str) -> BadCalibration:
    return BadCalibration(sentence, {field: [sentence]})
