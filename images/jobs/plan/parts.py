"""The parts of a plan, besides its time plan and its planes."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any


class WhenLate(StrEnum):
    """What happens to a round that is due while an earlier one still runs."""

    SKIP = "skip"
    STRETCH = "stretch"


class Pacing(StrEnum):
    """Who moves from plane to plane and from position to position: a person or a device."""

    AUTOMATIC = "automatic"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel. None: the camera stays as it is set."""

    name: str
    exposure_ms: float | None = None
    gain_db: float | None = None

    def as_json(self) -> dict[str, Any]:
        """Return it in useq-schema's words, without the gain, for which it has no field."""
        exposure = {} if self.exposure_ms is None else {"exposure": self.exposure_ms}
        return {"config": self.name} | exposure


@dataclass(frozen=True, slots=True)
class StagePosition:
    """A position of the stage in micrometres. None: this axis is not moved."""

    x_um: float | None = None
    y_um: float | None = None
    z_um: float | None = None
    name: str = ""

    def as_json(self) -> dict[str, Any]:
        values = {"x": self.x_um, "y": self.y_um, "z": self.z_um, "name": self.name or None}
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What `metadata.microscope` says. None: it was left out. `gain_db`: of a plan without channels. `average`: so many
    frames are added exactly into one picture. `give_up_after`: a job fails if its camera is away for longer."""

    gain_db: float | None = None
    average: int = 1
    pacing: Pacing = Pacing.AUTOMATIC
    when_late: WhenLate | None = None
    give_up_after: timedelta | None = None
    image_format: str | None = None
    quality: int | None = None
    sample: str = ""
    note: str = ""
