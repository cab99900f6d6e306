"""Words, time and scale on copies of pictures. Originals never get any."""

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from images.export.scale_bar import FONT, burn_scale_bar

WHITE, BLACK = (255, 255, 255), (0, 0, 0)
MIN_FONT_PX = 10


def draw_words(blank: np.ndarray, words: str) -> np.ndarray:
    """Return a copy of a blank plane, of any depth, that shows these words."""
    height, width = blank.shape[:2]
    drawing = Image.new("1", (width, height))
    ImageDraw.Draw(drawing).text((width / 2, height / 2), words, fill=1, font=_font(height), anchor="mm")
    drawn = blank.copy()
    drawn[np.asarray(drawing)] = np.iinfo(blank.dtype).max
    return drawn


def make_frame(pixels: np.ndarray, size: tuple[int, int], um_per_pixel: float | None, stamp: str) -> Image.Image:
    """Return 8-bit pixels as an RGB picture of this size, with the time stamp at the top left, and a scale bar if
    `um_per_pixel` is given, of the pixels as they are."""
    frame = Image.fromarray(pixels).convert("RGB")
    if frame.size != size:
        frame = frame.resize(size, Image.Resampling.LANCZOS)
    if um_per_pixel is not None:
        shrunk_um = um_per_pixel * pixels.shape[1] / size[0]
        frame = Image.fromarray(burn_scale_bar(np.asarray(frame), shrunk_um, 8))
    _stamp(frame, stamp)
    return frame


def make_blank_frame(size: tuple[int, int], words: str, stamp: str) -> Image.Image:
    """Return a black picture that shows these words in its middle."""
    frame = Image.new("RGB", size, BLACK)
    width, height = size
    font = _font(height)
    # Words that are wider than the picture get a smaller font, down to the smallest that can be read.
    if (length := font.getlength(words)) > width * 0.9:
        font = ImageFont.truetype(FONT, max(font.size * width * 0.9 / length, MIN_FONT_PX / 2))
    ImageDraw.Draw(frame).text((width / 2, height / 2), words, fill=WHITE, font=font, anchor="mm")
    _stamp(frame, stamp)
    return frame


def _stamp(frame: Image.Image, text: str) -> None:
    font = _font(frame.height)
    margin = font.size / 2
    rim = max(round(font.size / 10), 1)
    pen = ImageDraw.Draw(frame)
    pen.text((margin, margin), text, fill=WHITE, font=font, stroke_width=rim, stroke_fill=BLACK)


def _font(height: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONT, max(height // 30, MIN_FONT_PX))
