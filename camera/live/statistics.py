"""Image statistics with which the user adjusts light, exposure and focus. They are computed from the full-depth pixels.

They are computed once for each picture, for all watchers, and must not cost more than its JPEG. So the histogram counts
every fourth pixel along each axis, and the shares of clipped and underexposed pixels every second one. This is exact
enough to adjust the camera.
"""

from dataclasses import dataclass

import numpy as np

BINS = 256
HISTOGRAM_STEP = 4
SHARES_STEP = 2
# The focus is measured along rows, so rows can be skipped, but columns cannot.
FOCUS_ROW_STEP = 4
# How strongly the eye sees red, green and blue (ITU-R BT.601).
LUMINANCE_WEIGHTS = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Statistics:
    """`histogram`: counts in 256 equal classes from 0 to full scale; for mono one list, for colour luminance, red,
    green and blue. `clipped` and `underexposed`: shares, 0 to 1, of pixels with any channel at full scale, or all at
    zero. `focus`: how much neighbours differ, relative to the light; it is greatest where the picture is sharpest."""

    histogram: tuple[tuple[int, ...], ...]
    clipped: float
    underexposed: float
    focus: float


def compute_statistics(pixels: np.ndarray, significant_bits: int) -> Statistics:
    """Compute the statistics of pixels as in `Frame.pixels`. Takes some milliseconds for two megapixels."""
    full = (1 << significant_bits) - 1
    clipped, underexposed = _shares(pixels[::SHARES_STEP, ::SHARES_STEP], full)
    histograms = _histograms(pixels[::HISTOGRAM_STEP, ::HISTOGRAM_STEP], significant_bits)
    return Statistics(histograms, clipped, underexposed, measure_focus(pixels))


def measure_focus(pixels: np.ndarray) -> float:
    """Return Brenner's gradient (the mean squared difference of pixels two apart) divided by the squared mean, so that
    brightness does not change it. In colour it uses the green channel, because half of a Bayer sensor's pixels are
    green."""
    rows = pixels[::FOCUS_ROW_STEP, :, 1] if pixels.ndim == 3 else pixels[::FOCUS_ROW_STEP]
    light = rows.astype(np.float32)
    mean = float(light.mean())
    if mean <= 0 or light.shape[1] < 3:
        return 0.0
    difference = (light[:, 2:] - light[:, :-2]).ravel()
    return float(difference @ difference) / difference.size / mean**2


def _shares(sample: np.ndarray, full: int) -> tuple[float, float]:
    if sample.ndim == 2:
        return _share(sample >= full), _share(sample == 0)
    red, green, blue = (sample[..., channel] for channel in range(3))
    is_clipped = (red >= full) | (green >= full) | (blue >= full)
    return _share(is_clipped), _share((red | green | blue) == 0)


def _share(mask: np.ndarray) -> float:
    return float(np.count_nonzero(mask)) / max(mask.size, 1)


def _histograms(sample: np.ndarray, significant_bits: int) -> tuple[tuple[int, ...], ...]:
    if sample.ndim == 2:
        return (_histogram(sample, significant_bits),)
    channels = [sample[..., channel] for channel in range(3)]
    # Weights in 1/256 allow integer arithmetic; uint32 is wide enough for 16-bit pixels.
    parts = [round(256 * weight) for weight in LUMINANCE_WEIGHTS]
    weighted = [channel.astype(np.uint32) * part for channel, part in zip(channels, parts, strict=True)]
    luminance = (weighted[0] + weighted[1] + weighted[2]) >> 8
    return tuple(_histogram(values, significant_bits) for values in (luminance, *channels))


def _histogram(values: np.ndarray, significant_bits: int) -> tuple[int, ...]:
    classes = values >> (significant_bits - 8) if significant_bits > 8 else values
    counts = np.bincount(classes.ravel(), minlength=BINS)[:BINS]
    return tuple(counts.tolist())
