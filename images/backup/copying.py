"""Copies one file and proves the copy: it is forced to disk, read again, and must have the sum of the bytes that were
read."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from images.archive.paced_reader import PacedReader, forget_cached
from images.backup.contents.entries import Entry
from images.backup.errors import BackupDiskFull, BackupFolderUnusable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
COPYING_SUFFIX = ".part"


@contextlib.contextmanager
def telling_backup_faults(folder: Path) -> Iterator[None]:
    """Turn the system's errors in the backup folder into errors named by cause."""
    try:
        yield
    except OSError as problem:
        if problem.errno in NO_ROOM:
            raise disk_full(folder) from problem
        raise BackupFolderUnusable(
            f"The folder {folder} cannot be used ({problem.strerror or problem}). See that its drive is "
            "connected and can be written, then run the command again: it goes on from there."
        ) from problem


def disk_full(folder: Path) -> BackupDiskFull:
    return BackupDiskFull(
        f"The disk of the folder {folder} is full. Free some space, then run the command again: it goes on from there."
    )


class Copier:
    """Copies files to one disk at a limited speed. Safe to use from several threads."""

    def __init__(self, reader: PacedReader, folder: Path, reserve_bytes: int) -> None:
        """`folder` is on the disk to which the files are copied. `reserve_bytes` stay free there."""
        self._reader = reader
        self._folder = folder
        self._reserve_bytes = reserve_bytes

    def copy(self, source: Path, target: Path) -> Entry:
        """Copy a file, and prove the copy. On return, the content is safe on disk, but the caller must still sync the
        folder. The copy gets the time of the source.

        Raises OSError if the source cannot be read, a BackupError if the copy cannot be made, and StopRequested; then
        `target` is as it was before.
        """
        temporary = target.with_name(f".{target.name}{COPYING_SUFFIX}")
        try:
            # Errors of the source stay OSError; only errors of the target become a BackupError. So a caller can tell
            # which disk failed.
            with source.open("rb") as file:
                fields = os.fstat(file.fileno())
                self._require_room(fields.st_size)
                entry = self._write(file, temporary, Entry(target.name, 0, fields.st_mtime_ns, ""))
                forget_cached(file)
            self._prove(temporary, entry)
            with telling_backup_faults(self._folder):
                os.utime(temporary, ns=(fields.st_mtime_ns, fields.st_mtime_ns))
                os.replace(temporary, target)
        except BaseException:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise
        return entry

    def _write(self, source: BinaryIO, temporary: Path, entry: Entry) -> Entry:
        with telling_backup_faults(self._folder):
            file = temporary.open("wb", buffering=0)
        with file:

            def keep(block: memoryview) -> None:
                with telling_backup_faults(self._folder):
                    while block:
                        # An unbuffered write may take only a part of the block.
                        block = block[file.write(block) :]

            size_bytes, sha256 = self._reader.measure(source, keep)
            with telling_backup_faults(self._folder):
                os.fsync(file.fileno())
        return Entry(entry.name, size_bytes, entry.modified_ns, sha256)

    def _prove(self, path: Path, entry: Entry) -> None:
        """Read the copy again from the disk and compare. Raises BackupFolderUnusable if it differs."""
        # The reader drops the file from the page cache first, so the bytes come from the disk.
        with telling_backup_faults(self._folder), path.open("rb") as file:
            measured = self._reader.measure(file)
            forget_cached(file)
        if measured != (entry.size_bytes, entry.sha256):
            raise BackupFolderUnusable(
                f"The disk of {self._folder} gives back other bytes than were written to it ({path.name}). "
                "It may be failing: use another one."
            )

    def _require_room(self, size_bytes: int) -> None:
        with telling_backup_faults(self._folder):
            free_bytes = shutil.disk_usage(self._folder).free
        if free_bytes < size_bytes + self._reserve_bytes:
            raise disk_full(self._folder)
