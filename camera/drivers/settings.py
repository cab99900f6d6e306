"""The settings of a camera, and requests to change them."""

import re
from dataclasses import dataclass, fields, replace
from typing import TypedDict

from camera.frame import Binning, Roi

COLOUR_PATTERN = re.compile("_(GRBG|RGGB|GBRG|BGGR)")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the camera, as the camera reports them.

    `gamma` is 1 if none is applied, and None if the camera lacks it. `white_balance` holds the gains of red, green and
    blue; None if the camera lacks it, as mono cameras do. Flips are applied before the rotation, which is clockwise.
    """

    exposure_ms: float
    gain_db: float
    roi: Roi
    binning: Binning
    pixel_format: str
    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotation_deg: int = 0
    gamma: float | None = None
    white_balance: tuple[float, float, float] | None = None

    @property
    def frame_size(self) -> tuple[int, int]:
        """Return width and height of the next frames in pixels. An incomplete block of binning at the edge makes a
        pixel too."""
        width, height = -(-self.roi.width // self.binning.x), -(-self.roi.height // self.binning.y)
        return (height, width) if self.rotation_deg in (90, 270) else (width, height)


class Geometry(TypedDict, total=False):
    """Settings that all users share; a single capture cannot override them."""

    roi: Roi | None
    binning: Binning | None
    pixel_format: str | None
    flip_horizontal: bool | None
    flip_vertical: bool | None
    rotation_deg: int | None
    gamma: float | None
    white_balance: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class SettingsRequest:
    """Requested settings, each as in `Settings`. None leaves a setting as it is."""

    exposure_ms: float | None = None
    gain_db: float | None = None
    roi: Roi | None = None
    binning: Binning | None = None
    pixel_format: str | None = None
    flip_horizontal: bool | None = None
    flip_vertical: bool | None = None
    rotation_deg: int | None = None
    gamma: float | None = None
    white_balance: tuple[float, float, float] | None = None

    @classmethod
    def from_settings(cls, settings: Settings) -> "SettingsRequest":
        """Return a request for all of these settings."""
        return cls(*(getattr(settings, field.name) for field in fields(cls)))

    def fill_from(self, settings: Settings) -> "SettingsRequest":
        """Return this request with each None replaced by the current setting."""
        return replace(SettingsRequest.from_settings(settings), **self._named)

    def changes_from(self, settings: Settings) -> "SettingsRequest":
        """Return only what differs from the current settings, and exposure and gain in any case: frames are checked
        against both."""
        light = ("exposure_ms", "gain_db")
        changed = {
            name: value for name, value in self._named.items() if name in light or value != getattr(settings, name)
        }
        return SettingsRequest(**changed)

    @property
    def is_exposure_and_gain_only(self) -> bool:
        """True if nothing but exposure and gain is requested."""
        return self == SettingsRequest(self.exposure_ms, self.gain_db)

    @property
    def floats(self) -> tuple[float, ...]:
        """Return all requested values that are floats."""
        named = (self.exposure_ms, self.gain_db, self.gamma, *(self.white_balance or ()))
        return tuple(value for value in named if value is not None)

    @property
    def _named(self) -> dict:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not None}


def is_same_binning(one: Binning, other: Binning) -> bool:
    """Return True if both make the same pixels. At 1 x 1 no pixels are joined, so the mode does not matter."""
    is_same_size = (one.x, one.y) == (other.x, other.y)
    return is_same_size and (one.mode == other.mode or (one.x, one.y) == (1, 1))


def without_pattern(pixel_format: str) -> str:
    """Return the name of a pixel format without its Bayer pattern. The pattern belongs to the sensor, and flips change
    it."""
    return COLOUR_PATTERN.sub("", pixel_format)
