"""What the simulated camera sees: several sensor models, a specimen under a lamp, and noise."""

import random
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np

from camera.drivers.settings import Settings
from camera.drivers.simulated.frame import bin_pixels, label, turn
from camera.drivers.simulated.specimen import blur, draw_specimen
from camera.frame import Roi
from camera.memory import UNUSED_S

FULL_WELL_ELECTRONS = 12_000
READ_NOISE_ELECTRONS = 8.0
NOISE_VARIANTS = 4
LEVELS = 256
# The lamp's red, green and blue. It is warm like halogen, so that the white balance has something to correct.
LAMP = (1.0, 0.94, 0.82)
BACKGROUND_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A sensor under a lamp. `row_readout_us` limits the frame rate, as in real sensors. Without a specimen, the lamp
    saturates the sensor after `lamp_saturates_after_ms` at 0 dB."""

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
    """The specimen under the lamp as the sensor sees it. Safe to use from any thread."""

    def __init__(self, model: SimulatedModel, seed: int, defocus_px: float) -> None:
        self._model = model
        self._seed = seed
        self._defocus_px = defocus_px
        self._lock = threading.Lock()
        self._taken: dict[tuple[Settings, int], np.ndarray] = {}
        self._used_at_s = float("-inf")

    def prepare(self) -> np.ndarray:
        """Draw the specimen once and return its light levels. Blocks for one or two seconds for a large sensor."""
        with self._lock:
            return light_levels(self._model, self._seed, self._defocus_px)

    def expose(self, settings: Settings, bits: int, frame_number: int) -> np.ndarray:
        """Return the pixels of a frame with `bits` bits, read-only. A few variants with different noise are drawn and
        kept for each setting."""
        key = (settings, noise_variant(frame_number))
        levels = self.prepare()
        with self._lock:
            self._used_at_s = time.monotonic()
            if key not in self._taken:
                # Enough for two settings: watchers and a capture can have different ones.
                while len(self._taken) >= 2 * NOISE_VARIANTS:
                    self._taken.pop(next(iter(self._taken)))
                self._taken[key] = self._draw(levels, *key, bits)
            return self._taken[key]

    def forget_unused(self, unused_s: float = UNUSED_S) -> None:
        """Free the drawn frames if none was used for `unused_s`."""
        with self._lock:
            if time.monotonic() - self._used_at_s >= unused_s:
                self._taken.clear()

    def find_white(self, roi: Roi) -> tuple[float, float, float]:
        """Return the gains that make the empty background of a region neutral. The gain of green is 1."""
        light = self._crop(self.prepare(), roi)[::4, ::4].reshape(-1, 3).astype(np.float64)
        brightness = light.sum(axis=1)
        background = light[brightness >= np.quantile(brightness, 1 - BACKGROUND_SHARE)].mean(axis=0)
        red, green, blue = np.maximum(background, 1)
        return float(green / red), 1.0, float(green / blue)

    def _draw(self, levels: np.ndarray, settings: Settings, variant: int, bits: int) -> np.ndarray:
        full = (1 << bits) - 1
        values = self._convert(self._crop(levels, settings.roi), settings, variant, bits)
        pixels = np.ascontiguousarray(turn(bin_pixels(values, settings.binning, full), settings))
        label(pixels, full)
        pixels.flags.writeable = False
        return pixels

    def _convert(self, levels: np.ndarray, settings: Settings, variant: int, bits: int) -> np.ndarray:
        """Look up each pixel's value by its light level and a random byte, in a table for these settings. This is much
        faster than to compute the noise for each pixel."""
        noise = np.random.default_rng((self._seed, variant)).integers(0, LEVELS, levels.shape, dtype=np.uint8)
        gains = settings.white_balance or (1.0,)
        tables = [response_table(self._model, settings, bits, gain).reshape(-1) for gain in gains]
        # One table for all colours is faster than one for each.
        if len(set(gains)) == 1:
            return tables[0].take(levels | noise)
        values = np.empty(levels.shape, tables[0].dtype)
        for colour, table in enumerate(tables):
            values[..., colour] = table.take(levels[..., colour] | noise[..., colour])
        return values

    def _crop(self, levels: np.ndarray, roi: Roi) -> np.ndarray:
        return levels[roi.top : roi.top + roi.height, roi.left : roi.left + roi.width]


def noise_variant(frame_number: int) -> int:
    """Return the noise variant of a frame, always the same for its number. The order is random: a client that sees
    every fourth frame would otherwise see a still picture."""
    return random.Random(frame_number).randrange(NOISE_VARIANTS)


@lru_cache(maxsize=2)
def light_levels(model: SimulatedModel, seed: int, defocus_px: float) -> np.ndarray:
    """Return uint16 (height, width) or (height, width, 3): the light level of each pixel times 256, the offset of its
    row in the flat response table.

    Cached, so that a reopened camera does not draw again.
    """
    light = draw_specimen(model.width, model.height, seed=seed)
    if defocus_px:
        light = blur(light, defocus_px)
    light = light * np.array(LAMP, np.float32) if model.is_colour else light.mean(axis=2)
    return np.round(np.clip(light, 0, 1) * (LEVELS - 1)).astype(np.uint16) * LEVELS


# Enough for the colours of two settings: watchers and a capture can have different ones.
@lru_cache(maxsize=6)
def response_table(model: SimulatedModel, settings: Settings, bits: int, colour_gain: float = 1.0) -> np.ndarray:
    """Return the pixel values for [light level, noise byte]: (256, 256), uint8 or uint16, read-only.

    Light becomes electrons, whose number varies by its square root (shot noise) and by the read noise. The gain (20 dB
    are a factor of 10) and the gain of the colour multiply the signal. The converter clips at full scale. The gamma is
    applied last.
    """
    light = np.linspace(0, 1, LEVELS)[:, None]
    electrons = light * FULL_WELL_ELECTRONS * settings.exposure_ms / model.lamp_saturates_after_ms
    # The variance of the number of electrons is the number itself (Poisson).
    deviation = np.sqrt(np.minimum(electrons, FULL_WELL_ELECTRONS) + READ_NOISE_ELECTRONS**2)
    noisy = np.minimum(electrons + deviation * _normal_quantiles()[None, :], FULL_WELL_ELECTRONS)
    full = (1 << bits) - 1
    values = noisy * 10 ** (settings.gain_db / 20) * colour_gain * full / FULL_WELL_ELECTRONS
    bent = full * (np.clip(values, 0, full) / full) ** (1 / (settings.gamma or 1.0))
    table = np.round(bent).astype(np.uint8 if bits <= 8 else np.uint16)
    table.flags.writeable = False
    return table


@lru_cache(maxsize=1)
def _normal_quantiles() -> np.ndarray:
    """Return 256 equally likely values of a standard normal variable."""
    return np.array([NormalDist().inv_cdf((place + 0.5) / LEVELS) for place in range(LEVELS)])
