"""The directories of a TIFF with many planes (TIFF 6.0, section 2; BigTIFF for more than 4 GB), little-endian.

Their lengths do not depend on any offset, so the length of a file is known before any of its pixels.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from images.formats.tiff_directory import to_rational

# The library of every reader adds to 32-bit offsets; some room keeps them from running over.
MAX_CLASSIC_BYTES = 2**32 - 2**16
WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, DESCRIPTION, STRIP_OFFSETS = 256, 257, 258, 259, 262, 270, 273
SAMPLES, ROWS_PER_STRIP, STRIP_BYTES, X_RESOLUTION, Y_RESOLUTION, PLANAR, RESOLUTION_UNIT = (
    *(277, 278, 279, 282, 283, 284),
    296,
)
BYTE, ASCII, SHORT, LONG, RATIONAL, LONG8 = 1, 2, 3, 4, 5, 16
UNCOMPRESSED, MONO, RGB, CONTIGUOUS, NO_UNIT, CENTIMETRE = 1, 1, 2, 1, 1, 3


class Entry(NamedTuple):
    """One entry of a directory, with its values in the bytes of the file."""

    tag: int
    kind: int
    length: int
    content: bytes


class PlaneKind(NamedTuple):
    """Size and type of a plane's pixels."""

    height: int
    width: int
    samples: int
    bits: int

    @property
    def size_bytes(self) -> int:
        return self.height * self.width * self.samples * self.bits // 8


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file writes numbers: as TIFF, or as BigTIFF."""

    is_big: bool = False

    @property
    def header_bytes(self) -> int:
        return 16 if self.is_big else 8

    def header(self, first_directory: int) -> bytes:
        if self.is_big:
            return b"II" + struct.pack("<HHHQ", 43, 8, 0, first_directory)
        return b"II*\0" + struct.pack("<I", first_directory)

    def describe_plane(self, kind: PlaneKind, offset: int) -> list[Entry]:
        """Return the entries of a plane whose pixels are at `offset`, in one piece."""
        code = (LONG8, "<Q") if self.is_big else (LONG, "<I")
        return [
            longs(WIDTH, kind.width),
            longs(HEIGHT, kind.height),
            shorts(BITS, *[kind.bits] * kind.samples),
            shorts(COMPRESSION, UNCOMPRESSED),
            shorts(PHOTOMETRIC, RGB if kind.samples == 3 else MONO),
            Entry(STRIP_OFFSETS, code[0], 1, struct.pack(code[1], offset)),
            shorts(SAMPLES, kind.samples),
            longs(ROWS_PER_STRIP, kind.height),
            Entry(STRIP_BYTES, code[0], 1, struct.pack(code[1], kind.size_bytes)),
            shorts(PLANAR, CONTIGUOUS),
        ]

    def directory(self, entries: Iterable[Entry], offset: int, following: int = 0) -> bytes:
        """Return a directory in the bytes that a file has at `offset`, which is even. `following` is the offset of the
        next directory, 0 if there is none."""
        # Readers expect the tags in ascending order (TIFF 6.0, section 2).
        ordered = sorted(entries)
        counted, described, pointer = ("<Q", "<HHQ", "<Q") if self.is_big else ("<H", "<HHI", "<I")
        inline = struct.calcsize(pointer)
        table_bytes = struct.calcsize(counted) + len(ordered) * (struct.calcsize(described) + inline) + inline
        place, table, values = offset + table_bytes, [struct.pack(counted, len(ordered))], []
        for entry in ordered:
            table.append(struct.pack(described, entry.tag, entry.kind, entry.length))
            if len(entry.content) <= inline:
                table.append(entry.content.ljust(inline, b"\0"))
            else:
                table.append(struct.pack(pointer, place))
                values.append(entry.content + b"\0" * (len(entry.content) % 2))
                place += len(values[-1])
        return b"".join([*table, struct.pack(pointer, following), *values])


def shorts(tag: int, *values: int) -> Entry:
    return Entry(tag, SHORT, len(values), struct.pack(f"<{len(values)}H", *values))


def longs(tag: int, *values: int) -> Entry:
    return Entry(tag, LONG, len(values), struct.pack(f"<{len(values)}I", *values))


def text(tag: int, content: bytes) -> Entry:
    return Entry(tag, ASCII, len(content) + 1, content + b"\0")


def resolution(per_unit: tuple[float, float] | None, unit: int) -> list[Entry]:
    """Return pixels per unit along x and y; nothing if they are unknown or do not fit."""
    x, y = (to_rational(one) for one in per_unit) if per_unit else (None, None)
    if x is None or y is None:
        return []
    pairs = ((X_RESOLUTION, x), (Y_RESOLUTION, y))
    return [
        *(Entry(tag, RATIONAL, 1, struct.pack("<II", *pair)) for tag, pair in pairs),
        shorts(RESOLUTION_UNIT, unit),
    ]
