"""Automatic exposure and white balance. They finish some frames after the request, and need a running stream."""

from dataclasses import replace

import numpy as np

from .characteristics import Characteristics
from .codes import FeatureFlag, StreamState
from .sensor import Sensor
from .settings import Settings
from .stream import Stream

_FRAMES_NEEDED = 3
_TARGET = 0.4  # of full scale, mean of the scene


def settle_automatics(settings: Settings, stream: Stream, model: Characteristics, sensor: Sensor) -> Settings:
    """Return the settings after automatic control. ONEPUSH ends in MANUAL; AUTO stays and follows the gain."""
    if stream.state != StreamState.START or stream.frames_since_change < _FRAMES_NEEDED:
        return settings
    is_white_found = stream.frames_since_change >= model.white_balance_frames
    if settings.exposure_mode != FeatureFlag.MANUAL:
        settings = _with_fitting_exposure(settings, model, sensor)
    if settings.white_shading_mode == FeatureFlag.ONEPUSH and is_white_found:
        settings = _with_grey_world(settings, sensor)
    return settings


def _with_fitting_exposure(settings: Settings, model: Characteristics, sensor: Sensor) -> Settings:
    brightness = float(sensor.scene.mean()) * 10 ** (settings.gain_db / 20)
    wanted_s = _TARGET / max(brightness, 1e-6) * sensor.reference_exposure_s
    fitting_s = min(max(wanted_s, settings.auto_minimum_s), settings.auto_maximum_s)
    exposure_s = float(np.float32(round(fitting_s / model.exposure_step_s) * model.exposure_step_s))
    is_once = settings.exposure_mode == FeatureFlag.ONEPUSH
    mode = FeatureFlag.MANUAL if is_once else settings.exposure_mode
    return replace(settings, exposure_s=exposure_s, exposure_mode=mode)


def _with_grey_world(settings: Settings, sensor: Sensor) -> Settings:
    red, green, blue = (float(mean) for mean in sensor.scene.mean(axis=(0, 1)))
    gains = (float(np.float32(green / red)), 1.0, float(np.float32(green / blue)))
    return replace(settings, white_shading=gains, white_shading_mode=FeatureFlag.MANUAL)
