"""Frames: pixels with the metadata that the camera sends with them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from camera.memory import FrameBuffers

_display_buffers = FrameBuffers()


@dataclass(frozen=True, slots=True)
class Roi:
    """The part of the sensor that is read, in sensor pixels before binning."""

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Binning:
    """How many sensor pixels make one pixel of the frame along each axis, and how: `mode` is a name from
    `BinningLimits.modes`."""

    x: int = 1
    y: int = 1
    mode: str = "decimate"


@dataclass(frozen=True, slots=True)
class CameraIdentity:
    """Which camera it is, as the camera reports it. A text is empty if the camera does not report it."""

    vendor: str
    model: str
    serial_number: str
    firmware: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class CameraWarning:
    """A problem of a camera that still works: a code for programs and a sentence for the user."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Descriptor:
    """The metadata of one frame.

    `significant_bits` is how many bits of a pixel's value carry signal. `camera_time_s` is read from the camera's own
    clock. `frame_number` counts from the start of the stream. `roi` is in sensor coordinates, also if the frame is
    flipped or rotated. Flips are applied before the rotation, which is clockwise. `gamma` is 1 if none was applied.
    `driver_status` is the name of the return code with which the vendor's library delivered the frame; None if the
    library has no such codes.

    `as_set` names the fields of `Settings` that the frame itself does not report. The driver fills them with what the
    camera was set to, and it must then deliver no frame with older settings after `configure`.
    """

    frame_number: int
    exposure_ms: float
    gain_db: float
    roi: Roi
    binning: Binning
    pixel_format: str
    significant_bits: int
    camera_time_s: float | None = None
    sensor_temperature_c: float | None = None
    flip_horizontal: bool = False
    flip_vertical: bool = False
    rotation_deg: int = 0
    white_balance: tuple[float, float, float] | None = None
    gamma: float | None = None
    driver_status: str | None = None
    as_set: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class RawFrame:
    """A frame as the driver grabbed it, not yet converted to pixels.

    `received_at_s` and `exposure_began_at_s` are times of time.perf_counter; the second is None if the driver does not
    know it. `readout_s` is the longest time that the read-out of the sensor can have taken. `develop` makes the pixels
    (see `Frame.pixels`). It may be called from any thread, with the stream on or off. The memory of the frame is in use
    as long as `develop` or its result is referenced. `label_rows` is how many rows at the top are a label instead of a
    picture; only simulated frames have one. `warnings` are those that were active when the frame arrived.
    """

    descriptor: Descriptor
    develop: Callable[[], np.ndarray]
    received_at_s: float
    readout_s: float | None = None
    exposure_began_at_s: float | None = None
    label_rows: int = 0
    warnings: tuple[CameraWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class SummedFrames:
    """Which frames of the camera were added up into one: `count` of them, one after the other, by the camera's own
    numbers. `bits_per_frame` are the significant bits of each of them."""

    count: int
    first_number: int
    last_number: int
    last_captured_at: datetime
    bits_per_frame: int
    total_exposure_ms: float


@dataclass(frozen=True, slots=True)
class Frame:
    """Pixels with their descriptor. Immutable: no code may write to the pixels.

    `pixels` is (height, width) for mono and (height, width, 3) for colour (red, green, blue), uint8 or uint16, at the
    full depth of the camera: values are right-aligned, from 0 to 2**significant_bits - 1. `captured_at` (UTC) is the
    start of the exposure as precisely as it is known, and never before the request. `tries` counts the frames that the
    capture needed.

    If `summed` is given, the pixels are uint32, and each is the sum of those of several frames. The descriptor is that
    of the first one, but its significant bits are those of the sum.
    """

    pixels: np.ndarray
    descriptor: Descriptor
    camera: CameraIdentity
    driver: str
    is_simulated: bool
    captured_at: datetime
    tries: int = 1
    label_rows: int = 0
    warnings: tuple[CameraWarning, ...] = ()
    summed: SummedFrames | None = None

    @property
    def picture(self) -> np.ndarray:
        """The pixels without the label of simulated frames. Measure on these."""
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
    """Return the pixels in 8 bit, for screens, thumbnails and JPEG; the same array if they are 8 bit already.

    The whole program uses this conversion. It keeps the upper eight of the significant bits. It does not stretch the
    contrast, so pictures taken with the same settings stay comparable. Of a sum of frames it shows their mean, because
    their number is a power of two.
    """
    if pixels.dtype == np.uint8:
        return pixels
    display = _display_buffers.lend(pixels.size).reshape(pixels.shape)
    # After the shift the values fit into 8 bits, so the cast loses nothing.
    np.right_shift(pixels, max(significant_bits - 8, 0), out=display, casting="unsafe")
    return display
