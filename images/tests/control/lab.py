"""Six clients, a clock that the test sets, and a row that stays in memory."""

from datetime import datetime
from typing import Any

from images.control.lease import Holder, Kind, Lease
from images.control.rows import Change, StoredControl

NAMES = ["ada", "ben", "cy", "dora"]
CLIENTS = [
    *(Holder(number, name, name.title(), Kind.PERSON, "browser") for number, name in enumerate(NAMES, 1)),
    Holder(1, "ada", "Ada", Kind.SCRIPT, "scan.py"),
    Holder(2, "ben", "Ben", Kind.SCRIPT, "script"),
]
ADA, BEN, CY, MANAGER = CLIENTS[:4]
JOB = Holder(1, "ada", "Ada", Kind.JOB, "job 41", 41)
# Each of them is one change of hands.
PASSES_ON = {"control_taken", "control_given", "control_taken_over"}
ENDS = {"control_released", "control_lapsed"}


class MemoryRow:
    """Stands in for the row: what is written stays in memory."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.fences: list[int] = []

    def read(self, now: datetime, now_s: float) -> StoredControl:
        return StoredControl(0, None)

    def write(self, fence: int, lease: Lease | None, ask: Any, now: datetime, *changes: Change) -> bool:
        self.changes += changes
        self.fences.append(fence)
        return True

    def fences_of(self, kinds: set[str]) -> list[int]:
        """Return the fence of each entry of these kinds, in order."""
        return [change.details["fence"] for change in self.changes if change.what in kinds]
