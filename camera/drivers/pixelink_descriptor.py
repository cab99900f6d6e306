"""Reading a frame descriptor (FRAME_DESC of the SDK): how the frame lies in memory, and how it was taken.

A descriptor comes from outside: every number in it is checked, and FrameInvalid raised for what cannot be believed.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from camera.drivers.pixelink_formats import FORMATS, FrameLayout, PixelFormat
from camera.errors import FrameInvalid
from camera.frame import Descriptor, PixelAddressing, Roi

NO_GAMMA = 1.0
ADDRESSING_MODES = {0: "decimate", 1: "average", 2: "bin", 3: "resample"}
HDR_INTERLEAVED = 2
LARGEST_SIDE_PX = 65536
COARSEST_TIME_S = 0.001


def read_layout(native: Any, roi_set: Roi) -> FrameLayout:
    """`roi_set` is the region that the camera was set to when the stream began.

    Sizes round up, as in the vendor's application (DEC_SIZE). For a frame turned sideways that application reads the
    descriptor's region as already turned, while the camera's own is not: so a region that still is as set gets turned.
    """
    roi, addressing = _roi(native), _addressing(native)
    width = roi.width * (2 if native.HDRInfo.uMode == HDR_INTERLEAVED else 1)
    rows, columns = -(-roi.height // addressing.y), -(-width // addressing.x)
    if _is_sideways(native) and (roi.width, roi.height) == (roi_set.width, roi_set.height):
        rows, columns = columns, rows
    return FrameLayout(rows, columns, _pixel_format(native))


@dataclass(frozen=True, slots=True)
class Known:
    """What frames do not tell by themselves. `full_depth_bits`: of formats whose depth is the camera's own. `roi`: the
    region that was set when the stream began. `is_gamma_off`: for the whole of the stream."""

    full_depth_bits: int
    has_temperature: bool
    roi: Roi
    is_gamma_off: bool = False


def describe(native: Any, layout: FrameLayout, known: Known, sdk_code: str) -> Descriptor:
    exposure_ms, gain_db = native.Shutter.fValue * 1000, native.Gain.fValue
    if not (math.isfinite(exposure_ms) and exposure_ms > 0 and math.isfinite(gain_db)):
        raise FrameInvalid("The frame does not say with what exposure and gain it was taken.")
    return Descriptor(
        frame_number=native.u64FrameNumber or native.uFrameNumber,
        exposure_ms=tidy(exposure_ms),
        gain_db=tidy(gain_db),
        roi=_sensor_roi(native, known.roi),
        addressing=_addressing(native),
        pixel_format=layout.pixel_format.name,
        significant_bits=layout.pixel_format.significant_bits or known.full_depth_bits,
        camera_time_s=_camera_time_s(native),
        sensor_temperature_c=_finite(native.Temperature.fValue) if known.has_temperature else None,
        flip_horizontal=native.Flip.fHorizontal == 1,
        flip_vertical=native.Flip.fVertical == 1,
        rotation_deg=_rotation_deg(native),
        white_balance=_white_balance(native),
        gamma=NO_GAMMA if known.is_gamma_off else _finite(native.Gamma.fValue) or None,
        sdk_code=sdk_code,
    )


def tidy(value: float) -> float:
    """The library's numbers are 32-bit floats, so seven digits are all that they hold: 14.9999997 ms is 15 ms."""
    return float(f"{value:.7g}")


def _roi(native: Any) -> Roi:
    values = (native.Roi.fLeft, native.Roi.fTop, native.Roi.fWidth, native.Roi.fHeight)
    if not all(0 <= value <= LARGEST_SIDE_PX for value in values) or min(values[2:]) < 1:
        raise FrameInvalid("The frame says it is {2:g} x {3:g} sensor pixels at {0:g}, {1:g}.".format(*values))
    return Roi(*(round(value) for value in values))


def _sensor_roi(native: Any, roi_set: Roi) -> Roi:
    """In terms of the sensor: a region that is told as already turned is turned back."""
    roi = _roi(native)
    is_turned = _is_sideways(native) and (roi.width, roi.height) == (roi_set.height, roi_set.width)
    return roi_set if is_turned else roi


def _addressing(native: Any) -> PixelAddressing:
    """Older libraries fill in only the one value for both axes, `Decimation`."""
    both = native.Decimation.fValue
    values = (native.PixelAddressingValue.fHorizontal or both, native.PixelAddressingValue.fVertical or both)
    if not all(0 <= value <= LARGEST_SIDE_PX for value in values):
        raise FrameInvalid("The frame says that {:g} x {:g} sensor pixels make one of its own.".format(*values))
    x, y = (max(round(value), 1) for value in values)
    mode = native.DecimationMode.fValue
    return PixelAddressing(x, y, ADDRESSING_MODES.get(round(mode) if math.isfinite(mode) else 0, "decimate"))


def _pixel_format(native: Any) -> PixelFormat:
    """A format cannot change while the stream is on, so one that cannot be read is garbage here."""
    number = native.PixelFormat.fValue
    found = FORMATS.get(round(number)) if math.isfinite(number) else None
    if found is None:
        raise FrameInvalid(f"The frame says its pixel format is {number:g}, which was not set.")
    return found


def _is_sideways(native: Any) -> bool:
    return _rotation_deg(native) in (90, 270)


def _rotation_deg(native: Any) -> int:
    return round(_finite(native.Rotate.fValue) or 0) % 360


def _camera_time_s(native: Any) -> float | None:
    """Older libraries give it as a 32-bit float, which after some two hours cannot tell milliseconds apart."""
    if native.dFrameTime:
        return native.dFrameTime if math.isfinite(native.dFrameTime) else None
    time_s = _finite(native.fFrameTime)
    return time_s if time_s and np.spacing(np.float32(time_s)) < COARSEST_TIME_S else None


def _white_balance(native: Any) -> tuple[float, float, float] | None:
    gains = native.WhiteShading
    values = (_finite(gains.fRedGain), _finite(gains.fGreenGain), _finite(gains.fBlueGain))
    red, green, blue = (value or 0.0 for value in values)
    return (red, green, blue) if min(red, green, blue) > 0 else None


def _finite(value: float) -> float | None:
    return tidy(value) if math.isfinite(value) else None
