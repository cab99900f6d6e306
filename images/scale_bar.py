"""A scale bar, burnt into the pixels of an export: never into an original."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

LONGEST_SHARE = 0.25  # of the picture's width
STEPS = (5, 2, 1)
# The pages' own: Pillow's has no micro sign.
FONT = Path(__file__).resolve().parent.parent / "static/vendor/inter/inter-variable.woff2"


@dataclass(frozen=True, slots=True)
class Label:
    """Text, and where the middle of its lower edge is."""

    text: str
    at: tuple[float, float]
    font: ImageFont.FreeTypeFont


def choose_length_um(um_per_pixel: float, longest_px: float) -> float:
    """The longest of 1, 2 or 5 times a power of ten that fits."""
    longest_um = um_per_pixel * longest_px
    power = 10.0 ** math.floor(math.log10(longest_um))
    return next(step * power for step in (*STEPS, 0.5) if step * power <= longest_um * (1 + 1e-9))


def format_length(length_um: float) -> str:
    """In the unit that gives a number without needless zeros: 200 nm, 50 µm, 2 mm."""
    for factor, unit in ((1000.0, "mm"), (1.0, "\N{MICRO SIGN}m"), (0.001, "nm")):
        if length_um >= factor * (1 - 1e-9):
            return f"{length_um / factor:g} {unit}"
    return f"{length_um * 1000:g} nm"


def burn_scale_bar(pixels: np.ndarray, um_per_pixel: float, significant_bits: int) -> np.ndarray:
    """A copy with a bar at the lower right, white with a dark rim so that it shows on any ground. `um_per_pixel` is
    that of the picture's width. Pixels as `camera.frame.Frame` has them."""
    white, rim = _draw(pixels.shape[1], pixels.shape[0], um_per_pixel)
    burnt = pixels.copy()
    burnt[rim] = 0
    burnt[white] = 2**significant_bits - 1
    return burnt


def _draw(width: int, height: int, um_per_pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Where bar and length are, and where their rim is."""
    length_um = choose_length_um(um_per_pixel, width * LONGEST_SHARE)
    length_px = round(length_um / um_per_pixel)
    unit = max(min(width, height) // 160, 1)
    font = ImageFont.truetype(FONT, max(7 * unit, 10))
    right, bottom = width - 4 * unit, height - 4 * unit
    bar = (right - length_px, bottom - 2 * unit, right - 1, bottom - 1)
    text = format_length(length_um)
    # Above the middle of the bar, or as near to it as leaves the text within the picture.
    middle = min(right - length_px / 2, width - unit - font.getlength(text) / 2)
    label = Label(text, (middle, bar[1] - unit), font)
    return _mask(width, height, bar, label, 0), _mask(width, height, bar, label, max(unit // 2, 1))


def _mask(width: int, height: int, bar: tuple[int, int, int, int], label: Label, rim_px: int) -> np.ndarray:
    drawing = Image.new("1", (width, height))
    pen = ImageDraw.Draw(drawing)
    left, top, right, bottom = bar
    pen.rectangle((left - rim_px, top - rim_px, right + rim_px, bottom + rim_px), fill=1)
    pen.text(label.at, label.text, fill=1, font=label.font, anchor="mb", stroke_width=rim_px)
    return np.asarray(drawing)
