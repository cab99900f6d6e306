"""Turns the pixel values of the simulated sensor into the frame that it sends: binned, rotated and labelled."""

import numpy as np

from camera.drivers.settings import Settings
from camera.drivers.simulated.banner import draw_banner
from camera.frame import Binning


def bin_pixels(pixels: np.ndarray, binning: Binning, full: int) -> np.ndarray:
    """Bin the pixels: `decimate` takes the first pixel of a block, `average` the mean, `bin` the sum, clipped at full
    scale. An incomplete block at the edge is filled by repeating its last pixels."""
    x, y = binning.x, binning.y
    if (x, y) == (1, 1):
        return pixels
    if binning.mode == "decimate":
        return pixels[::y, ::x]
    rows, columns = -(-pixels.shape[0] // y), -(-pixels.shape[1] // x)
    missing = ((0, rows * y - pixels.shape[0]), (0, columns * x - pixels.shape[1]), (0, 0))[: pixels.ndim]
    blocks = np.pad(pixels, missing, mode="edge").reshape(rows, y, columns, x, *pixels.shape[2:])
    # 16 values of 16 bits need 20 bits.
    sums = blocks.sum(axis=(1, 3), dtype=np.uint32)
    values = np.minimum(sums, full) if binning.mode == "bin" else sums // (x * y)
    return values.astype(pixels.dtype)


def turn(pixels: np.ndarray, settings: Settings) -> np.ndarray:
    """Flip the pixels, then rotate them clockwise."""
    if settings.flip_horizontal:
        pixels = pixels[:, ::-1]
    if settings.flip_vertical:
        pixels = pixels[::-1]
    return np.rot90(pixels, k=-settings.rotation_deg // 90)


def label_rows(frame_height: int) -> int:
    """Return the height of the label SIMULATED at the top of a frame, in rows."""
    return max(12, frame_height // 18)


def label(pixels: np.ndarray, full: int) -> None:
    """Write the label into the pixels. It comes last, so that it is upright and complete for every region and
    rotation."""
    rows = label_rows(pixels.shape[0])
    banner = draw_banner(pixels.shape[1], rows) > 127
    strip = np.where(banner, full, 0).astype(pixels.dtype)
    pixels[:rows] = strip[:, :, None] if pixels.ndim == 3 else strip
