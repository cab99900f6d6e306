"""Originals that become safe together. A disk needs much less time to take many files at once than to take each one
as soon as it is written."""

import contextlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from camera.durable_files import sync_folder
from images.archive.archive import Archive, StoredFile
from images.archive.draft import PendingFile, begin_draft
from images.archive.folder import measure, raising_storage_errors
from images.archive.write_back import begin_write_back

# A disk that has several files to force combines its work on them.
FORCERS = 4


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that is complete, but not yet forced to disk, and not yet under its final name. `sha256` is of its
    bytes."""

    pending: PendingFile
    size_bytes: int
    sha256: str

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self.pending.file.close()
        self.pending.discard()


class GroupWriter:
    """Writes the files of a group, then makes them safe together. Any thread may use it."""

    def __init__(self, archive: Archive, force: Callable[[int], None] = os.fsync) -> None:
        """`force` forces an open file to disk, by its descriptor."""
        self._archive = archive
        self._force = force

    def check(self) -> None:
        """Raise StorageUnavailable if a group could not be saved now. Call it before the first file of each group."""
        self._archive.check()

    def write(self, taken_at: datetime, extension: str, write: Callable[[BinaryIO], str | None]) -> WrittenFile:
        """Write a new original under a temporary name. The caller commits it, or discards it. `write` returns the
        SHA-256 of what it wrote, or None; then the file is read back for it. Blocks for the disk's cache. Raises
        StorageUnavailable, or what `write` raises; then no file is left."""
        with raising_storage_errors():
            pending = begin_draft(self._archive.make_day_folder(taken_at), taken_at, extension)
            try:
                sha256 = write(pending.file)
                pending.file.flush()
                begin_write_back(pending.file)
                return WrittenFile(pending, *measure(pending.file, sha256))
            except BaseException:
                WrittenFile(pending, 0, "").discard()
                raise

    def commit(self, group: Sequence[WrittenFile]) -> list[StoredFile]:
        """Force all files to disk, then give each its final name, in this order. On return all are safe. Raises
        StorageUnavailable; then none of them is left."""
        with raising_storage_errors():
            try:
                # Since `check` the drive may have gone, and its folder may be an empty one on another disk.
                self._archive.check_folder()
                with self._archive.write_times.measure(sum(one.size_bytes for one in group), len(group)):
                    self.force(group)
                # Names only after the bytes of all are on the disk: a name that a power cut leaves is a whole file.
                for written in group:
                    with written.pending.file:
                        self._archive.publish(written.pending)
                for folder in {written.pending.final.parent for written in group}:
                    sync_folder(folder)
            except BaseException:
                for written in group:
                    written.discard()
                raise
        return [StoredFile(one.pending.location, one.size_bytes, one.sha256) for one in group]

    def force(self, group: Sequence[WrittenFile]) -> None:
        """Force the files to disk. Raises StorageUnavailable."""
        descriptors = [written.pending.file.fileno() for written in group]
        shares = [descriptors[first::FORCERS] for first in range(FORCERS)]
        with raising_storage_errors(), ThreadPoolExecutor(FORCERS, thread_name_prefix="burst-forcer") as forcers:
            for _ in forcers.map(self._force_each, shares):
                pass

    def _force_each(self, descriptors: Sequence[int]) -> None:
        for descriptor in descriptors:
            self._force(descriptor)
