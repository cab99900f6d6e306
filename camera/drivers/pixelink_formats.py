"""Pixelink's pixel formats: how large they are in memory, and how bytes become pixels.

Numbers and names are those of the SDK (`PxLApi.PixelFormat`); layouts are those of the vendor's own application
(its histogram code) and knowledge base. Mono and RGB are unpacked here. Bayer and YUV are converted by the SDK,
whose demosaicing the camera's users know.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from camera.errors import PixelFormatUnsupported

PATTERNS = ("GRBG", "RGGB", "GBRG", "BGGR")


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """`significant_bits` is None where the camera's own pixel depth decides.

    `unpack(data, rows, columns)` gives pixels with their signal justified to the right, except that those of depth
    None stay justified to the left as they came. Where it is None, the SDK converts: to 8 bit or to 16 bit a colour.
    """

    name: str
    bytes_per_pixel: float
    significant_bits: int | None
    unpack: Callable[[np.ndarray, int, int], np.ndarray] | None = None

    def size_bytes(self, rows: int, columns: int) -> int:
        return int(np.ceil(rows * columns * self.bytes_per_pixel))


def unpack_mono8(data: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return data[: rows * columns].reshape(rows, columns)


def unpack_mono16(data: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Sixteen-bit pixels come big-endian."""
    return data[: rows * columns * 2].view(">u2").reshape(rows, columns).astype(np.uint16)


def unpack_mono12(data: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Two pixels in three bytes: `11 12 22`, the low nibble of the middle byte being the first pixel's."""
    first, middle, last = _groups(data, rows * columns, 2, 3)
    pairs = np.stack((first << 4 | middle & 0x0F, last << 4 | middle >> 4), axis=1)
    return _trim(pairs, rows, columns)


def unpack_mono12_msfirst(data: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Two pixels in three bytes: `11 22 12`, the low nibble of the last byte being the first pixel's."""
    first, second, low = _groups(data, rows * columns, 2, 3)
    pairs = np.stack((first << 4 | low & 0x0F, second << 4 | low >> 4), axis=1)
    return _trim(pairs, rows, columns)


def unpack_mono10_msfirst(data: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Four pixels in five bytes: four high bytes, then the low bits, the first pixel's lowest."""
    *high, low = _groups(data, rows * columns, 4, 5)
    fours = np.stack([byte << 2 | low >> 2 * place & 0x03 for place, byte in enumerate(high)], axis=1)
    return _trim(fours, rows, columns)


def _groups(data: np.ndarray, pixels: int, pixels_per_group: int, bytes_per_group: int) -> np.ndarray:
    """The bytes as uint16, one row for each place in the group. A last group cut short is filled with zeros."""
    groups = -(-pixels // pixels_per_group)
    padded = np.zeros(groups * bytes_per_group, dtype=np.uint16)
    available = data[: padded.size]
    padded[: available.size] = available
    return padded.reshape(groups, bytes_per_group).T


def _trim(groups: np.ndarray, rows: int, columns: int) -> np.ndarray:
    return groups.reshape(-1)[: rows * columns].reshape(rows, columns)


def _unpack_colour(order: tuple[int, int, int], bytes_per_pixel: int = 3, is_bottom_up: bool = False):
    """`order` gives the places of red, green and blue within a pixel's bytes."""

    def unpack(data: np.ndarray, rows: int, columns: int) -> np.ndarray:
        pixels = data[: rows * columns * bytes_per_pixel].reshape(rows, columns, bytes_per_pixel)
        upright = pixels[::-1] if is_bottom_up else pixels
        return np.ascontiguousarray(upright[:, :, order])

    return unpack


def _bayer(first_number: int, name: str, bytes_per_pixel: float, significant_bits: int | None):
    """GRBG has the family's first number; the other three follow it, or follow the family's block."""
    return {
        first_number + place: PixelFormat(name.format(pattern), bytes_per_pixel, significant_bits)
        for place, pattern in enumerate(PATTERNS)
    }


FORMATS: dict[int, PixelFormat] = {
    0: PixelFormat("MONO8", 1, 8, unpack_mono8),
    1: PixelFormat("MONO16", 2, None, unpack_mono16),
    2: PixelFormat("YUV422", 2, 8),
    3: PixelFormat("BAYER8_GRBG", 1, 8),
    4: PixelFormat("BAYER16_GRBG", 2, None),
    5: PixelFormat("RGB24_DIB", 3, 8, _unpack_colour((2, 1, 0), is_bottom_up=True)),
    6: PixelFormat("RGB48", 6, None),
    7: PixelFormat("BAYER8_RGGB", 1, 8),
    8: PixelFormat("BAYER8_GBRG", 1, 8),
    9: PixelFormat("BAYER8_BGGR", 1, 8),
    10: PixelFormat("BAYER16_RGGB", 2, None),
    11: PixelFormat("BAYER16_GBRG", 2, None),
    12: PixelFormat("BAYER16_BGGR", 2, None),
    13: PixelFormat("MONO12_PACKED", 1.5, 12, unpack_mono12),
    **_bayer(14, "BAYER12_{}_PACKED", 1.5, 12),
    18: PixelFormat("RGB24_NON_DIB", 3, 8, _unpack_colour((0, 1, 2))),
    19: PixelFormat("RGB48_DIB", 6, None),
    20: PixelFormat("MONO12_PACKED_MSFIRST", 1.5, 12, unpack_mono12_msfirst),
    **_bayer(21, "BAYER12_{}_PACKED_MSFIRST", 1.5, 12),
    25: PixelFormat("MONO10_PACKED_MSFIRST", 1.25, 10, unpack_mono10_msfirst),
    **_bayer(26, "BAYER10_{}_PACKED_MSFIRST", 1.25, 10),
    34: PixelFormat("BGR24_NON_DIB", 3, 8, _unpack_colour((2, 1, 0))),
    35: PixelFormat("RGBA", 4, 8, _unpack_colour((0, 1, 2), 4)),
    36: PixelFormat("BGRA", 4, 8, _unpack_colour((2, 1, 0), 4)),
    37: PixelFormat("ARGB", 4, 8, _unpack_colour((1, 2, 3), 4)),
    38: PixelFormat("ABGR", 4, 8, _unpack_colour((3, 2, 1), 4)),
}


def find_format(number: float) -> PixelFormat:
    """The format with the SDK's number. Raises PixelFormatUnsupported, for instance for those of polar cameras."""
    found = FORMATS.get(int(number)) if np.isfinite(number) else None
    if found is None:
        raise PixelFormatUnsupported(
            f"The camera is set to pixel format {number:g}, which this program cannot read. "
            "Set it to an 8- or 16-bit mono or Bayer format."
        )
    return found
