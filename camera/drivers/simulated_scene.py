"""What the simulated camera sees: sensors of several kinds, a specimen under a lamp, and the noise of its light."""

import threading
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from camera.drivers.specimen import blur, draw_banner, draw_specimen

FULL_WELL_ELECTRONS = 12_000
READ_NOISE_ELECTRONS = 8.0
NOISE_VARIANTS = 4
LEVELS = 256


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A sensor under a lamp. `row_readout_us` bounds the frame rate, as in real sensors; the lamp, seen through no
    specimen, saturates the sensor after `lamp_saturates_after_ms` at 0 dB."""

    name: str
    width: int
    height: int
    is_colour: bool
    significant_bits: int
    row_readout_us: float = 5.0
    lamp_saturates_after_ms: float = 125.0


MODELS = {
    model.name: model
    for model in (
        SimulatedModel("colour-2mp", 1920, 1080, True, 8),
        SimulatedModel("colour-2mp-bright", 1920, 1080, True, 8, row_readout_us=3.0, lamp_saturates_after_ms=1.25),
        SimulatedModel("colour-5mp", 2592, 2048, True, 8),
        SimulatedModel("colour-2mp-12bit", 1920, 1080, True, 12),
        SimulatedModel("mono-2mp", 1920, 1200, False, 8),
        SimulatedModel("mono-5mp-12bit", 2592, 2048, False, 12),
        SimulatedModel("mono-1mp-16bit", 1280, 960, False, 16),
        SimulatedModel("colour-small", 320, 240, True, 8),
        SimulatedModel("mono-small-12bit", 320, 240, False, 12),
    )
}


class SimulatedScene:
    """The specimen under the lamp, and what a sensor makes of it. Safe to use from any thread."""

    def __init__(self, model: SimulatedModel, seed: int, defocus_px: float) -> None:
        self._model = model
        self._seed = seed
        self._defocus_px = defocus_px
        self._lock = threading.Lock()
        self._taken: dict[tuple[float, float, int], np.ndarray] = {}

    def prepare(self) -> np.ndarray:
        """Draw the specimen, once; a second or two for a large sensor."""
        with self._lock:
            return light_levels(self._model, self._seed, self._defocus_px)

    def expose(self, exposure_ms: float, gain_db: float, frame_number: int) -> np.ndarray:
        """Pixels of a frame, read-only. A few with different noise are drawn for each setting and used in turn."""
        key = (exposure_ms, gain_db, frame_number % NOISE_VARIANTS)
        levels = self.prepare()
        with self._lock:
            if key not in self._taken:
                while len(self._taken) >= 2 * NOISE_VARIANTS:
                    self._taken.pop(next(iter(self._taken)))
                self._taken[key] = self._draw(levels, *key)
            return self._taken[key]

    def _draw(self, levels: np.ndarray, exposure_ms: float, gain_db: float, variant: int) -> np.ndarray:
        """Each pixel's value is looked up by its light and a random byte, in a table made for these settings."""
        table = response_table(self._model, exposure_ms, gain_db).reshape(-1)
        noise = np.random.default_rng((self._seed, variant)).integers(0, LEVELS, levels.shape, dtype=np.uint8)
        pixels = table.take(levels | noise)
        self._label(pixels)
        pixels.flags.writeable = False
        return pixels

    @property
    def label_rows(self) -> int:
        """How many rows at the top say SIMULATED."""
        return max(12, self._model.height // 18)

    def _label(self, pixels: np.ndarray) -> None:
        banner = draw_banner(self._model.width, self.label_rows) > 127
        full = (1 << self._model.significant_bits) - 1
        strip = np.where(banner, full, 0).astype(pixels.dtype)
        pixels[: self.label_rows] = strip[:, :, None] if pixels.ndim == 3 else strip


@lru_cache(maxsize=2)
def light_levels(model: SimulatedModel, seed: int, defocus_px: float) -> np.ndarray:
    """For each pixel, and each colour of it, its row of the response table times the table's row length: uint16.

    Kept, so that a camera that is opened anew need not draw again."""
    light = draw_specimen(model.width, model.height, seed=seed)
    if defocus_px:
        light = blur(light, defocus_px)
    if not model.is_colour:
        light = light.mean(axis=2)
    return np.round(np.clip(light, 0, 1) * (LEVELS - 1)).astype(np.uint16) * LEVELS


def response_table(model: SimulatedModel, exposure_ms: float, gain_db: float) -> np.ndarray:
    """Pixel values [light level, noise byte] as the sensor gives them: (256, 256), uint8 or uint16.

    Light is turned into electrons; their count varies by its square root (shot noise) and by the read noise; the
    gain (20 dB are a factor of ten) multiplies; the converter cuts off at full scale.
    """
    light = np.linspace(0, 1, LEVELS)[:, None]
    electrons = light * FULL_WELL_ELECTRONS * exposure_ms / model.lamp_saturates_after_ms
    deviation = np.sqrt(np.minimum(electrons, FULL_WELL_ELECTRONS) + READ_NOISE_ELECTRONS**2)
    noisy = np.minimum(electrons + deviation * _normal_quantiles()[None, :], FULL_WELL_ELECTRONS)
    full = (1 << model.significant_bits) - 1
    values = noisy * 10 ** (gain_db / 20) * full / FULL_WELL_ELECTRONS
    return np.clip(np.round(values), 0, full).astype(np.uint8 if model.significant_bits <= 8 else np.uint16)


def _normal_quantiles() -> np.ndarray:
    """256 equally likely values of a standard normal variable."""
    return np.array([NormalDist().inv_cdf((place + 0.5) / LEVELS) for place in range(LEVELS)])
