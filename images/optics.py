"""Which objective is in use, and how it is calibrated: known to this process even while the database is away.

It is read when it is first needed, and again after every change. Where it was never read it is unknown, and an image
says so.
"""

import logging
import threading
from dataclasses import dataclass, field
from typing import Any

from images.apps import the_library
from images.errors import DATABASE_AWAY
from images.models import Calibration, CurrentObjective, Objective
from images.record import format_time

logger = logging.getLogger(__name__)

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class InUse:
    """The objective in use, and its calibration in force for each camera, by serial number and model; both in the
    words of the record. Who chose it, by name."""

    objective: Facts | None = None
    calibrations: dict[tuple[str, str], Facts] = field(default_factory=dict)
    chosen_by: str | None = None

    def calibration_for(self, serial_number: str, model: str) -> Facts | None:
        """For this very camera: one that does not say its number has none."""
        return self.calibrations.get((serial_number, model)) if serial_number else None

    def unless_changed(self, later: "InUse") -> "InUse":
        """This, or unknown where another objective was chosen meanwhile: nobody can say which one was in place."""
        ids = [one.objective and one.objective["id"] for one in (self, later)]
        return self if ids[0] == ids[1] else UNKNOWN


UNKNOWN = InUse()


class Optics:
    """What this process knows of the objective in use. Safe to use from any thread."""

    def __init__(self) -> None:
        self._known: InUse | None = None
        self._lock = threading.Lock()

    def in_use(self) -> InUse:
        """What is known, at once; reads the database only where nothing is known yet. Raises nothing."""
        return self._known or self.look_again()

    def last_known(self) -> InUse:
        """What is known without asking anybody."""
        return self._known or UNKNOWN

    def look_again(self) -> InUse:
        """Read anew; what was known stays where the database is away, and while another thread is reading: many who
        wait for a database that hangs must not wait in a row. Raises nothing."""
        if self._known and self._lock.locked():
            return self._known
        with self._lock:
            try:
                self._known = read_in_use()
            except DATABASE_AWAY as away:
                logger.warning("The objective in use could not be read: %s", str(away).strip())
            return self.last_known()

    def note_change(self) -> None:
        """Once a change is committed, what was known before counts no more, even if the database is away by now."""
        with self._lock:
            self._known = None
        self.look_again()


def the_optics() -> Optics:
    return the_library().optics


def read_in_use() -> InUse:
    """From the database. Raises Django's DatabaseError."""
    current = CurrentObjective.objects.select_related("objective", "chosen_by").first()
    if current is None:
        return UNKNOWN
    chosen_by = current.chosen_by.display_name if current.chosen_by else None
    if current.objective is None:
        return InUse(chosen_by=chosen_by)
    newest_last = current.objective.calibrations.newest_first().reverse().select_related("made_by")
    in_force = {(one.camera_serial_number, one.camera_model): describe_calibration(one) for one in newest_last}
    return InUse(describe_objective(current.objective), in_force, chosen_by)


def describe_objective(objective: Objective) -> Facts:
    """As it stands in records and answers."""
    return {
        "id": str(objective.pk),
        "name": objective.name,
        "magnification": objective.magnification,
        "numericalAperture": objective.numerical_aperture,
    }


def describe_calibration(calibration: Calibration) -> Facts:
    """As it stands in records."""
    return {
        "id": str(calibration.pk),
        "umPerPixel": calibration.um_per_pixel,
        "uncertaintyUm": calibration.uncertainty_um,
        "lengthUm": calibration.length_um,
        "pixels": calibration.pixels,
        "madeAt": format_time(calibration.made_at),
        "madeBy": calibration.made_by.get_username() if calibration.made_by else None,
        "imageRecordId": str(calibration.image_record_id) if calibration.image_record_id else None,
        "cameraSerialNumber": calibration.camera_serial_number,
    }
