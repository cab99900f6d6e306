"""Reads the state of a camera from the row of its instrument. Another version of the program may have written it, so
any part may be missing or of another type."""

from dataclasses import dataclass
from typing import Any

MAX_TEXT = 300
# In these states a camera works, or waits for work. In the others somebody should look.
WELL = ("closed", "opening", "ready", "streaming")


@dataclass(frozen=True, slots=True)
class CameraSign:
    """The state of a camera. `state`: as in the camera's status. `problem`: a sentence, or "". `reserve_bytes`:
    captures stop if no more than this is free on the disk. `is_retired`: the PC is gone, and its pictures are in the
    store. Values that are missing in the row are empty or None."""

    model: str
    serial_number: str
    host: str
    state: str
    is_simulated: bool
    problem: str
    watchers: int | None
    reserve_bytes: int | None
    is_retired: bool = False

    @property
    def is_well(self) -> bool:
        return not self.problem and self.state in (*WELL, "")


def read_camera_sign(said: Any) -> CameraSign:
    parts = said if isinstance(said, dict) else {}
    return CameraSign(
        model=_read_text(parts.get("model")),
        serial_number=_read_text(parts.get("serialNumber")),
        host=_read_text(parts.get("host")),
        state=_read_text(parts.get("state")),
        is_simulated=parts.get("isSimulated") is True,
        problem=_read_text(parts.get("problem")),
        watchers=_read_count(parts.get("watchers")),
        reserve_bytes=_read_count(parts.get("reserveBytes")),
        is_retired=bool(parts.get("retiredAt")),
    )


def _read_text(value: Any) -> str:
    return value[:MAX_TEXT] if isinstance(value, str) else ""


def _read_count(value: Any) -> int | None:
    return value if type(value) is int and value >= 0 else None
