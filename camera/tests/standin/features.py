"""The features of a camera: flags, current limits, and values."""

import ctypes
from dataclasses import dataclass

from .characteristics import Characteristics
from .codes import FEATURES_TOTAL, MODE_FLAGS, FeatureFlag, FeatureId
from .settings import Settings
from .structures import CameraFeature, CameraFeatures, FeatureLimits

Limits = tuple[tuple[float, float], ...]

_LIVE = FeatureFlag.SETTABLE_WHILE_STREAMING
_AUTOMATIC = FeatureFlag.MANUAL | FeatureFlag.AUTO | FeatureFlag.ONEPUSH
_NO_FLAGS = FeatureFlag(0)
_CAN_BE_OFF = FeatureFlag.MANUAL | FeatureFlag.OFF
_KEPT = FeatureFlag.PERSISTABLE

# RefusedError while streaming (no _LIVE): what the knowledge base and the vendor's ROS node list.
_FLAGS: dict[FeatureId, FeatureFlag] = {
    FeatureId.EXPOSURE: _AUTOMATIC | _LIVE | _KEPT | FeatureFlag.VOLATILE,
    FeatureId.GAIN: FeatureFlag.MANUAL | _LIVE | _KEPT,
    FeatureId.SENSOR_TEMPERATURE: FeatureFlag.READ_ONLY | FeatureFlag.VOLATILE,
    FeatureId.BODY_TEMPERATURE: FeatureFlag.READ_ONLY | FeatureFlag.VOLATILE,
    FeatureId.TRIGGER: _CAN_BE_OFF | _KEPT,
    FeatureId.FRAME_RATE: _CAN_BE_OFF | _KEPT | FeatureFlag.VOLATILE,
    FeatureId.ROI: FeatureFlag.MANUAL | _KEPT,
    FeatureId.FLIP: FeatureFlag.MANUAL | _LIVE | FeatureFlag.EMULATION,
    FeatureId.PIXEL_ADDRESSING: FeatureFlag.MANUAL | _KEPT,
    FeatureId.PIXEL_FORMAT: FeatureFlag.MANUAL | _KEPT,
    FeatureId.WHITE_SHADING: FeatureFlag.MANUAL | FeatureFlag.ONEPUSH | _LIVE | _KEPT,
    FeatureId.ROTATE: FeatureFlag.MANUAL | _LIVE | FeatureFlag.EMULATION,
    FeatureId.GAMMA: _CAN_BE_OFF | _LIVE | _KEPT,
    FeatureId.MAX_PIXEL_SIZE: FeatureFlag.READ_ONLY,
    FeatureId.ACTUAL_FRAME_RATE: FeatureFlag.READ_ONLY | FeatureFlag.VOLATILE,
}


@dataclass(frozen=True)
class Feature:
    id: int
    flags: FeatureFlag = _NO_FLAGS
    limits: Limits = ()

    @property
    def is_present(self) -> bool:
        return bool(self.flags & FeatureFlag.PRESENCE)


def describe(feature_id: int, model: Characteristics, settings: Settings) -> Feature:
    """Describe the feature. An absent one has neither flags nor limits, because the call about it succeeds too."""
    if not model.has(feature_id) or (feature_id == FeatureId.WHITE_SHADING and not model.is_colour):
        return Feature(feature_id)
    known = FeatureId(feature_id)
    flags = _FLAGS[known] | FeatureFlag.PRESENCE
    if known in model.stopped_only_features:
        flags &= ~_LIVE
    return Feature(known, flags, _limits(known, model, settings))


def describe_all(model: Characteristics, settings: Settings) -> list[Feature]:
    """Return every feature once, not in the order of their numbers: samples warn programs not to rely on positions."""
    ids = sorted(range(FEATURES_TOTAL), key=lambda feature_id: (feature_id % 7, feature_id))
    return [describe(feature_id, model, settings) for feature_id in ids]


def _limits(feature_id: FeatureId, model: Characteristics, settings: Settings) -> Limits:
    match feature_id:
        case FeatureId.EXPOSURE:
            return (model.exposure_limits_s,) * model.exposure_parameter_count
        case FeatureId.GAIN:
            return (model.gain_limits_db,)
        case FeatureId.ROI:
            return _roi_limits(model)
        case FeatureId.PIXEL_ADDRESSING:
            value, mode = (1, model.addressing_maximum), (min(model.addressing_modes), max(model.addressing_modes))
            return (value, mode, value, value)[: model.addressing_parameter_count]
        case FeatureId.PIXEL_FORMAT:
            return ((min(model.formats), max(model.formats)),)
        case FeatureId.FRAME_RATE | FeatureId.ACTUAL_FRAME_RATE:
            return ((0.01, 1 / model.readout_s(settings)),)
        case FeatureId.TRIGGER:
            return ((0, 14), (0, 2), (0, 1), (0, 1), (0, 255))
        case FeatureId.MAX_PIXEL_SIZE:
            return ((8, model.significant_bits),)
        case _:
            return _FIXED_LIMITS[feature_id]


