"""Handles the values of PxLSetFeature: checks them, and rounds them to what the camera can do or refuses them."""

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from .characteristics import Characteristics
from .codes import MODE_FLAGS, FeatureFlag, FeatureId, PixelFormat, RefusedError, ReturnCode
from .features import Feature, describe
from .pixel_formats import layout_of
from .settings import Roi, Settings, Trigger

Values = tuple[float, ...]
_MIN_PARAMETERS = {FeatureId.EXPOSURE: 1, FeatureId.PIXEL_ADDRESSING: 2}


def adjust(feature_id: int, flags: int, values: Values, model: Characteristics, settings: Settings) -> Settings:
    """Return the settings that the camera then has. `was_rounded` decides about the return code."""
    feature = describe(feature_id, model, settings)
    if not feature.is_present:
        raise RefusedError(ReturnCode.ApiNotSupportedError, f"the camera has no feature {feature_id}")
    if feature.id in model.read_only_features:
        raise RefusedError(ReturnCode.ApiNotSupportedError, f"feature {feature_id} can only be read")
    mode = _mode(flags, feature)
    if mode == FeatureFlag.MANUAL:
        return _SETTERS[FeatureId(feature_id)](_within(feature, values, model), model, settings)
    return _MODES[feature_id, mode](settings)


def was_rounded(feature_id: int, values: Values, accepted: Values) -> bool:
    """Return True if the camera's values differ from the requested ones by more than the error of a 32-bit float."""
    if feature_id == FeatureId.PIXEL_FORMAT:
        return False
    return any(
        not math.isclose(wanted, got, rel_tol=1e-6, abs_tol=1e-9) for wanted, got in zip(values, accepted, strict=False)
    )


def _mode(flags: int, feature: Feature) -> FeatureFlag:
    """Return the mode. Each call must set exactly one mode bit (PixeLINKTypes.h); the other bits do not matter."""
    mode = FeatureFlag(flags & int(MODE_FLAGS))
    if mode not in (FeatureFlag.MANUAL, FeatureFlag.AUTO, FeatureFlag.ONEPUSH, FeatureFlag.OFF):
        raise RefusedError(ReturnCode.ApiInvalidParameterError, "not exactly one of MANUAL, AUTO, ONEPUSH and OFF")
    if not mode & feature.flags:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"feature {feature.id} has no mode {mode!r}")
    return mode


def _within(feature: Feature, values: Values, model: Characteristics) -> Values:
    least = _MIN_PARAMETERS.get(FeatureId(feature.id), len(feature.limits))
    if not least <= len(values) <= len(feature.limits) or any(math.isnan(value) for value in values):
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"{values} for {len(feature.limits)} parameters")
    return tuple(_limited(value, *limits, model) for value, limits in zip(values, feature.limits, strict=False))


def _limited(value: float, low: float, high: float, model: Characteristics) -> float:
    if np.float32(low) <= value <= np.float32(high):
        return value
    if model.out_of_range == "clamp":
        return min(max(value, low), high)
    is_range = model.out_of_range == "out_of_range"
    code = ReturnCode.ApiOutOfRangeError if is_range else ReturnCode.ApiInvalidParameterError
    raise RefusedError(code, f"{value} is not within {low} and {high}")


def _to_step(value: float, step: float, low: float, high: float) -> float:
    """Return the nearest value that the camera can take, as the 32-bit float in which the camera reports it."""
    return float(np.float32(min(max(round(value / step) * step, low), high)))


def _set_exposure(values: Values, model: Characteristics, settings: Settings) -> Settings:
    exposure_s, *automatic_s = (_to_step(value, model.exposure_step_s, *model.exposure_limits_s) for value in values)
    changed = replace(settings, exposure_s=exposure_s, exposure_mode=FeatureFlag.MANUAL)
    if len(automatic_s) == 2:
        return replace(changed, auto_minimum_s=automatic_s[0], auto_maximum_s=automatic_s[1])
    return changed


def _set_gain(values: Values, model: Characteristics, settings: Settings) -> Settings:
    return replace(settings, gain_db=_to_step(values[0], model.gain_step_db, *model.gain_limits_db))


