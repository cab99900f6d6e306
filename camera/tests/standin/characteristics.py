"""The characteristics of a camera model: everything that is fixed while the camera is plugged in."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from .codes import FeatureId, PixelFormat
from .pixel_formats import POLAR_FORMATS, layout_of
from .settings import Roi, Settings

OutOfRange = Literal["out_of_range", "invalid_parameter", "clamp"]
Rounding = Literal["down", "nearest", "up", "refuse"]

_MONO_FORMATS = frozenset(pixel_format for pixel_format in PixelFormat if pixel_format.name.startswith("MONO"))
_COLOUR_FORMATS = frozenset(PixelFormat) - _MONO_FORMATS - POLAR_FORMATS


@dataclass(frozen=True)
class Characteristics:
    """The defaults are a small, quick machine vision camera. Limits are in seconds of exposure and dB of gain.

    `roi_step` and `roi_minimum` are (columns, rows). `addressing_values`: the values that the camera really takes; if
    empty, all up to the maximum. `gamma_told_while_off`: the gamma that frames report while gamma is off, which is not
    documented. `white_balance_frames`: how many frames a one-push balance takes. `out_of_range`: what a value beyond
    the limits causes: one of two errors, or the limit and ApiSuccessParametersChanged. No public source says which.
    `absent_features` lack the flag PRESENCE; microscopy models lack TRIGGER, for example. `stopped_only_features` lack
    SETTABLE_WHILE_STREAMING, in addition to those that always lack it.
    """

    model: str = "PL-D725MU"
    is_colour: bool = False
    sensor_width: int = 96
    sensor_height: int = 64
    significant_bits: int = 12
    bayer_pattern: str = "GRBG"
    exposure_limits_s: tuple[float, float] = (0.00001, 10.0)
    exposure_step_s: float = 0.00001
    exposure_parameter_count: Literal[1, 3] = 1
    gain_limits_db: tuple[float, float] = (0.0, 18.0)
    gain_step_db: float = 0.1
    roi_step: tuple[int, int] = (8, 2)
    roi_minimum: tuple[int, int] = (16, 8)
    roi_rounding: Rounding = "down"
    addressing_maximum: int = 4
    addressing_values: frozenset[int] = frozenset()
    addressing_parameter_count: Literal[2, 4] = 4
    addressing_modes: tuple[int, ...] = (0, 1, 2, 3)
    pixel_formats: frozenset[PixelFormat] = frozenset()
    absent_features: frozenset[FeatureId] = frozenset()
    read_only_features: frozenset[FeatureId] = field(
        default=frozenset({FeatureId.SENSOR_TEMPERATURE, FeatureId.BODY_TEMPERATURE, FeatureId.ACTUAL_FRAME_RATE})
        | {FeatureId.MAX_PIXEL_SIZE}
    )
    stopped_only_features: frozenset[FeatureId] = frozenset()
    out_of_range: OutOfRange = "out_of_range"
    gamma_told_while_off: float = 1.0
    white_balance_frames: int = 3
    row_time_s: float = 0.00001
    link_bytes_per_s: float = 350e6

    @property
    def formats(self) -> frozenset[PixelFormat]:
        """Return the pixel formats of the camera. Unless `formats` says otherwise they are either grey or coloured."""
        return self.pixel_formats or (_COLOUR_FORMATS if self.is_colour else _MONO_FORMATS)

    def has(self, feature_id: int) -> bool:
        return feature_id in set(FeatureId) and feature_id not in self.absent_features

    def readout_s(self, settings: Settings) -> float:
        """Return the time to read the rows, or to send the bytes if that takes longer."""
        layout = layout_of(settings.pixel_format)
        frame_bytes = layout.frame_bytes(settings.rows, settings.columns)
        return max(settings.rows * self.row_time_s, frame_bytes / self.link_bytes_per_s)

    def factory_settings(self) -> Settings:
        first = PixelFormat.BAYER8_GRBG if self.is_colour else PixelFormat.MONO8
        shortest_s, longest_s = self.exposure_limits_s
        return Settings(
            roi=Roi(0, 0, self.sensor_width, self.sensor_height),
            pixel_format=first if first in self.formats else min(self.formats),
            exposure_s=float(np.float32(min(max(0.01, shortest_s), longest_s))),
            gain_db=float(np.float32(self.gain_limits_db[0])),
            auto_minimum_s=shortest_s,
            auto_maximum_s=longest_s,
        )