_FIXED_LIMITS: dict[FeatureId, Limits] = {
    FeatureId.SENSOR_TEMPERATURE: ((-40, 125),),
    FeatureId.BODY_TEMPERATURE: ((-40, 125),),
    FeatureId.FLIP: ((0, 1), (0, 1)),
    FeatureId.ROTATE: ((0, 270),),
    FeatureId.WHITE_SHADING: ((0, 4),) * 3,
    FeatureId.GAMMA: ((0.45, 4),),
}


def _roi_limits(model: Characteristics) -> Limits:
    width, height = model.roi_minimum
    return (
        (0, model.sensor_width - width),
        (0, model.sensor_height - height),
        (width, model.sensor_width),
        (height, model.sensor_height),
    )


def mode_of(feature_id: int, settings: Settings) -> FeatureFlag:
    """Return the current mode of the feature: MANUAL, AUTO, ONEPUSH or OFF."""
    match feature_id:
        case FeatureId.EXPOSURE:
            return settings.exposure_mode
        case FeatureId.WHITE_SHADING:
            return settings.white_shading_mode
        case FeatureId.FRAME_RATE:
            return FeatureFlag.OFF if settings.frame_rate_hz is None else FeatureFlag.MANUAL
        case FeatureId.GAMMA:
            return FeatureFlag.OFF if settings.gamma is None else FeatureFlag.MANUAL
        case FeatureId.TRIGGER:
            return FeatureFlag.MANUAL if settings.trigger.enabled else FeatureFlag.OFF
        case _:
            return FeatureFlag.MANUAL


def values_of(feature_id: int, settings: Settings, readings: dict[FeatureId, float]) -> tuple[float, ...]:
    """Return all parameters of a feature. `readings` are the values that the camera measures or knows by itself."""
    addressing = (max(settings.addressing_x, settings.addressing_y), settings.addressing_mode)
    chosen: dict[int, tuple[float, ...]] = {
        FeatureId.EXPOSURE: (settings.exposure_s, settings.auto_minimum_s, settings.auto_maximum_s),
        FeatureId.GAIN: (settings.gain_db,),
        FeatureId.ROI: settings.roi,
        FeatureId.PIXEL_ADDRESSING: (*addressing, settings.addressing_x, settings.addressing_y),
        FeatureId.PIXEL_FORMAT: (settings.pixel_format,),
        FeatureId.FRAME_RATE: (settings.frame_rate_hz or readings[FeatureId.ACTUAL_FRAME_RATE],),
        FeatureId.TRIGGER: settings.trigger[1:],
        FeatureId.FLIP: (settings.flip_horizontal, settings.flip_vertical),
        FeatureId.ROTATE: (settings.rotation_degrees,),
        FeatureId.WHITE_SHADING: settings.white_shading,
        FeatureId.GAMMA: (settings.gamma or 1.0,),
    }
    return chosen.get(feature_id) or (readings[FeatureId(feature_id)],)


def current_flags(feature: Feature, settings: Settings) -> FeatureFlag:
    return (feature.flags & ~MODE_FLAGS) | (mode_of(feature.id, settings) & feature.flags)


def as_memory(features: list[Feature], address: int) -> bytes:
    """Return CAMERA_FEATURES as one block: head, features, limits. Its pointers are right if it lies at `address`."""
    head_bytes, feature_bytes = ctypes.sizeof(CameraFeatures), ctypes.sizeof(CameraFeature)
    limits_at = address + head_bytes + feature_bytes * len(features)
    described, limits = b"", b""
    for feature in features:
        parameters_at = limits_at + len(limits) if feature.limits else 0
        described += _feature_memory(feature, parameters_at)
        limits += b"".join(bytes(FeatureLimits(low, high)) for low, high in feature.limits)
    head = CameraFeatures(head_bytes + len(described) + len(limits), len(features))
    head.Features = ctypes.cast(address + head_bytes, ctypes.POINTER(CameraFeature))
    return bytes(head) + described + limits


def _feature_memory(feature: Feature, parameters_at: int) -> bytes:
    """Return the memory of one feature. `parameters_at` 0 is the NULL pointer of an absent feature."""
    record = CameraFeature(int(feature.id), int(feature.flags), len(feature.limits))
    record.Params = ctypes.cast(parameters_at, ctypes.POINTER(FeatureLimits))
    return bytes(record)
