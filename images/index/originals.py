"""Opens files of originals and checks that their bytes are unchanged. Whoever wants an original asks opening.py, which
knows where it is.

A file is read once as a whole and compared with the sum in its row. The result is remembered together with the state of
the file (device, inode, size, times of change), so the next request only compares the state. The state is that of the
open file, so it does not matter if the path gets another file afterwards. If somebody writes to the file meanwhile, its
state differs after the next block.
"""

import hashlib
import os
import threading
import time
import zlib
from collections import OrderedDict
from dataclasses import dataclass
from types import TracebackType
from typing import Any, BinaryIO, Self

from images.archive.archive import Archive
from images.archive.folder import raising_storage_errors
from images.errors import NotAnOriginal, OriginalChanged
from images.formats import format_of
from images.formats.guarded_reading import Source, name_of

BLOCK_BYTES = 2**20
# They take about 10 MB of memory.
MAX_REMEMBERED = 20_000
# The coarsest file systems (FAT) note times in steps of two seconds. A second change within one step would not show.
SETTLED_NS = 3 * 10**9


@dataclass(frozen=True, slots=True)
class FileState:
    """What the operating system reports about a file. It differs for another file, and after each write."""

    device: int
    inode: int
    size_bytes: int
    modified_ns: int
    changed_ns: int

    def is_settled(self) -> bool:
        """Return True if a change from now on would get another time than the last change. It compares the distance of
        the times, so a clock that was set back does no harm."""
        now_ns = time.time_ns()
        return min(abs(now_ns - self.modified_ns), abs(now_ns - self.changed_ns)) > SETTLED_NS


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of a file: its SHA-256, and its CRC-32 for a ZIP."""

    sha256: str
    crc32: int


class RememberedSums:
    """The sums of files that were read, by the state of the file. Bounded, and safe to use from any thread."""

    def __init__(self, max_count: int = MAX_REMEMBERED) -> None:
        self._max_count = max_count
        self._sums: OrderedDict[FileState, Sums] = OrderedDict()
        self._lock = threading.Lock()

    def find(self, state: FileState) -> Sums | None:
        with self._lock:
            if state in self._sums:
                self._sums.move_to_end(state)
            return self._sums.get(state)

    def add(self, state: FileState, sums: Sums) -> None:
        with self._lock:
            self._sums[state] = sums
            if len(self._sums) > self._max_count:
                self._sums.popitem(last=False)

    def forget(self, state: FileState) -> None:
        with self._lock:
            self._sums.pop(state, None)


class OpenOriginal:
    """An original whose bytes are unchanged, open for reading. The caller closes it."""

    def __init__(self, file: BinaryIO, filename: str, state: FileState, sums: Sums) -> None:
        self.file = file
        self._filename = filename
        self._state = state
        self.sums = sums

    @property
    def size_bytes(self) -> int:
        return self._state.size_bytes

    def seek(self, position: int) -> None:
        self.file.seek(position)

    def read(self, count: int) -> bytes:
        """Return the next bytes. Raises OriginalChanged if the file was written to since the check, so that no changed
        block is sent."""
        block = self.file.read(count)
        self.require_unchanged()
        return block

    def require_unchanged(self) -> None:
        """Raise OriginalChanged if the file was written to since it was checked. Call it after reading `file`."""
        if state_of(self.file) != self._state:
            raise OriginalChanged(self._filename)

    def close(self) -> None:
        self.file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


_remembered = RememberedSums()


def open_checked(archive: Archive, filename: str, size_bytes: int, sha256: str) -> OpenOriginal:
    """Return the original in the archive, checked and open. Reads the whole file if it was not read in this state
    before. Raises OriginalMissing, OriginalChanged, or StorageUnavailable."""
    return open_if_same(archive.open(filename), filename, size_bytes, sha256)


def open_if_same(file: BinaryIO, filename: str, size_bytes: int, sha256: str) -> OpenOriginal:
    """Return this open file as the original, if it holds its bytes; otherwise close it. Raises OriginalChanged, or
    StorageUnavailable."""
    try:
        with raising_storage_errors():
            state = state_of(file)
            # A file of another size cannot be the same, so it is not read at all.
            sums = _sum_up_once(file, state) if state.size_bytes == size_bytes else None
        if sums is None or sums.sha256 != sha256:
            raise OriginalChanged(filename)
        file.seek(0)
        return OpenOriginal(file, filename, state, sums)
    except BaseException:
        file.close()
        raise


def forget_sums(file: BinaryIO) -> None:
    """Forget the sums of this file, so that it is read again, whatever the system reports about it."""
    _remembered.forget(state_of(file))


def state_of(file: BinaryIO) -> FileState:
    status = os.fstat(file.fileno())
    return FileState(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _sum_up_once(file: BinaryIO, state: FileState) -> Sums | None:
    """Return the sums of the file in this state. Returns None if the file changed while it was read."""
    known = _remembered.find(state)
    if known:
        return known
    # Asked before reading: a change during the first step of time would have the same state as now, and be missed.
    is_settled = state.is_settled()
    sums = sum_up(file)
    if state_of(file) != state:
        return None
    if is_settled:
        _remembered.add(state, sums)
    return sums


def sum_up(file: BinaryIO) -> Sums:
    """Read a whole file on disk. Leaves the file at its end."""
    file.seek(0)
    digest, crc32 = hashlib.sha256(), 0
    # One buffer for all blocks: an original of many megabytes takes no more memory than this.
    block = memoryview(bytearray(BLOCK_BYTES))
    while count := file.readinto(block):  # type: ignore[attr-defined]  # every file on disk has it
        digest.update(block[:count])
        crc32 = zlib.crc32(block[:count], crc32)
    return Sums(digest.hexdigest(), crc32)


def has_pixel_sum(record: dict[str, Any]) -> bool:
    """Return True if the record carries the sum of its pixels. Records of older versions do not."""
    return isinstance(record.get("pixels"), dict)


def find_changed_since_capture(original: Source, record: dict[str, Any]) -> bool | None:
    """Return True if the pixels differ from those of the capture, and None if nobody can tell, because an older record
    carries no sum. Raises OSError."""
    image_format = format_of(name_of(original))
    if image_format is None or not has_pixel_sum(record):
        return None
    sum_pixels = image_format.pixel_sums.get(record["pixels"].get("of"))
    if sum_pixels is None:
        return True  # written as another format
    try:
        return sum_pixels(original) != record["pixels"].get("sha256")
    except NotAnOriginal:
        return True  # pixels that this program never writes
