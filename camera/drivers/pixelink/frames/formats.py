"""Pixelink's pixel formats: their size in memory, and how their bytes become pixels.

Numbers and names are those of the SDK (`PxLApi.PixelFormat`). Layouts are from the vendor's application (its histogram
code) and knowledge base. Mono and RGB are unpacked here. The SDK converts Bayer and YUV, because users know its
demosaicing.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from camera.drivers.settings import without_pattern
from camera.errors import PixelFormatUnsupported, SettingRefused

PATTERNS = ("GRBG", "RGGB", "GBRG", "BGGR")
WHOLE_GROUPS_BYTES = 15  # the packed formats share bytes in groups of 3 and of 5

Allocate = Callable[[int], np.ndarray]
Unpack = Callable[[np.ndarray, int, int, Allocate], np.ndarray]


@dataclass(frozen=True, slots=True)
class PixelFormat:
    """`significant_bits` is None if it depends on the camera.

    `unpack(data, rows, columns, allocate)` returns right-aligned pixels; if `significant_bits` is None, they stay left-
    aligned. `allocate(size_bytes)` returns uint8 memory. If `unpack` is None, the SDK converts to 8 or 16 bit per
    colour.
    """

    name: str
    bytes_per_pixel: float
    significant_bits: int | None
    unpack: Unpack | None = None


@dataclass(frozen=True, slots=True)
class FrameLayout:
    """The memory layout of a frame: `rows` of `columns` pixels in a format."""

    rows: int
    columns: int
    pixel_format: PixelFormat

    @property
    def whole_bytes(self) -> int:
        """The fewest bytes that the library writes: the vendor's application truncates the product to an integer."""
        return math.floor(self.rows * self.columns * self.pixel_format.bytes_per_pixel)

    @property
    def size_bytes(self) -> int:
        """The most bytes that the library writes."""
        return math.ceil(self.rows * self.columns * self.pixel_format.bytes_per_pixel)

    @property
    def buffer_bytes(self) -> int:
        """The size of a buffer for whole groups of pixels, so that an incomplete last group can be read like the
        others."""
        return -(-self.size_bytes // WHOLE_GROUPS_BYTES) * WHOLE_GROUPS_BYTES

    def resembles(self, other: "FrameLayout | None") -> bool:
        """Return True if frames of both layouts are read in the same way. The Bayer pattern may differ: each frame
        reports its own."""
        if other is None or (self.rows, self.columns) != (other.rows, other.columns):
            return False
        ours, theirs = self.pixel_format, other.pixel_format
        return (ours.bytes_per_pixel, ours.significant_bits, ours.unpack) == (
            theirs.bytes_per_pixel,
            theirs.significant_bits,
            theirs.unpack,
        )


def unpack_mono8(data: np.ndarray, rows: int, columns: int, _allocate: Allocate) -> np.ndarray:
    return data[: rows * columns].reshape(rows, columns)


def unpack_mono16(data: np.ndarray, rows: int, columns: int, allocate: Allocate) -> np.ndarray:
    """Unpack 16-bit pixels, which are big-endian."""
    pixels = allocate(2 * rows * columns).view(np.uint16)
    pixels[:] = data[: 2 * rows * columns].view(">u2")
    return pixels.reshape(rows, columns)


def unpack_mono12(data: np.ndarray, rows: int, columns: int, allocate: Allocate) -> np.ndarray:
    """Unpack two pixels from three bytes: `11 12 22`. The low nibble of the middle byte belongs to the first pixel."""
    first, middle, last = _groups(data, rows * columns, 2, 3)
    return _join((first, last), (middle & 0x0F, middle >> 4), 4, rows, columns, allocate)


def unpack_mono12_msfirst(data: np.ndarray, rows: int, columns: int, allocate: Allocate) -> np.ndarray:
    """Unpack two pixels from three bytes: `11 22 12`. The low nibble of the last byte belongs to the first pixel."""
    first, second, low = _groups(data, rows * columns, 2, 3)
    return _join((first, second), (low & 0x0F, low >> 4), 4, rows, columns, allocate)


def unpack_mono10_msfirst(data: np.ndarray, rows: int, columns: int, allocate: Allocate) -> np.ndarray:
    """Unpack four pixels from five bytes: four high bytes, then the low bits, the first pixel's lowest."""
    *high, low = _groups(data, rows * columns, 4, 5)
    return _join(tuple(high), tuple(low >> 2 * place & 0x03 for place in range(4)), 2, rows, columns, allocate)


def _groups(data: np.ndarray, pixels: int, pixels_per_group: int, bytes_per_group: int) -> np.ndarray:
    """Return the bytes as one row for each place in a group. The buffer has room for whole groups."""
    groups = -(-pixels // pixels_per_group)
    return data[: groups * bytes_per_group].reshape(groups, bytes_per_group).T


def _join(
    high: tuple[np.ndarray, ...],
    low: tuple[np.ndarray, ...],
    low_bits: int,
    rows: int,
    columns: int,
    allocate: Allocate,
) -> np.ndarray:
    """Join high bytes and low bits to pixels. Each has one array for each place in a group."""
    pixels = allocate(2 * len(high) * high[0].size).view(np.uint16)
    for place, (high_bytes, low_values) in enumerate(zip(high, low, strict=True)):
        target = pixels[place :: len(high)]
        np.left_shift(high_bytes, low_bits, out=target, dtype=np.uint16)
        target |= low_values
    return pixels[: rows * columns].reshape(rows, columns)


def _unpack_colour(order: tuple[int, int, int], bytes_per_pixel: int = 3, is_bottom_up: bool = False) -> Unpack:
    """Return a function that unpacks colour. `order` holds the places of red, green and blue in a pixel's bytes."""

    def unpack(data: np.ndarray, rows: int, columns: int, allocate: Allocate) -> np.ndarray:
        stored = data[: rows * columns * bytes_per_pixel].reshape(rows, columns, bytes_per_pixel)
        upright = stored[::-1] if is_bottom_up else stored
        pixels = allocate(3 * rows * columns).reshape(rows, columns, 3)
        for colour, place in enumerate(order):  # one plane at a time: numpy is several times slower with an index array
            pixels[:, :, colour] = upright[:, :, place]
        return pixels

    return unpack


def _bayer(first_number: int, name: str, bytes_per_pixel: float, significant_bits: int) -> dict[int, PixelFormat]:
    """Return the four packed Bayer formats of one kind, which have successive numbers."""
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

UNREADABLE = {30: "STOKES4_12", 31: "POLAR4_12", 32: "POLAR_RAW4_12", 33: "HSV4_12"}  # of polarisation cameras


# The camera accepts any of the four Bayer patterns and sends the sensor's own, so one number stands for all four.
NUMBERS: dict[str, int] = {without_pattern(FORMATS[number].name): number for number in sorted(FORMATS, reverse=True)}


def name_format(number: float) -> str:
    """Return the SDK's name of the format, also if this program cannot read it. Bayer names are without the pattern,
    which cannot be set."""
    known = FORMATS.get(round(number))
    return without_pattern(known.name) if known else UNREADABLE.get(round(number), f"format {number:g}")


def number_of(name: str) -> int:
    """Return the SDK's number for a name from `name_format`. Raises SettingRefused for an unknown name."""
    if name not in NUMBERS:
        raise SettingRefused(f"Unknown or unsupported pixel format: {name}.")
    return NUMBERS[name]


def find_format(number: float) -> PixelFormat:
    """Return the format with the SDK's number. Raises PixelFormatUnsupported, for example for formats of polarisation
    cameras."""
    found = FORMATS.get(round(number))
    if found is None:
        raise PixelFormatUnsupported(
            f"The camera is set to the pixel format {name_format(number)}, which this program does not support. "
            "Set it to an 8- or 16-bit mono or Bayer format, for example with Pixelink Capture."
        )
    return found
