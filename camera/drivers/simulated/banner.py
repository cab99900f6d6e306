"""The words along the edge of each simulated picture."""

from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont


def draw_banner(width_px: int, height_px: int, text: str = "SIMULATED") -> np.ndarray:
    """Return uint8 (height_px, width_px), 255 in the letters and 0 around them. The word is repeated across the
    strip."""
    cell_px = max(3, int(min(max(height_px * 0.6, min(height_px - 2, 7)), (width_px - 2) / len(text))))
    letter_px = (cell_px - max(1, round(cell_px * 0.2)), max(3, min(round(cell_px * 1.05), height_px - 2)))
    words = max(1, int(width_px / (cell_px * (len(text) + 2.5))))
    strip = Image.new("L", (width_px, height_px), 0)
    for word in range(words):
        start_px = int((word + 0.5) * width_px / words - len(text) * cell_px / 2 + (cell_px - letter_px[0]) / 2)
        for place, letter in enumerate(text):  # all letters have the same width
            strip.paste(draw_letter(letter, letter_px), (start_px + place * cell_px, (height_px - letter_px[1]) // 2))
    return np.where(np.asarray(strip) >= 75, np.uint8(255), np.uint8(0))


@cache
def draw_letter(letter: str, size_px: tuple[int, int]) -> Image.Image:
    """Draw one bold capital, white on black, that fills `size_px` (width, height). An I gets bars, so that it fills it
    too."""
    font, bold = ImageFont.load_default(size=200), 8 if size_px[0] > 9 else 0  # if small, bold would fill an M
    left, top, right, bottom = (int(edge) for edge in font.getbbox(letter, stroke_width=bold))
    large = Image.new("L", (120 if letter == "I" else max(right - left, 1), max(bottom - top, 1)), 0)
    pen = ImageDraw.Draw(large)
    pen.text(((large.width - right + left) // 2 - left, -top), letter, fill=255, font=font, stroke_width=bold)
    for bar_top in (0, large.height - 28) if letter == "I" else ():
        pen.rectangle((5, bar_top, 115, bar_top + 28), fill=255)
    return large.resize(size_px, Image.Resampling.BOX)
