"""What a camera is set to, and what it is wanted to be set to."""

from dataclasses import dataclass, fields, replace
from typing import TypedDict

from camera.frame import PixelAddressing, Roi


@dataclass(frozen=True, slots=True)
class Settings:
    """What the camera is set to, as it says itself.

    `gamma` is 1 where none is applied and None where the camera has none to apply; `white_balance`, the gains of red,
    green and blue, is None where it has none, as mono cameras. Flips come before the rotation, which is clockwise.
    """

    exposure_ms: float
    gain_db: float
    roi: Roi
    addressing: PixelAddressing
    pixel_format: str
    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotation_deg: int = 0
    gamma: float | None = None
    white_balance: tuple[float, float, float] | None = None

    @property
    def frame_size(self) -> tuple[int, int]:
        """Width and height of the frames to come; a begun block of pixel addressing counts."""
        width, height = -(-self.roi.width // self.addressing.x), -(-self.roi.height // self.addressing.y)
        return (height, width) if self.rotation_deg in (90, 270) else (width, height)


class Geometry(TypedDict, total=False):
    """What of `Wanted` is never of one capture alone, by name."""

    roi: Roi | None
    addressing: PixelAddressing | None
    pixel_format: str | None
    flip_horizontal: bool | None
    flip_vertical: bool | None
    rotation_deg: int | None
    gamma: float | None
    white_balance: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Settings as asked for, each as in `Settings`; None leaves what is."""

    exposure_ms: float | None = None
    gain_db: float | None = None
    roi: Roi | None = None
    addressing: PixelAddressing | None = None
    pixel_format: str | None = None
    flip_horizontal: bool | None = None
    flip_vertical: bool | None = None
    rotation_deg: int | None = None
    gamma: float | None = None
    white_balance: tuple[float, float, float] | None = None

    @classmethod
    def of(cls, settings: Settings) -> "Wanted":
        """All as it is there."""
        return cls(*(getattr(settings, field.name) for field in fields(cls)))

    def over(self, settings: Settings) -> "Wanted":
        """Filled up with what is set."""
        return replace(Wanted.of(settings), **self._named)

    def beyond(self, settings: Settings) -> "Wanted":
        """Only what is to be other than it is set, and exposure and gain in any case."""
        light = ("exposure_ms", "gain_db")
        changed = {
            name: value for name, value in self._named.items() if name in light or value != getattr(settings, name)
        }
        return Wanted(**changed)

    @property
    def is_light_alone(self) -> bool:
        """Whether nothing but exposure and gain is named."""
        return self == Wanted(self.exposure_ms, self.gain_db)

    @property
    def numbers(self) -> tuple[float, ...]:
        """All that is named and is a number that need not be whole."""
        named = (self.exposure_ms, self.gain_db, self.gamma, *(self.white_balance or ()))
        return tuple(value for value in named if value is not None)

    @property
    def _named(self) -> dict:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}
