"""The settings of a camera: one frozen value that is replaced as a whole, so that each frame can carry its own."""

from dataclasses import dataclass
from typing import NamedTuple

from .codes import Addressing, FeatureFlag, PixelFormat, TriggerType


class Roi(NamedTuple):
    """Region of interest in sensor pixels, before pixel addressing."""

    left: int
    top: int
    width: int
    height: int


class Trigger(NamedTuple):
    """FEATURE_TRIGGER and its five parameters, in the SDK's order; `delay_s` in seconds."""

    enabled: bool = False
    mode: int = 0
    type: int = TriggerType.FREE_RUNNING
    polarity: int = 0
    delay_s: float = 0.0
    parameter: float = 0.0


FREE_RUNNING = Trigger()


@dataclass(frozen=True)
class Settings:
    roi: Roi
    pixel_format: PixelFormat
    exposure_s: float = 0.01
    gain_db: float = 0.0
    auto_minimum_s: float = 0.0
    auto_maximum_s: float = 0.0
    exposure_mode: FeatureFlag = FeatureFlag.MANUAL
    addressing_mode: int = Addressing.DECIMATE
    addressing_x: int = 1
    addressing_y: int = 1
    frame_rate_hz: float | None = None  # None: the feature is OFF, as fast as read-out and exposure allow
    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotation_degrees: int = 0
    trigger: Trigger = FREE_RUNNING
    white_shading: tuple[float, float, float] = (1.0, 1.0, 1.0)
    white_shading_mode: FeatureFlag = FeatureFlag.MANUAL
    gamma: float | None = None  # None: the feature is OFF

    @property
    def columns(self) -> int:
        """The columns of the delivered frame before rotation. An incomplete block of pixel addressing counts."""
        return -(-self.roi.width // self.addressing_x)

    @property
    def rows(self) -> int:
        return -(-self.roi.height // self.addressing_y)

    @property
    def is_sideways(self) -> bool:
        return self.rotation_degrees in (90, 270)

    @property
    def delivered_shape(self) -> tuple[int, int]:
        """Return (rows, columns) of the frame as it lies in the buffer. The descriptor's Roi stays in sensor pixels."""
        return (self.columns, self.rows) if self.is_sideways else (self.rows, self.columns)
