"""What a camera can be set to, as it says itself. What it lacks is None or empty."""

from dataclasses import dataclass

from camera.frame import Roi


@dataclass(frozen=True, slots=True)
class Range:
    """From the smallest to the largest value, both allowed. Not every value between need be."""

    minimum: float
    maximum: float

    def __contains__(self, value: float) -> bool:
        # One part in a million: limits come as 32-bit floats, and a value typed as the limit must pass.
        return self.minimum - 1e-6 * abs(self.minimum) <= value <= self.maximum + 1e-6 * abs(self.maximum)

    def clamp(self, value: float) -> float:
        return min(max(value, self.minimum), self.maximum)


@dataclass(frozen=True, slots=True)
class RoiLimits:
    """Which regions can be read, in sensor pixels before pixel addressing. The camera rounds to its steps."""

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
class AddressingLimits:
    """How many sensor pixels can make one of the frame, and by which rules. `may_differ`: x from y."""

    values: tuple[int, ...]
    modes: tuple[str, ...]
    may_differ: bool


@dataclass(frozen=True, slots=True)
class OfferedFormat:
    """A pixel format that frames can come in; `bits` of a pixel's value carry signal."""

    name: str
    bits: int
    is_colour: bool


@dataclass(frozen=True, slots=True)
class WhiteBalanceLimits:
    """Of the gains of red, green and blue. `has_one_push`: whether the camera can find them by itself."""

    gains: Range
    has_one_push: bool


@dataclass(frozen=True, slots=True)
class Limits:
    """What the camera can be set to now; other settings can change it."""

    exposure_ms: Range
    gain_db: Range
    roi: RoiLimits | None = None
    addressing: AddressingLimits | None = None
    pixel_formats: tuple[OfferedFormat, ...] = ()
    may_flip: bool = False
    rotations_deg: tuple[int, ...] = (0,)
    gamma: Range | None = None
    white_balance: WhiteBalanceLimits | None = None

    @property
    def has_one_push_white_balance(self) -> bool:
        return self.white_balance is not None and self.white_balance.has_one_push
