"""From the scene to sample values: exposure, gain, saturation, pixel addressing, colour mosaic, flip and rotation.

There is no noise: the same settings give the same samples, and `Sensor.samples` predicts them for a test.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .characteristics import Characteristics
from .codes import Addressing
from .pixel_formats import Layout, layout_of
from .scene import Scene, draw_scene
from .settings import Settings

Samples = NDArray[np.uint16]

_CHANNELS = {"R": 0, "G": 1, "B": 2}


@dataclass(frozen=True)
class Sensor:
    """`bayer_pattern` names the colours of the first two rows at the sensor's corner; None for a mono sensor."""

    scene: Scene
    significant_bits: int
    bayer_pattern: str | None
    reference_exposure_s: float = 0.01

    @property
    def full_scale(self) -> int:
        return (1 << self.significant_bits) - 1

    def samples(self, settings: Settings, light_factor: float = 1.0) -> Samples:
        """Return samples right-justified in `significant_bits`: [rows, columns] for mono and Bayer formats, otherwise
        [rows, columns, 3].

        Each sample is floor(scene * exposure / reference * 10^(gain/20) * full scale + 0.5), clipped at full scale.
        Flips come before the rotation (as in the vendor's application), which is clockwise (an assumption).
        """
        layout = layout_of(settings.pixel_format)
        planes = self._digitise(self._light(settings, layout), settings, light_factor)
        frame = self._mosaic(_address(planes, settings, self.full_scale), layout)
        return turn(self._with_gamma(frame, settings), settings)

    def delivered_pattern(self, settings: Settings) -> str | None:
        """Return the Bayer pattern of the frame as it lies in the buffer: flips and rotation move the colours."""
        if self.bayer_pattern is None:
            return None
        sites = np.array(list(self.bayer_pattern)).reshape(2, 2)
        rows, columns = settings.rows % 2 + 2, settings.columns % 2 + 2
        tile = np.tile(sites, (2, 2))[:rows, :columns]
        return "".join(turn(tile, settings)[:2, :2].ravel())

    def _light(self, settings: Settings, layout: Layout) -> NDArray[np.float64]:
        left, top, width, height = settings.roi
        crop = self.scene[top : top + height, left : left + width].astype(np.float64)
        if layout.family == "MONO":
            return crop.mean(axis=2, keepdims=True)
        return crop * np.array(settings.white_shading)

    def _digitise(self, light: NDArray[np.float64], settings: Settings, light_factor: float) -> NDArray[np.int64]:
        amount = settings.exposure_s / self.reference_exposure_s * 10 ** (settings.gain_db / 20) * light_factor
        digital = np.floor(light * (amount * self.full_scale) + 0.5)
        return np.minimum(digital, self.full_scale).astype(np.int64)

    def _mosaic(self, planes: NDArray[np.int64], layout: Layout) -> NDArray[np.int64]:
        if layout.family == "MONO":
            return planes[:, :, 0]
        if layout.family != "BAYER":
            return planes
        mosaic = np.empty(planes.shape[:2], np.int64)
        for site, colour in enumerate(self.bayer_pattern or "GRBG"):
            row, column = divmod(site, 2)
            mosaic[row::2, column::2] = planes[row::2, column::2, _CHANNELS[colour]]
        return mosaic

    def _with_gamma(self, frame: NDArray[np.int64], settings: Settings) -> Samples:
        if settings.gamma is None:
            return frame.astype(np.uint16)
        bent = (frame / self.full_scale) ** (1 / settings.gamma) * self.full_scale
        return np.floor(bent + 0.5).astype(np.uint16)


def _address(planes: NDArray[np.int64], settings: Settings, full_scale: int) -> NDArray[np.int64]:
    """Decimate takes the first pixel of a block, bin sums (and saturates), average and resample take the mean."""
    step_x, step_y = settings.addressing_x, settings.addressing_y
    if (step_x, step_y) == (1, 1):
        return planes
    if settings.addressing_mode == Addressing.DECIMATE:
        return planes[::step_y, ::step_x]
    height, width = settings.rows * step_y, settings.columns * step_x
    padding = ((0, height - planes.shape[0]), (0, width - planes.shape[1]), (0, 0))
    blocks = np.pad(planes, padding, mode="edge").reshape(settings.rows, step_y, settings.columns, step_x, -1)
    sums = blocks.sum(axis=(1, 3))
    return np.minimum(sums, full_scale) if settings.addressing_mode == Addressing.BIN else sums // (step_x * step_y)


def turn(frame: NDArray, settings: Settings) -> NDArray:
    if settings.flip_horizontal:
        frame = frame[:, ::-1]
    if settings.flip_vertical:
        frame = frame[::-1]
    return np.rot90(frame, k=-settings.rotation_degrees // 90)


def make_sensor(model: Characteristics) -> Sensor:
    scene = draw_scene(model.sensor_width, model.sensor_height)
    return Sensor(scene, model.significant_bits, model.bayer_pattern if model.is_colour else None)
