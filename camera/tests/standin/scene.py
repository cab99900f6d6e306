"""What the stand-in sees: a picture without symmetry, so that a flip, a skew or swapped channels show.

Shape [height, width, 3], R, G, B, float32: the share of full scale that a pixel gathers during the reference exposure
at 0 dB.
"""

import numpy as np
from numpy.typing import NDArray

Scene = NDArray[np.float32]

_DARKEST, _BRIGHTEST = 0.05, 0.60
_TOP_LEFT = (0.90, 0.10, 0.05)  # red, and the only large block
_TOP_RIGHT = (0.08, 0.80, 0.12)  # green
_BOTTOM_LEFT = (0.06, 0.15, 0.85)  # blue
_BOTTOM_RIGHT = (0.95, 0.95, 0.95)  # white


def draw_scene(width: int, height: int) -> Scene:
    """Draw a tinted gradient, steeper in x than in y, with a different colour in each corner."""
    across = np.linspace(0.0, 0.7, width)[np.newaxis, :]
    down = np.linspace(0.0, 0.3, height)[:, np.newaxis]
    brightness = _DARKEST + (_BRIGHTEST - _DARKEST) * (across + down)
    scene = brightness[:, :, np.newaxis] * np.array([1.0, 0.8, 0.6])
    block_height, block_width = max(2, height // 8), max(2, width // 8)
    scene[: 2 * block_height, : 2 * block_width] = _TOP_LEFT
    scene[:block_height, -block_width:] = _TOP_RIGHT
    scene[-block_height:, :block_width] = _BOTTOM_LEFT
    scene[-block_height:, -block_width:] = _BOTTOM_RIGHT
    return scene.astype(np.float32)


def draw_black(width: int, height: int) -> Scene:
    return np.zeros((height, width, 3), np.float32)
