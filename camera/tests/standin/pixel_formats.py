"""How samples lie in a frame buffer, for every pixel format that the stand-in delivers, and how they are read back.

Facts: MONO16 and BAYER16 are big-endian, and all 16-bit samples are left-justified. RGB48 is not among the formats that
the vendor's application swaps, so it is little-endian. The packed orders are those of that application: PACKED is GigE
Vision 1.0, MSFIRST is 12g/10g of the pixel format naming convention. YUV422 is Cb Y Cr Y. RGB24 is a Windows DIB: blue
first, bottom row first.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .codes import PixelFormat

Samples = NDArray[np.uint16] | NDArray[np.uint8]

# Their sizes only: no frame of them is made here.
POLAR_FORMATS = {PixelFormat.STOKES4_12, PixelFormat.POLAR4_12, PixelFormat.POLAR_RAW4_12, PixelFormat.HSV4_12}


@dataclass(frozen=True)
class Layout:
    """`family` is MONO, BAYER, RGB, YUV or POLAR. `bits`: of one sample in the buffer. `pattern`: as in the name."""

    family: str
    bits: int
    bytes_per_pixel: float
    pattern: str | None = None
    is_most_significant_first: bool = False

    def frame_bytes(self, rows: int, columns: int) -> int:
        """Return the size of a frame as the vendor's application computes it: the product, cut to an integer."""
        return int(rows * columns * self.bytes_per_pixel)


