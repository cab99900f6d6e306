"""The limits of a camera's settings, as the camera reports them. They are None or empty for features that it lacks."""

from dataclasses import dataclass

from camera.frame import Roi


@dataclass(frozen=True, slots=True)
class Range:
    """The smallest and the largest allowed value. Values between may be rounded by the camera."""

    minimum: float
    maximum: float

    def __contains__(self, value: float) -> bool:
        # One part in a million: limits come as 32-bit floats, and a value typed as the limit must pass.
        return self.minimum - 1e-6 * abs(self.minimum) <= value <= self.maximum + 1e-6 * abs(self.maximum)

    def clamp(self, value: float) -> float:
        return min(max(value, self.minimum), self.maximum)


@dataclass(frozen=True, slots=True)
class RoiLimits:
    """The regions that the camera can read, in sensor pixels before binning. The camera rounds to its steps."""

    sensor_width: int
    sensor_height: int
    minimum_width: int
    minimum_height: int
    step_left: int = 1
    step_top: int = 1
    step_width: int = 1
    step_height: int = 1

    @property
    def whole_sensor(self) -> Roi:
        return Roi(0, 0, self.sensor_width, self.sensor_height)

    def __contains__(self, roi: Roi) -> bool:
        is_large_enough = roi.width >= self.minimum_width and roi.height >= self.minimum_height
        is_across = roi.left >= 0 and roi.left + roi.width <= self.sensor_width
        is_down = roi.top >= 0 and roi.top + roi.height <= self.sensor_height
        return is_large_enough and is_across and is_down


@dataclass(frozen=True, slots=True)
class BinningLimits:
    """`values`: how many sensor pixels along an axis can make one pixel of the frame. `modes`: how. `may_differ`: x and
    y can have different values."""

    values: tuple[int, ...]
    modes: tuple[str, ...]
    may_differ: bool


@dataclass(frozen=True, slots=True)
class OfferedFormat:
    """A pixel format that the camera can use. `bits` of a pixel's value carry signal."""

    name: str
    bits: int
    is_colour: bool


@dataclass(frozen=True, slots=True)
class WhiteBalanceLimits:
    """The range of the gains of red, green and blue. `has_one_push`: the camera can find the gains by itself."""

    gains: Range
    has_one_push: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """The current limits of all settings. A change of one setting can change the limits of others."""

    exposure_ms: Range
    gain_db: Range
    roi: RoiLimits | None = None
    binning: BinningLimits | None = None
    pixel_formats: tuple[OfferedFormat, ...] = ()
    may_flip: bool = False
    rotations_deg: tuple[int, ...] = (0,)
    gamma: Range | None = None
    white_balance: WhiteBalanceLimits | None = None

    @property
    def has_one_push_white_balance(self) -> bool:
        return self.white_balance is not None and self.white_balance.has_one_push
