"""From the values of a simulated sensor's pixels to the frame that leaves the camera: addressed, turned, labelled."""

import numpy as np

from camera.drivers.settings import Settings
from camera.drivers.specimen import draw_banner
from camera.frame import PixelAddressing


def address(pixels: np.ndarray, addressing: PixelAddressing, full: int) -> np.ndarray:
    """`decimate` takes the first pixel of a block, `average` the mean, `bin` the sum, cut off at full scale. A begun
    block at the edge is filled up with its last pixels."""
    x, y = addressing.x, addressing.y
    if (x, y) == (1, 1):
        return pixels
    if addressing.mode == "decimate":
        return pixels[::y, ::x]
    rows, columns = -(-pixels.shape[0] // y), -(-pixels.shape[1] // x)
    missing = ((0, rows * y - pixels.shape[0]), (0, columns * x - pixels.shape[1]), (0, 0))[: pixels.ndim]
    blocks = np.pad(pixels, missing, mode="edge").reshape(rows, y, columns, x, *pixels.shape[2:])
    sums = blocks.sum(axis=(1, 3), dtype=np.uint32)
    values = np.minimum(sums, full) if addressing.mode == "bin" else sums // (x * y)
    return values.astype(pixels.dtype)


def turn(pixels: np.ndarray, settings: Settings) -> np.ndarray:
    """Flips first, then clockwise."""
    if settings.flip_horizontal:
        pixels = pixels[:, ::-1]
    if settings.flip_vertical:
        pixels = pixels[::-1]
    return np.rot90(pixels, k=-settings.rotation_deg // 90)


def label_rows(frame_height: int) -> int:
    """How many rows at the top say SIMULATED."""
    return max(12, frame_height // 18)


def label(pixels: np.ndarray, full: int) -> None:
    """Upright and whole, however the picture was cut and turned."""
    rows = label_rows(pixels.shape[0])
    banner = draw_banner(pixels.shape[1], rows) > 127
    strip = np.where(banner, full, 0).astype(pixels.dtype)
    pixels[:rows] = strip[:, :, None] if pixels.ndim == 3 else strip
