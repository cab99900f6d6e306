"""Computes the size of a pixel: for an image from the calibration in force, for a calibration from a line along a known
length."""

import math
from dataclasses import dataclass
from typing import Any

from camera.frame import Binning, CameraIdentity, Frame
from images.index.current_optics import CurrentOptics

# Standard uncertainty with which a user places an end of the line, along each axis, in pixels of the image.
END_PLACED_WITHIN_PX = 0.5


@dataclass(frozen=True, slots=True)
class PixelsPerSide:
    """How many pixels of the sensor one pixel of the image spans, along the image's own axes."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line in pixels of the image. The origin is the upper left corner of the first pixel."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length_px(self) -> float:
        return math.hypot(self.x2 - self.x1, self.y2 - self.y1)


@dataclass(frozen=True, slots=True)
class Measured:
    """The length of a line in `pixels` of the sensor, and the size of such a pixel with its standard uncertainty."""

    pixels: float
    um_per_pixel: float
    uncertainty_um: float


def pixels_per_side(binning_x: int, binning_y: int, rotation_deg: int) -> PixelsPerSide:
    """Return the binning along the axes of the image. The arguments count along the sensor's axes; a rotation by 90 or
    270 degrees swaps the two."""
    is_swapped = rotation_deg % 180 == 90
    return PixelsPerSide(binning_y, binning_x) if is_swapped else PixelsPerSide(binning_x, binning_y)


def describe_scale(in_use: CurrentOptics, frame: Frame) -> dict[str, Any]:
    """Return the scale of a frame in the form of the record."""
    taken = frame.descriptor
    return find_scale(in_use, frame.camera, taken.binning, taken.rotation_deg)


def find_scale(in_use: CurrentOptics, camera: CameraIdentity, binning: Binning, rotation_deg: int) -> dict[str, Any]:
    """Return the scale of this camera's frames with this binning and rotation, in the form of the record. It is known
    only if the objective in use was calibrated on exactly this camera."""
    calibration = in_use.calibration_for(camera.serial_number, camera.model)
    if calibration is None:
        return {"known": False}
    side = pixels_per_side(binning.x, binning.y, rotation_deg)
    return {
        "known": True,
        "umPerPixelX": calibration["umPerPixel"] * side.x,
        "umPerPixelY": calibration["umPerPixel"] * side.y,
        "calibration": calibration,
    }


def measure_line(line: Line, side: PixelsPerSide, length_um: float) -> Measured:
    """Return the size of a pixel of the sensor, if this line is `length_um` long.

    The uncertainty is only that of placing the ends: the known length counts as exact. Each end has a standard
    uncertainty of half a pixel of the image along each axis, independent of the other end. So the length of the line
    has a standard uncertainty of sqrt(2) / 2 pixels, and the result has the same relative uncertainty as the line.
    """
    across, down = (line.x2 - line.x1) * side.x, (line.y2 - line.y1) * side.y
    pixels = math.hypot(across, down)
    # Along the line, an error of one image pixel counts `side.x` sensor pixels across and `side.y` down, each by its
    # share of the line's direction.
    off = math.sqrt(2) * END_PLACED_WITHIN_PX * math.hypot(across * side.x, down * side.y) / pixels
    um_per_pixel = length_um / pixels
    return Measured(pixels, um_per_pixel, um_per_pixel * off / pixels)
