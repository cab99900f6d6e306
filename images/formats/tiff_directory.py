"""Directories of a TIFF file (TIFF 6.0, section 2), little-endian. Packs them for EXIF, and reads them without trusting
them.

EXIF is such a directory too, in every file format.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from functools import lru_cache
from typing import BinaryIO

from images.errors import NotAnOriginal

HEADER = b"II*\0"
HEADER_BYTES = 8
ENTRY_BYTES = 12
INLINE_BYTES = 4
# Far above what files of this program hold, so that a damaged file cannot make the reader load more. The limit is for
# all values of one directory together, because they may point to the same place.
MAX_ENTRIES = 60
MAX_VALUE_BYTES = 4_000_000
MAX_LONG = 0xFFFF_FFFF
MIN_RATIONAL = 1e-8


class Kind(IntEnum):
    """The type of a field's values."""

    BYTE = 1
    ASCII = 2
    SHORT = 3
    LONG = 4
    RATIONAL = 5
    UNDEFINED = 7


BYTES_OF = {Kind.BYTE: 1, Kind.ASCII: 1, Kind.SHORT: 2, Kind.LONG: 4, Kind.RATIONAL: 8, Kind.UNDEFINED: 1}
CODES = {Kind.SHORT: "H", Kind.LONG: "I"}


@dataclass(frozen=True, slots=True)
class Field:
    """One entry of a directory, with its values in the bytes of the file."""

    tag: int
    kind: Kind
    content: bytes

    @property
    def numbers(self) -> tuple[int, ...]:
        """The values of a SHORT or LONG field; empty for other types."""
        code = CODES.get(self.kind)
        return struct.unpack(f"<{len(self.content) // BYTES_OF[self.kind]}{code}", self.content) if code else ()


def text_field(tag: int, text: str) -> Field:
    """Return a text field in UTF-8. ASCII characters stay ASCII, so readers that know only ASCII still show them."""
    return Field(tag, Kind.ASCII, text.replace("\0", "").encode("utf-8") + b"\0")


def short_field(tag: int, *values: int) -> Field:
    return Field(tag, Kind.SHORT, struct.pack(f"<{len(values)}H", *values))


def long_field(tag: int, *values: int) -> Field:
    return Field(tag, Kind.LONG, struct.pack(f"<{len(values)}I", *values))


def rational_field(tag: int, *values: tuple[int, int]) -> Field:
    return Field(tag, Kind.RATIONAL, b"".join(struct.pack("<II", *value) for value in values))


@lru_cache
def to_rational(value: float) -> tuple[int, int] | None:
    """Return a positive number as numerator and denominator, as exactly as 32 bits each allow. Returns None if the
    number is too small or too large for that."""
    if not MIN_RATIONAL <= value <= MAX_LONG:
        return None
    # The numerator is about value x denominator, so for values above 1 the denominator must be smaller.
    fraction = Fraction(value).limit_denominator(int(MAX_LONG / max(value, 1)))
    return fraction.numerator, fraction.denominator


def pack_directory(fields: Iterable[Field], offset: int) -> bytes:
    """Return the directory in the bytes that a file has at `offset`, which is even. The last byte belongs to a value,
    if any value is too long for its entry."""
    ordered = sorted(fields, key=lambda field: field.tag)
    start = offset + 2 + ENTRY_BYTES * len(ordered) + 4
    entries, values = struct.pack("<H", len(ordered)), b""
    for field in ordered:
        entries += struct.pack("<HHI", field.tag, field.kind, len(field.content) // BYTES_OF[field.kind])
        if len(field.content) <= INLINE_BYTES:
            entries += field.content.ljust(INLINE_BYTES, b"\0")
        else:
            # TIFF 6.0, section 2: values begin at an even offset.
            values += b"\0" * (len(values) % 2)
            entries += struct.pack("<I", start + len(values))
            values += field.content
    # Four zero bytes: no further directory follows.
    return entries + bytes(4) + values


def read_first_directory(file: BinaryIO) -> dict[int, Field]:
    """Return the fields of the file's first picture. Raises NotAnOriginal."""
    header = _read(file, 0, HEADER_BYTES)
    if not header.startswith(HEADER):
        raise NotAnOriginal("It is no TIFF of this program.")
    return read_directory(file, struct.unpack("<I", header[4:])[0])


def point_to_first_directory(file: BinaryIO, offset: int) -> None:
    file.seek(len(HEADER))
    file.write(struct.pack("<I", offset))


def read_directory(file: BinaryIO, offset: int) -> dict[int, Field]:
    """Return the fields by tag, except those of unknown kinds. Raises NotAnOriginal if one of them is outside the file:
    whatever a damaged file claims, no more is read than it holds."""
    (count,) = struct.unpack("<H", _read(file, offset, 2))
    if count > MAX_ENTRIES:
        raise NotAnOriginal("Its directory is damaged.")
    table = _read(file, offset + 2, count * ENTRY_BYTES)
    entries = list(struct.iter_unpack("<HHI4s", table))
    if sum(length * BYTES_OF.get(kind, 0) for _, kind, length, _ in entries) > MAX_VALUE_BYTES:
        raise NotAnOriginal("Its directory is damaged.")
    return {
        tag: _read_field(file, tag, Kind(kind), length * BYTES_OF[Kind(kind)], inline)
        for tag, kind, length, inline in entries
        if kind in BYTES_OF
    }


def _read_field(file: BinaryIO, tag: int, kind: Kind, size: int, inline: bytes) -> Field:
    """`inline` holds the value itself if it is short enough, else its offset in the file."""
    if size <= INLINE_BYTES:
        return Field(tag, kind, inline[:size])
    return Field(tag, kind, _read(file, struct.unpack("<I", inline)[0], size))


def _read(file: BinaryIO, start: int, size: int) -> bytes:
    file.seek(start)
    content = file.read(size)
    if len(content) < size:
        raise NotAnOriginal("It ends too early.")
    return content
