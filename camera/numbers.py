"""The numbers a microscopist steers by, from the values that the sensor gave.

They are computed once for a frame, for everyone who watches, and must not cost more than its JPEG. So the histogram
counts every fourth pixel along each axis, and the shares of clipped and black pixels every second one, which is
exact enough to steer by.
"""

from dataclasses import dataclass

import numpy as np

BINS = 256
HISTOGRAM_STEP = 4
SHARES_STEP = 2
FOCUS_ROW_STEP = 4
# Of the light in a picture the eye sees (ITU-R BT.601).
LUMINANCE_WEIGHTS = (0.299, 0.587, 0.114)


@dataclass(frozen=True, slots=True)
class Numbers:
    """`histogram`: counts in 256 equal classes from 0 to full scale; for mono one list, for colour luminance, red,
    green and blue. `clipped` and `black`: shares, 0 to 1, of pixels with any channel at full scale, or all at zero.
    `focus`: how much neighbours differ, relative to the light; it is greatest where the picture is sharpest."""

    histogram: tuple[tuple[int, ...], ...]
    clipped: float
    black: float
    focus: float


def measure(pixels: np.ndarray, significant_bits: int) -> Numbers:
    """The numbers of a frame's pixels, as `Frame.pixels` has them. Some milliseconds for two megapixels."""
    full = (1 << significant_bits) - 1
    clipped, black = _shares(pixels[::SHARES_STEP, ::SHARES_STEP], full)
    histograms = _histograms(pixels[::HISTOGRAM_STEP, ::HISTOGRAM_STEP], significant_bits)
    return Numbers(histograms, clipped, black, measure_focus(pixels))


def measure_focus(pixels: np.ndarray) -> float:
    """Brenner's gradient (the mean squared difference of pixels two apart), over the squared mean: brightness alone
    does not change it. In colour of the green channel, which has most of the sensor's detail."""
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
    # Weights in parts of 256 keep the sum in whole numbers, wide enough for 16 bit.
    parts = [round(256 * weight) for weight in LUMINANCE_WEIGHTS]
    weighted = [channel.astype(np.uint32) * part for channel, part in zip(channels, parts, strict=True)]
    luminance = (weighted[0] + weighted[1] + weighted[2]) >> 8
    return tuple(_histogram(values, significant_bits) for values in (luminance, *channels))


def _histogram(values: np.ndarray, significant_bits: int) -> tuple[int, ...]:
    classes = values >> (significant_bits - 8) if significant_bits > 8 else values
    counts = np.bincount(classes.ravel(), minlength=BINS)[:BINS]
    return tuple(counts.tolist())
