"""What a pixel measures: of an image, from the calibration in force; and for a calibration, from a line drawn along a
known length."""

import math
from dataclasses import dataclass
from typing import Any

from camera.frame import CameraIdentity, Frame, PixelAddressing
from images.optics import InUse

# How far off an end of a line is placed along either axis, as a standard uncertainty in pixels of the image.
END_PLACED_WITHIN_PX = 0.5


@dataclass(frozen=True, slots=True)
class PixelsPerSide:
    """How many pixels of the sensor one pixel of the image spans, along the image's own axes."""

    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Line:
    """In pixels of the image, counted from the upper left corner of the first one."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def length_px(self) -> float:
        return math.hypot(self.x2 - self.x1, self.y2 - self.y1)


@dataclass(frozen=True, slots=True)
class Measured:
    """`pixels` of the sensor along a line, and what each measures."""

    pixels: float
    um_per_pixel: float
    uncertainty_um: float


def pixels_per_side(addressing_x: int, addressing_y: int, rotation_deg: int) -> PixelsPerSide:
    """Pixel addressing counts along the sensor's axes; a quarter turn swaps them in the image."""
    is_swapped = rotation_deg % 180 == 90
    return PixelsPerSide(addressing_y, addressing_x) if is_swapped else PixelsPerSide(addressing_x, addressing_y)


def describe_scale(in_use: InUse, frame: Frame) -> dict[str, Any]:
    """The scale of a frame, in the words of the record."""
    taken = frame.descriptor
    return find_scale(in_use, frame.camera, taken.addressing, taken.rotation_deg)


def find_scale(in_use: InUse, camera: CameraIdentity, addressing: PixelAddressing, rotation_deg: int) -> dict[str, Any]:
    """The scale of frames that this camera gives so, in the words of the record. Known only where the objective in
    use was calibrated on this very camera."""
    calibration = in_use.calibration_for(camera.serial_number, camera.model)
    if calibration is None:
        return {"known": False}
    side = pixels_per_side(addressing.x, addressing.y, rotation_deg)
    return {
        "known": True,
        "umPerPixelX": calibration["umPerPixel"] * side.x,
        "umPerPixelY": calibration["umPerPixel"] * side.y,
        "calibration": calibration,
    }


def measure_line(line: Line, side: PixelsPerSide, length_um: float) -> Measured:
    """What a pixel of the sensor measures, if this line is so long.

    The uncertainty is that of placing the ends, and of nothing else: the known length counts as exact. Each end is
    placed to half a pixel of the image along either axis, independently of the other; so the line is certain to
    sqrt(2) / 2 pixels along its direction, and the result to the same share as the line.
    """
    across, down = (line.x2 - line.x1) * side.x, (line.y2 - line.y1) * side.y
    pixels = math.hypot(across, down)
    off = math.sqrt(2) * END_PLACED_WITHIN_PX * math.hypot(across * side.x, down * side.y) / pixels
    um_per_pixel = length_um / pixels
    return Measured(pixels, um_per_pixel, um_per_pixel * off / pixels)
