"""The frame descriptor: how a frame says how it was taken, and how settings are read back from it."""

import ctypes
import math
from collections.abc import Mapping
from dataclasses import replace

from .codes import PixelFormat, RefusedError, ReturnCode
from .pixel_formats import layout_of
from .settings import Roi, Settings
from .stream import TimedFrame
from .structures import FrameDescriptor


def describe_frame(frame: TimedFrame, pixel_format: PixelFormat, frame_time_s: float) -> FrameDescriptor:
    """`pixel_format` is the format of the delivered frame. Fields of features that this camera lacks stay zero."""
    descriptor = FrameDescriptor(uSize=ctypes.sizeof(FrameDescriptor))
    descriptor.uFrameNumber = frame.number & 0xFFFFFFFF
    descriptor.u64FrameNumber = frame.number
    descriptor.fFrameTime = descriptor.dFrameTime = frame_time_s
    descriptor.PixelFormat.fValue = pixel_format
    _describe_light(descriptor, frame.settings)
    _describe_geometry(descriptor, frame.settings)
    trigger = frame.settings.trigger
    descriptor.Trigger = type(descriptor.Trigger)(*trigger[1:]) if trigger.enabled else descriptor.Trigger
    return descriptor


def _describe_light(descriptor: FrameDescriptor, settings: Settings) -> None:
    descriptor.Shutter.fValue = settings.exposure_s
    descriptor.Gain.fValue = settings.gain_db
    descriptor.Gamma.fValue = settings.gamma or 1.0
    shading = descriptor.WhiteShading
    shading.fRedGain, shading.fGreenGain, shading.fBlueGain = settings.white_shading


def _describe_geometry(descriptor: FrameDescriptor, settings: Settings) -> None:
    roi = descriptor.Roi
    roi.fLeft, roi.fTop, roi.fWidth, roi.fHeight = settings.roi
    descriptor.Flip.fHorizontal, descriptor.Flip.fVertical = settings.flip_horizontal, settings.flip_vertical
    descriptor.Rotate.fValue = settings.rotation_degrees
    descriptor.Decimation.fValue = max(settings.addressing_x, settings.addressing_y)
    descriptor.DecimationMode.fValue = settings.addressing_mode
    descriptor.PixelAddressingValue.fHorizontal = settings.addressing_x
    descriptor.PixelAddressingValue.fVertical = settings.addressing_y


def overwrite(descriptor: FrameDescriptor, fields: Mapping[str, float]) -> None:
    """Write over the descriptor. `fields` maps paths such as "Roi.fWidth" to values."""
    for path, value in fields.items():
        *owner, name = path.split(".")
        part = getattr(descriptor, owner[0]) if owner else descriptor
        setattr(part, name, value)


def delivered_shape(descriptor: FrameDescriptor) -> tuple[int, int, PixelFormat]:
    """Return (rows, columns, format) of the frame of this descriptor. Refuses an impossible one."""
    roi, addressing = descriptor.Roi, descriptor.PixelAddressingValue
    numbers = (roi.fWidth, roi.fHeight, addressing.fHorizontal, addressing.fVertical)
    known = {int(pixel_format) for pixel_format in PixelFormat}
    if not all(math.isfinite(number) and number >= 1 for number in numbers):
        raise RefusedError(ReturnCode.ApiInvalidParameterError, "frame descriptor without a size")
    if descriptor.PixelFormat.fValue not in known:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, "frame descriptor of an unknown pixel format")
    columns = math.ceil(roi.fWidth / addressing.fHorizontal)
    rows = math.ceil(roi.fHeight / addressing.fVertical)
    if descriptor.Rotate.fValue in (90, 270):
        rows, columns = columns, rows
    return rows, columns, PixelFormat(int(descriptor.PixelFormat.fValue))


def settings_in(descriptor: FrameDescriptor, settings: Settings) -> Settings:
    """Return `settings`, replaced by all that the descriptor says. Also takes the wrapper's own descriptor class."""
    roi, addressing = descriptor.Roi, descriptor.PixelAddressingValue
    shading = descriptor.WhiteShading
    return replace(
        settings,
        roi=Roi(*(int(value) for value in (roi.fLeft, roi.fTop, roi.fWidth, roi.fHeight))),
        pixel_format=PixelFormat(int(descriptor.PixelFormat.fValue)),
        exposure_s=descriptor.Shutter.fValue,
        gain_db=descriptor.Gain.fValue,
        addressing_mode=int(descriptor.DecimationMode.fValue),
        addressing_x=int(addressing.fHorizontal),
        addressing_y=int(addressing.fVertical),
        flip_horizontal=bool(descriptor.Flip.fHorizontal),
        flip_vertical=bool(descriptor.Flip.fVertical),
        rotation_degrees=int(descriptor.Rotate.fValue),
        white_shading=(shading.fRedGain, shading.fGreenGain, shading.fBlueGain),
        gamma=None if descriptor.Gamma.fValue == 1.0 else descriptor.Gamma.fValue,
    )


def frame_bytes(descriptor: FrameDescriptor) -> int:
    rows, columns, pixel_format = delivered_shape(descriptor)
    return layout_of(pixel_format).frame_bytes(rows, columns)
