"""What a plan is made of, besides its time plan and its planes."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


class WhenLate(StrEnum):
    """What becomes of a round that is due while an earlier one still runs."""

    SKIP = "skip"
    STRETCH = "stretch"


class Pacing(StrEnum):
    """Tells if a person or a device moves from plane to plane and from position to position."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Channel:
    """None leaves what the camera is set to."""

    name: str
    exposure_ms: float | None = None
    gain_db: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Without the gain, for which useq-schema has no field."""
        exposure = {} if self.exposure_ms is None else {"exposure": self.exposure_ms}
        return {"config": self.name} | exposure


@dataclass(frozen=True, slots=True)
class StagePosition:
    """Micrometres of the stage; None does not move that axis."""

    x_um: float | None = None
    y_um: float | None = None
    z_um: float | None = None
    name: str = ""

    def as_json(self) -> dict[str, Any]:
        values = {"x": self.x_um, "y": self.y_um, "z": self.z_um, "name": self.name or None}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `metadata.microscope` says. None was not said.

    `gain_db` is of a plan without channels. `average` frames are added up exactly into one picture. A job whose camera
    is away for longer than `give_up_after` fails.
    """

    gain_db: float | None = None
    average: int = 1
    pacing: Pacing = Pacing.AUTOMATIC
    when_late: WhenLate | None = None
    give_up_after: timedelta | None = None
    image_format: str | None = None
    quality: int | None = None
    sample: str = ""
    note: str = ""
