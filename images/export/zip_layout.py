"""The bytes around the files of a ZIP (PKWARE's APPNOTE 6.3): headers, central directory, end; ZIP64 if needed.

Size and CRC are written before each file. Most streaming ZIP writers put them after the file. Then readers in Java,
such as ImageJ and Bio-Formats, cannot find the end of a file that is not compressed.
"""

import struct
from datetime import datetime

from django.utils import timezone

LOCAL, CENTRAL = struct.Struct("<4sHHHHHLLLHH"), struct.Struct("<4sBBHHHHHLLLHHHHHLL")
END64, LOCATOR64, END = struct.Struct("<4sQBBHLLQQQQ"), struct.Struct("<4sLQL"), struct.Struct("<4sHHHHLLH")
MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
PLAIN_VERSION, ZIP64_VERSION, UNIX = 20, 45, 3
UTF8_NAME = 0x800
# A regular file with permissions rw-r--r--.
ATTRIBUTES = 0o100644 << 16
# The times that a ZIP can hold.
FIRST_MOMENT, LAST_MOMENT = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)


class ZipLayout:
    """Make the bytes between the files, in order, and count the position in the ZIP.

    The central directory stays in memory, about a hundred bytes for each file.
    """

    def __init__(self) -> None:
        self.position = 0
        self._directory = bytearray()
        self._count = 0

    def add(self, name: str, size_bytes: int, crc32: int, moment: datetime) -> bytes:
        """Return the header of a file. Exactly `size_bytes` of content must follow.

        `moment` is written in the lab's time zone.
        """
        encoded, time = name.encode("utf-8"), _dos_time(moment)
        # Without this flag, readers take the name for the old DOS code page.
        flags = 0 if name.isascii() else UTF8_NAME
        is_large, is_far = size_bytes >= MAX_32, self.position >= MAX_32
        size = MAX_32 if is_large else size_bytes
        # ZIP64: the field of 32 bits says "all ones", and the real number is in the extra field, in this order.
        sizes = [size_bytes, size_bytes] if is_large else []
        extra, far_extra = _extra(sizes), _extra([*sizes, self.position] if is_far else sizes)
        shared = (flags, 0, *time, crc32, size, size, len(encoded))
        version = ZIP64_VERSION if is_large else PLAIN_VERSION
        far_version = ZIP64_VERSION if far_extra else PLAIN_VERSION
        offset = MAX_32 if is_far else self.position
        made_by = (far_version, UNIX, far_version)
        # The offset of a file is only in the central directory, so only this entry can need `far_extra`.
        self._directory += CENTRAL.pack(b"PK\1\2", *made_by, *shared, len(far_extra), 0, 0, 0, ATTRIBUTES, offset)
        self._directory += encoded + far_extra
        self._count += 1
        header = LOCAL.pack(b"PK\3\4", version, *shared, len(extra)) + encoded + extra
        self.position += len(header) + size_bytes
        return header

    def end(self, comment: str = "") -> bytes:
        """Return the central directory and the records that say where it begins."""
        start, length, count = self.position, len(self._directory), self._count
        tail = b""
        if count >= MAX_16 or max(start, length) >= MAX_32:
            versions = (ZIP64_VERSION, UNIX, ZIP64_VERSION)
            tail = END64.pack(b"PK\6\6", END64.size - 12, *versions, 0, 0, count, count, length, start)
            tail += LOCATOR64.pack(b"PK\6\7", 0, start + length, 1)
        comment_bytes = comment.encode("utf-8")
        # The largest value means: look into the ZIP64 record.
        counts = (min(count, MAX_16), min(count, MAX_16), min(length, MAX_32), min(start, MAX_32))
        tail += END.pack(b"PK\5\6", 0, 0, *counts, len(comment_bytes)) + comment_bytes
        self.position += length + len(tail)
        return bytes(self._directory) + tail


def _extra(numbers: list[int]) -> bytes:
    """Return the ZIP64 extra field for numbers that do not fit into 32 bits."""
    return struct.pack(f"<HH{len(numbers)}Q", 1, 8 * len(numbers), *numbers) if numbers else b""


def _dos_time(moment: datetime) -> tuple[int, int]:
    """Return (time, date) in the DOS format of ZIPs: local time without a zone, in steps of two seconds."""
    local = moment.astimezone(timezone.get_default_timezone()).timetuple()[:6]
    year, month, day, hour, minute, second = min(max(local, FIRST_MOMENT), LAST_MOMENT)
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day
