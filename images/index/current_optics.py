"""A cache of the objective in use and its calibrations, so that captures know them while the database is away.

It is read at the first use, and again after every change (by images/library.py). If it was never read, the objective
is unknown, and the records of images say so.
"""

import logging
import threading
from dataclasses import dataclass, field

from images.errors import DATABASE_AWAY
from images.models import CurrentObjective
from images.own_instrument import own_instrument_id
from images.record.optics import Fields, describe_calibration, describe_objective

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CurrentOptics:
    """The objective in use, and its calibration in force for each camera, by serial number and model. Both are in the
    form of the record. `chosen_by` is a display name."""

    objective: Fields | None = None
    calibrations: dict[tuple[str, str], Fields] = field(default_factory=dict)
    chosen_by: str | None = None

    def calibration_for(self, serial_number: str, model: str) -> Fields | None:
        """Return the calibration for exactly this camera. A camera without a serial number has none."""
        return self.calibrations.get((serial_number, model)) if serial_number else None

    def unless_changed(self, later: "CurrentOptics") -> "CurrentOptics":
        """Return self, or UNKNOWN if `later` has another objective: nobody can tell which one was in place."""
        # Only the objective counts: a new calibration of the same objective changes nothing in the light path.
        ids = [one.objective and one.objective["id"] for one in (self, later)]
        return self if ids[0] == ids[1] else UNKNOWN


UNKNOWN = CurrentOptics()


class OpticsCache:
    """What this process knows of the objective in use. Safe to use from any thread."""

    def __init__(self) -> None:
        self._known: CurrentOptics | None = None
        self._lock = threading.Lock()

    def current(self) -> CurrentOptics:
        """Return the cached optics; reads the database only if nothing is cached. Raises nothing."""
        return self._known or self.refresh()

    def last_known(self) -> CurrentOptics:
        """Return the cached optics, or UNKNOWN. Never reads the database."""
        return self._known or UNKNOWN

    def refresh(self) -> CurrentOptics:
        """Read the database again. If it is away, or another thread is reading, returns the cached optics. Raises
        nothing."""
        # Otherwise, with a database that hangs, many threads would wait one after the other.
        if self._known and self._lock.locked():
            return self._known
        with self._lock:
            try:
                self._known = read_current_optics()
            except DATABASE_AWAY as away:
                logger.warning("The objective in use could not be read: %s", str(away).strip())
            return self.last_known()

    def forget(self) -> None:
        """Empty the cache, as after a start."""
        with self._lock:
            self._known = None

    def note_change(self) -> None:
        """Read the optics again after a committed change."""
        # First empty the cache: if the database is away by now, the old optics must not be used any more.
        self.forget()
        self.refresh()


def read_current_optics() -> CurrentOptics:
    """Read the optics from the database. Raises Django's DatabaseError."""
    of_this_pc = CurrentObjective.objects.filter(instrument=own_instrument_id())
    current = of_this_pc.select_related("objective", "chosen_by").first()
    if current is None:
        return UNKNOWN
    chosen_by = current.chosen_by.display_name if current.chosen_by else None
    if current.objective is None:
        return CurrentOptics(chosen_by=chosen_by)
    newest_last = current.objective.calibrations.newest_first().reverse().select_related("made_by")
    # A later calibration of the same camera replaces an earlier one in the dictionary.
    in_force = {(one.camera_serial_number, one.camera_model): describe_calibration(one) for one in newest_last}
    return CurrentOptics(describe_objective(current.objective), in_force, chosen_by)