def _set_roi(values: Values, model: Characteristics, settings: Settings) -> Settings:
    """Round all values to the model's steps. If the region then extends beyond the sensor, move it back."""
    step_x, step_y = model.roi_step
    left, top, width, height = (
        _to_granularity(value, step, model) for value, step in zip(values, model.roi_step * 2, strict=True)
    )
    width, height = min(width, model.sensor_width), min(height, model.sensor_height)
    left = min(left, (model.sensor_width - width) // step_x * step_x)
    top = min(top, (model.sensor_height - height) // step_y * step_y)
    return _with_possible_frame_rate(replace(settings, roi=Roi(left, top, width, height)), model)


def _to_granularity(value: float, step: int, model: Characteristics) -> int:
    if model.roi_rounding == "refuse" and value % step:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"{value} is no multiple of {step}")
    if model.roi_rounding == "nearest":
        return int(value / step + 0.5) * step
    return math.ceil(value / step) * step if model.roi_rounding == "up" else int(value) // step * step


def _set_addressing(values: Values, model: Characteristics, settings: Settings) -> Settings:
    value, mode = int(values[0]), int(values[1])
    if mode not in model.addressing_modes:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no pixel addressing mode {mode}")
    across, down = (int(values[2]), int(values[3])) if len(values) == 4 else (value, value)
    if model.addressing_values and not {value, across, down} <= model.addressing_values:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no pixel addressing by {across} x {down}")
    changed = replace(settings, addressing_mode=mode, addressing_x=across, addressing_y=down)
    return _with_possible_frame_rate(changed, model)


def _set_pixel_format(values: Values, model: Characteristics, settings: Settings) -> Settings:
    """Accept any Bayer number of a packing that the sensor has, and report it. Frames come in the sensor's own
    pattern."""
    if values[0] not in set(model.formats):
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no pixel format {values[0]}")
    changed = replace(settings, pixel_format=PixelFormat(int(values[0])))
    if layout_of(changed.pixel_format).family == "YUV" and changed.columns % 2:
        raise RefusedError(ReturnCode.ApiInvalidParameterError, "YUV422 needs an even number of columns")
    return _with_possible_frame_rate(changed, model)


def _with_possible_frame_rate(settings: Settings, model: Characteristics) -> Settings:
    if settings.frame_rate_hz is None:
        return settings
    return replace(settings, frame_rate_hz=min(settings.frame_rate_hz, 1 / model.readout_s(settings)))


def _set_rotation(values: Values, _: Characteristics, settings: Settings) -> Settings:
    if values[0] not in (0, 90, 180, 270):
        raise RefusedError(ReturnCode.ApiInvalidParameterError, f"no rotation by {values[0]}")
    return replace(settings, rotation_degrees=int(values[0]))


def _set_trigger(values: Values, _: Characteristics, settings: Settings) -> Settings:
    mode, kind, polarity, delay_s, parameter = values
    return replace(settings, trigger=Trigger(True, int(mode), int(kind), int(polarity), delay_s, parameter))


_SETTERS: dict[FeatureId, Callable[[Values, Characteristics, Settings], Settings]] = {
    FeatureId.EXPOSURE: _set_exposure,
    FeatureId.GAIN: _set_gain,
    FeatureId.ROI: _set_roi,
    FeatureId.PIXEL_ADDRESSING: _set_addressing,
    FeatureId.PIXEL_FORMAT: _set_pixel_format,
    FeatureId.ROTATE: _set_rotation,
    FeatureId.TRIGGER: _set_trigger,
    FeatureId.FRAME_RATE: lambda values, _, settings: replace(settings, frame_rate_hz=values[0]),
    FeatureId.FLIP: lambda values, _, settings: replace(
        settings, flip_horizontal=values[0] >= 0.5, flip_vertical=values[1] >= 0.5
    ),
    FeatureId.WHITE_SHADING: lambda values, _, settings: replace(
        settings, white_shading=(values[0], values[1], values[2]), white_shading_mode=FeatureFlag.MANUAL
    ),
    FeatureId.GAMMA: lambda values, _, settings: replace(settings, gamma=values[0]),
}

_MODES: dict[tuple[int, FeatureFlag], Callable[[Settings], Settings]] = {
    (FeatureId.EXPOSURE, FeatureFlag.AUTO): lambda settings: replace(settings, exposure_mode=FeatureFlag.AUTO),
    (FeatureId.EXPOSURE, FeatureFlag.ONEPUSH): lambda settings: replace(settings, exposure_mode=FeatureFlag.ONEPUSH),
    (FeatureId.WHITE_SHADING, FeatureFlag.ONEPUSH): lambda settings: replace(
        settings, white_shading_mode=FeatureFlag.ONEPUSH
    ),
    (FeatureId.FRAME_RATE, FeatureFlag.OFF): lambda settings: replace(settings, frame_rate_hz=None),
    (FeatureId.GAMMA, FeatureFlag.OFF): lambda settings: replace(settings, gamma=None),
    (FeatureId.TRIGGER, FeatureFlag.OFF): lambda settings: replace(
        settings, trigger=settings.trigger._replace(enabled=False)
    ),
}
