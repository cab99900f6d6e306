"""What comes out of a camera: pixels, and what the camera says about them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np


@dataclass(frozen=True, slots=True)
class Roi:
    """The part of the sensor that is read, in sensor pixels before pixel addressing."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PixelAddressing:
    """How many sensor pixels make one pixel of the frame, along each axis, and by which rule."""

    x: int = 1
    y: int = 1
    mode: str = "decimate"


@dataclass(frozen=True, slots=True)
class CameraIdentity:
    """Which camera it is, in its own words. Empty where it does not say."""

    vendor: str
    model: str
    serial_number: str
    firmware: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """What one frame says of itself.

    `significant_bits` is how many bits of a pixel's value carry signal. `camera_time_s` counts on the camera's own
    clock and `frame_number` from the start of the stream. `roi` is that of the sensor, also of a frame that is turned;
    flips come before the rotation, which is clockwise. `gamma` is 1 where none was applied. `sdk_code` is the name of
    the code with which the vendor's library handed the frame over.
    """

    frame_number: int
    exposure_ms: float
    gain_db: float
    roi: Roi
    addressing: PixelAddressing
    pixel_format: str
    significant_bits: int
    camera_time_s: float | None = None
    sensor_temperature_c: float | None = None
    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotation_deg: int = 0
    white_balance: tuple[float, float, float] | None = None
    gamma: float | None = None
    sdk_code: str = "ApiSuccess"


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame as a driver grabbed it, not yet turned into pixels.

    `received_at_s` and `exposure_began_at_s` are on this computer's monotonic clock; the second is None where the
    driver cannot know it. `readout_s` is the longest that reading the sensor can have taken. `develop` makes the
    pixels (see `Frame.pixels`); it may be called from any thread, with the stream on or off, and keeps the frame's
    memory for as long as it or its result is referred to. `label_rows`: how many rows at the top are not picture but
    a label, as simulated frames have one.
    """

    descriptor: Descriptor
    develop: Callable[[], np.ndarray]
    received_at_s: float
    readout_s: float | None = None
    exposure_began_at_s: float | None = None
    label_rows: int = 0


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels with their descriptor. Nobody changes it once made.

    `pixels` is (height, width) for mono and (height, width, 3) for colour (red, green, blue), uint8 or uint16, at
    the full depth the camera gave: values are justified to the right, so they lie in 0 .. 2**significant_bits - 1.
    `captured_at` (UTC) is when the exposure began, as closely as is known, and never before the request.
    """

    pixels: np.ndarray
    descriptor: Descriptor
    camera: CameraIdentity
    driver: str
    is_simulated: bool
    captured_at: datetime
    tries: int = 1
    label_rows: int = 0

    @property
    def picture(self) -> np.ndarray:
        """The pixels without the label: what there is to measure."""
        return self.pixels[self.label_rows :]

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3


def to_display(pixels: np.ndarray, significant_bits: int) -> np.ndarray:
    """The pixels in 8 bit, for screens, thumbnails and JPEG; the same array where they are 8 bit already.

    The one rule for it in this program: the upper eight of the significant bits are kept. Nothing is stretched, so
    two pictures taken under the same settings stay comparable.
    """
    if pixels.dtype == np.uint8:
        return pixels
    return np.right_shift(pixels, max(significant_bits - 8, 0)).astype(np.uint8)