@lru_cache
def layout_of(pixel_format: PixelFormat) -> Layout:
    name = pixel_format.name
    if pixel_format == PixelFormat.YUV422:
        return Layout("YUV", 8, 2)
    if pixel_format in POLAR_FORMATS:
        return Layout("POLAR", 12, 6)
    family, bits = re.findall(r"^(MONO|BAYER|RGB|BGR)(\d+)", name)[0]
    if family in ("RGB", "BGR"):
        return Layout("RGB", int(bits) // 3, int(bits) / 8)
    pattern = name.split("_")[1] if family == "BAYER" else None
    return Layout(family, int(bits), int(bits) / 8, pattern, name.endswith("MSFIRST"))


def bayer_variant(pixel_format: PixelFormat, pattern: str) -> PixelFormat:
    """Return the format of the same packing with another pattern."""
    return PixelFormat[pixel_format.name.replace(layout_of(pixel_format).pattern or "", pattern)]


def justify(samples: NDArray, from_bits: int, to_bits: int) -> NDArray:
    """Left-justify the samples: the most significant bits lie at the top."""
    return samples >> (from_bits - to_bits) if from_bits > to_bits else samples << (to_bits - from_bits)


def encode(samples: Samples, significant_bits: int, pixel_format: PixelFormat) -> bytes:
    """`samples` are right-justified in `significant_bits`, [rows, columns] or [rows, columns, 3]."""
    layout = layout_of(pixel_format)
    justified = justify(samples.astype(np.uint32), significant_bits, layout.bits)
    if layout.family == "YUV":
        return _encode_yuv422(justified)
    if layout.family == "RGB":
        return _encode_colour(justified, pixel_format)
    rows, columns = samples.shape
    return _encode_plane(justified, layout)[: layout.frame_bytes(rows, columns)]


def decode(
    buffer: bytes | NDArray[np.uint8], rows: int, columns: int, pixel_format: PixelFormat, bits: int = 16
) -> Samples:
    """Return samples left-justified in 16 bits, or in 8 if those of the format have no more: [rows, columns] for MONO
    and BAYER, otherwise [rows, columns, 3]."""
    layout = layout_of(pixel_format)
    if layout.family == "YUV":
        samples = _decode_yuv422(buffer, rows, columns)
    elif layout.family == "RGB":
        samples = _decode_colour(buffer, rows, columns, pixel_format)
    else:
        samples = _decode_plane(np.frombuffer(buffer, np.uint8), layout, rows * columns).reshape(rows, columns)
    if bits == 8:
        return samples.astype(np.uint8, copy=False)
    return justify(samples.astype(np.uint16), layout.bits, 16)


def _encode_plane(samples: NDArray[np.uint32], layout: Layout) -> bytes:
    if layout.bits == 8:
        return samples.astype(np.uint8).tobytes()
    if layout.bits == 16:
        return samples.astype(">u2").tobytes()
    return (_pack12(samples, layout.is_most_significant_first) if layout.bits == 12 else _pack10(samples)).tobytes()


def _grouped(samples: NDArray[np.uint32], size: int) -> NDArray[np.uint32]:
    """Put pixels that share a byte into groups. Zeros fill an incomplete last group."""
    flat = samples.ravel()
    return np.pad(flat, (0, -flat.size % size)).reshape(-1, size)


def _pack12(samples: NDArray[np.uint32], is_most_significant_first: bool) -> NDArray[np.uint8]:
    pairs = _grouped(samples, 2)
    high = pairs >> 4
    low = (pairs[:, 0] & 0xF) | ((pairs[:, 1] & 0xF) << 4)
    order = (high[:, 0], high[:, 1], low) if is_most_significant_first else (high[:, 0], low, high[:, 1])
    return np.stack(order, axis=1).astype(np.uint8)


def _pack10(samples: NDArray[np.uint32]) -> NDArray[np.uint8]:
    fours = _grouped(samples, 4)
    low = ((fours & 0x3) << np.array([0, 2, 4, 6], np.uint32)).sum(axis=1, keepdims=True, dtype=np.uint32)
    return np.concatenate((fours >> 2, low), axis=1).astype(np.uint8)


def _decode_plane(data: NDArray[np.uint8], layout: Layout, pixel_count: int) -> NDArray:
    if layout.bits == 8:
        return data[:pixel_count]
    if layout.bits == 16:
        return data[: 2 * pixel_count].view(">u2").astype(np.uint32)
    group_bytes, unpack = (3, _unpack12) if layout.bits == 12 else (5, _unpack10)
    groups = np.pad(data, (0, -data.size % group_bytes)).reshape(-1, group_bytes).astype(np.uint32)
    return unpack(groups, layout.is_most_significant_first).ravel()[:pixel_count]


def _unpack12(groups: NDArray[np.uint32], is_most_significant_first: bool) -> NDArray[np.uint32]:
    first, second, low = groups[:, [0, 1, 2] if is_most_significant_first else [0, 2, 1]].T
    return np.stack(((first << 4) | (low & 0xF), (second << 4) | (low >> 4)), axis=1)


def _unpack10(groups: NDArray[np.uint32], _: bool) -> NDArray[np.uint32]:
    low = (groups[:, 4:] >> np.array([0, 2, 4, 6], np.uint32)) & 0x3
    return ((groups[:, :4] << 2) | low).astype(np.uint32)


def _encode_colour(samples: NDArray[np.uint32], pixel_format: PixelFormat) -> bytes:
    if pixel_format == PixelFormat.RGB48:
        return samples.astype("<u2").tobytes()
    return _in_colour_order(samples, pixel_format).astype(np.uint8).tobytes()


def _decode_colour(buffer: bytes | NDArray[np.uint8], rows: int, columns: int, pixel_format: PixelFormat) -> NDArray:
    sample_type = np.dtype("<u2" if pixel_format == PixelFormat.RGB48 else "u1")
    stored = np.frombuffer(buffer, sample_type)[: rows * columns * 3].reshape(rows, columns, 3)
    return _in_colour_order(stored, pixel_format)


def _in_colour_order(picture: NDArray, pixel_format: PixelFormat) -> NDArray:
    """Change from R, G, B with the top row first to the order of the format, or back: both are the same mirroring."""
    if pixel_format == PixelFormat.RGB24_DIB:
        return picture[::-1, :, ::-1]
    return picture[:, :, ::-1] if pixel_format == PixelFormat.BGR24 else picture


def _encode_yuv422(samples: NDArray[np.uint32]) -> bytes:
    """Full range BT.601; two neighbours share the mean of their colour."""
    columns = samples.shape[1]
    even = np.pad(samples, ((0, 0), (0, columns % 2), (0, 0)), mode="edge").astype(np.float64)
    red, green, blue = even[:, :, 0], even[:, :, 1], even[:, :, 2]
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma_blue, chroma_red = 128 + 0.564 * (blue - luma), 128 + 0.713 * (red - luma)
    packed = np.empty((*luma.shape, 2))
    packed[:, :, 1] = luma
    packed[:, 0::2, 0] = (chroma_blue[:, 0::2] + chroma_blue[:, 1::2]) / 2
    packed[:, 1::2, 0] = (chroma_red[:, 0::2] + chroma_red[:, 1::2]) / 2
    return np.clip(np.floor(packed[:, :columns] + 0.5), 0, 255).astype(np.uint8).tobytes()


def _decode_yuv422(buffer: bytes | NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint32]:
    """The number of columns must be even."""
    packed = np.frombuffer(buffer, np.uint8)[: rows * columns * 2].reshape(rows, columns, 2).astype(np.float64)
    luma = packed[:, :, 1]
    chroma_blue = np.repeat(packed[:, 0::2, 0], 2, axis=1) - 128
    chroma_red = np.repeat(packed[:, 1::2, 0], 2, axis=1) - 128
    green = luma - 0.344 * chroma_blue - 0.714 * chroma_red
    picture = np.stack((luma + 1.403 * chroma_red, green, luma + 1.773 * chroma_blue), axis=2)
    return np.clip(np.floor(picture + 0.5), 0, 255).astype(np.uint32)
