"""Draw a scale bar into the pixels of an export. Originals never get one."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

MAX_SHARE = 0.25  # of the picture's width
STEPS = (5, 2, 1)
# The font of the pages, because Pillow's own font has no micro sign.
FONT = Path(__file__).resolve().parents[2] / "static/vendor/inter/inter-variable.woff2"


@dataclass(frozen=True, slots=True)
class Label:
    """A text, and the place of the middle of its lower edge, (x, y) in pixels."""

    text: str
    at: tuple[float, float]
    font: ImageFont.FreeTypeFont


def choose_length_um(um_per_pixel: float, longest_px: float) -> float:
    """Return the longest length of 1, 2 or 5 times a power of ten that fits into `longest_px`."""
    longest_um = um_per_pixel * longest_px
    power = 10.0 ** math.floor(math.log10(longest_um))
    # Rounding in log10 can make the power ten times too large or the length a little too long: hence 0.5 and 1e-9.
    return next(step * power for step in (*STEPS, 0.5) if step * power <= longest_um * (1 + 1e-9))


def format_length(length_um: float) -> str:
    """Format a length with the unit that needs the fewest zeros: 200 nm, 50 µm, 2 mm."""
    for factor, unit in ((1000.0, "mm"), (1.0, "\N{MICRO SIGN}m"), (0.001, "nm")):
        if length_um >= factor * (1 - 1e-9):
            return f"{length_um / factor:g} {unit}"
    return f"{length_um * 1000:g} nm"


def burn_scale_bar(pixels: np.ndarray, um_per_pixel: float, significant_bits: int) -> np.ndarray:
    """Return a copy of the pixels with a scale bar at the bottom right.

    The bar is white with a dark rim, so that it is visible on any background. `um_per_pixel` is the horizontal scale.
    `pixels` has the shape and dtype of `camera.frame.Frame.pixels`.
    """
    white, rim = _draw(pixels.shape[1], pixels.shape[0], um_per_pixel)
    burnt = pixels.copy()
    # The rim first: its mask contains the bar.
    burnt[rim] = 0
    burnt[white] = 2**significant_bits - 1
    return burnt


def _draw(width: int, height: int, um_per_pixel: float) -> tuple[np.ndarray, np.ndarray]:
    """Return two masks of shape (height, width): the bar with its label, and both together with their rim."""
    length_um = choose_length_um(um_per_pixel, width * MAX_SHARE)
    length_px = round(length_um / um_per_pixel)
    # All sizes grow with the picture: the bar looks the same when a large picture is shrunk for print.
    unit = max(min(width, height) // 160, 1)
    font = ImageFont.truetype(FONT, max(7 * unit, 10))
    right, bottom = width - 4 * unit, height - 4 * unit
    bar = (right - length_px, bottom - 2 * unit, right - 1, bottom - 1)
    text = format_length(length_um)
    # Centre the label above the bar, but keep it inside the image if it is wider than the bar.
    middle = min(right - length_px / 2, width - unit - font.getlength(text) / 2)
    label = Label(text, (middle, bar[1] - unit), font)
    return _mask(width, height, bar, label, 0), _mask(width, height, bar, label, max(unit // 2, 1))


def _mask(width: int, height: int, bar: tuple[int, int, int, int], label: Label, rim_px: int) -> np.ndarray:
    # One bit a pixel: no smooth edges, so every pixel is either untouched or pure black or white.
    drawing = Image.new("1", (width, height))
    pen = ImageDraw.Draw(drawing)
    left, top, right, bottom = bar
    pen.rectangle((left - rim_px, top - rim_px, right + rim_px, bottom + rim_px), fill=1)
    pen.text(label.at, label.text, fill=1, font=label.font, anchor="mb", stroke_width=rim_px)
    return np.asarray(drawing)
