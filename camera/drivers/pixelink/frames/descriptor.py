"""Reads a frame descriptor (FRAME_DESC of the SDK): the memory layout of the frame, and how it was taken.

Descriptors are foreign data, so every number is checked. An implausible one raises FrameInvalid.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from camera.drivers.pixelink.frames.formats import FORMATS, FrameLayout, PixelFormat
from camera.errors import FrameInvalid
from camera.frame import Binning, Descriptor, Roi

NO_GAMMA = 1.0
ADDRESSING_MODES = {0: "decimate", 1: "average", 2: "bin", 3: "resample"}
HDR_INTERLEAVED = 2
MAX_SIDE_PX = 65536
MAX_TIME_STEP_S = 0.001


def read_layout(native: Any, roi_set: Roi) -> FrameLayout:
    """Return the memory layout of a frame. `roi_set` is the camera's region at the start of the stream.

    Sizes round up, as in the vendor's application (DEC_SIZE). For a frame rotated by 90 or 270 degrees that application
    takes the descriptor's region as already rotated. So rows and columns are swapped only if the region still equals
    `roi_set`.
    """
    roi, addressing = _roi(native), _addressing(native)
    width = roi.width * (2 if native.HDRInfo.uMode == HDR_INTERLEAVED else 1)
    rows, columns = -(-roi.height // addressing.y), -(-width // addressing.x)
    if _is_sideways(native) and (roi.width, roi.height) == (roi_set.width, roi_set.height):
        rows, columns = columns, rows
    return FrameLayout(rows, columns, _pixel_format(native))


@dataclass(frozen=True, slots=True)
class Known:
    """Facts that the descriptor of a frame does not contain. `full_depth_bits`: the significant bits of formats whose
    depth depends on the camera. `roi`: the region at the start of the stream. `is_gamma_off`: holds for the whole
    stream."""

    full_depth_bits: int
    has_temperature: bool
    roi: Roi
    is_gamma_off: bool = False


def describe(native: Any, layout: FrameLayout, known: Known, driver_status: str) -> Descriptor:
    """Return the descriptor in this program's units: milliseconds, decibels, pixels. Raises FrameInvalid."""
    exposure_ms, gain_db = native.Shutter.fValue * 1000, native.Gain.fValue
    if not (math.isfinite(exposure_ms) and exposure_ms > 0 and math.isfinite(gain_db)):
        raise FrameInvalid("The frame does not report its exposure and gain.")
    return Descriptor(
        # Older libraries fill in only the 32-bit number.
        frame_number=native.u64FrameNumber or native.uFrameNumber,
        exposure_ms=tidy(exposure_ms),
        gain_db=tidy(gain_db),
        roi=_sensor_roi(native, known.roi),
        binning=_addressing(native),
        pixel_format=layout.pixel_format.name,
        significant_bits=layout.pixel_format.significant_bits or known.full_depth_bits,
        camera_time_s=_camera_time_s(native),
        sensor_temperature_c=_finite(native.Temperature.fValue) if known.has_temperature else None,
        flip_horizontal=native.Flip.fHorizontal == 1,
        flip_vertical=native.Flip.fVertical == 1,
        rotation_deg=_rotation_deg(native),
        white_balance=_white_balance(native),
        # What frames report while gamma is off is not documented, so the setting counts: see `as_set`.
        gamma=NO_GAMMA if known.is_gamma_off else _finite(native.Gamma.fValue) or None,
        driver_status=driver_status,
        as_set=frozenset({"gamma"}) if known.is_gamma_off else frozenset(),
    )


def tidy(value: float) -> float:
    """Round to seven digits, the precision of the library's 32-bit floats: 14.9999997 ms becomes 15 ms."""
    return float(f"{value:.7g}")


def _roi(native: Any) -> Roi:
    values = (native.Roi.fLeft, native.Roi.fTop, native.Roi.fWidth, native.Roi.fHeight)
    if not all(0 <= value <= MAX_SIDE_PX for value in values) or min(values[2:]) < 1:
        raise FrameInvalid(
            "The frame reports an impossible region: {2:g} x {3:g} sensor pixels at {0:g}, {1:g}.".format(*values)
        )
    return Roi(*(round(value) for value in values))


def _sensor_roi(native: Any, roi_set: Roi) -> Roi:
    """Return the region in sensor coordinates. A region that the frame reports as already rotated is rotated back."""
    roi = _roi(native)
    is_turned = _is_sideways(native) and (roi.width, roi.height) == (roi_set.height, roi_set.width)
    return roi_set if is_turned else roi


def _addressing(native: Any) -> Binning:
    """Return the binning. Older libraries fill in only `Decimation`, one value for both axes."""
    both = native.Decimation.fValue
    values = (native.PixelAddressingValue.fHorizontal or both, native.PixelAddressingValue.fVertical or both)
    if not all(0 <= value <= MAX_SIDE_PX for value in values):
        raise FrameInvalid("The frame reports an impossible binning: {:g} x {:g}.".format(*values))
    x, y = (max(round(value), 1) for value in values)
    mode = native.DecimationMode.fValue
    return Binning(x, y, ADDRESSING_MODES.get(round(mode) if math.isfinite(mode) else 0, "decimate"))


def _pixel_format(native: Any) -> PixelFormat:
    """Return the pixel format. It cannot change while streaming, so an unknown number means an invalid descriptor."""
    number = native.PixelFormat.fValue
    found = FORMATS.get(round(number)) if math.isfinite(number) else None
    if found is None:
        raise FrameInvalid(f"The frame reports an unknown pixel format ({number:g}).")
    return found


def _is_sideways(native: Any) -> bool:
    return _rotation_deg(native) in (90, 270)


def _rotation_deg(native: Any) -> int:
    return round(_finite(native.Rotate.fValue) or 0) % 360


def _camera_time_s(native: Any) -> float | None:
    """Return the camera's time of the frame. Older libraries give it as a 32-bit float, which after about two hours is
    too coarse for milliseconds; then it is None."""
    if native.dFrameTime:
        return native.dFrameTime if math.isfinite(native.dFrameTime) else None
    time_s = _finite(native.fFrameTime)
    return time_s if time_s and np.spacing(np.float32(time_s)) < MAX_TIME_STEP_S else None


def _white_balance(native: Any) -> tuple[float, float, float] | None:
    gains = native.WhiteShading
    values = (_finite(gains.fRedGain), _finite(gains.fGreenGain), _finite(gains.fBlueGain))
    red, green, blue = (value or 0.0 for value in values)
    return (red, green, blue) if min(red, green, blue) > 0 else None


def _finite(value: float) -> float | None:
    return tidy(value) if math.isfinite(value) else None
