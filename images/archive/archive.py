"""Originals on disk: names them, writes them, publishes them without overwriting, and opens them.

A file is written under a temporary name in the folder of its day and forced to disk. Only then it gets its final name,
in one step that fails if the name exists. So every final name in the archive stands for a complete file.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from camera.durable_files import give_name, sync_folder
from images.archive.draft import PendingFile, begin_draft
from images.archive.folder import StorageFolder, measure, measuring, raising_storage_errors, remove_if_orphaned
from images.archive.names import (
    MAX_IN_ONE_MILLISECOND,
    TEMPORARY_SUFFIX,
    Location,
    day_of,
    is_day,
    location_of,
    name_for,
)
from images.archive.paced_reader import forget_cached
from images.archive.write_times import WriteTimes
from images.errors import NotAnOriginal, OriginalChanged, OriginalMissing, StorageUnavailable


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An original that is complete on disk. `changed_since_capture`: see images.index.originals; None if unknown."""

    location: Location
    size_bytes: int
    sha256: str
    changed_since_capture: bool | None = None

    @property
    def filename(self) -> str:
        return self.location.name


class Archive:
    """The folder of the originals. Safe to use from any thread, and from several processes at once."""

    def __init__(
        self, root: Path, reserve_bytes: int, memory: Path, link: Callable[[Path, Path], None] = os.link
    ) -> None:
        """`link` gives a file a second name, and fails if that name exists. For the others see StorageFolder."""
        # Only this room may use the path, and those that look after the disk: backups, the start, the status. All
        # others ask by name or location, so an original may as well be in the object store.
        self.root = root
        self._folder = StorageFolder(root, reserve_bytes, memory)
        self._system_link = link
        # Folders of days that are known to be safe on disk. So only the first capture of a day waits for it.
        self._durable_folders: set[Path] = set()
        self.write_times = WriteTimes()
        # Fetches originals from the object store; None if no store is set. Used by images.index.opening.
        self.elsewhere: Any = None

    @property
    def is_new(self) -> bool:
        """True if nobody has used the folder yet: every check would set it up."""
        return self._folder.is_new

    def check(self) -> None:
        """Raise StorageUnavailable if a capture could not be saved now. Fast: call it before each exposure."""
        self._folder.check_marker()
        self._folder.check_writable()
        self._folder.check_space()

    def space(self) -> tuple[int, int]:
        """Return free and reserved bytes. With fewer free bytes, captures are refused. Raises StorageUnavailable."""
        self._folder.check_marker()
        self._folder.check_writable()
        return self._folder.space()

    def check_folder(self) -> None:
        """Raise StorageMissing if the folder is not the one used before. Sets up a folder that is used for the first
        time."""
        self._folder.check_marker()

    def keep(self, taken_at: datetime, extension: str, write: Callable[[BinaryIO], object]) -> StoredFile:
        """Save a new original. `write` gets an open file and writes the content. On return, the file is safe on disk
        under its final name. Blocks while the disk writes.

        Raises StorageUnavailable, or what `write` raises; then no file is left.
        """
        self.check()
        with raising_storage_errors():
            folder = self.make_day_folder(taken_at)
            draft = begin_draft(folder, taken_at, extension)
            try:
                with draft.file as file:
                    write(file)
                    file.flush()
                    # Read back from the file: the sum is of the bytes that are there, not of those that were sent. The
                    # disk needs no processor meanwhile.
                    with measuring(file) as measured, self.write_times.measure(os.fstat(file.fileno()).st_size):
                        os.fsync(file.fileno())
                    size_bytes, sha256 = measured.result()
                    self.publish(draft)
                sync_folder(folder)
            # Also if the program is told to stop: no half-written file may stay.
            except BaseException:
                draft.discard()
                raise
        return StoredFile(draft.location, size_bytes, sha256)

    def try_writing(self, write: Callable[[BinaryIO], object]) -> int:
        """Write a file as `keep` does, force it to disk, and remove it again. Returns its size in bytes. Raises as
        `keep`."""
        self.check()
        # It is in the root, not in the folder of a day: no search for originals looks there.
        attempt = self.root / f".try-{secrets.token_hex(8)}.part"
        with raising_storage_errors():
            try:
                with attempt.open("x+b") as file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
                    return measure(file)[0]
            finally:
                attempt.unlink(missing_ok=True)

    def path_of(self, filename: str) -> Path:
        """Return the path of the original with that name, even if there is none: for this room, and to show to people.
        Raises ImpossibleName if the name is not one of this program."""
        return self.path_at(location_of(filename))

    def path_at(self, location: Location) -> Path:
        """Return the path of a file: for this room, and for those that look after the disk."""
        return self.root / location.folder / location.name

    def open(self, filename: str) -> BinaryIO:
        """Open an original for reading; the caller closes it. Does not check the content: images.index.originals does.
        Raises OriginalMissing, OriginalChanged if the name stands for something that is no regular file, or
        StorageUnavailable if the archive cannot be read."""
        path = self.path_of(filename)
        with raising_storage_errors():
            try:
                if not stat.S_ISREG(path.stat().st_mode):
                    raise OriginalChanged(filename)
                return path.open("rb")
            except FileNotFoundError as problem:
                # If the drive is not mounted, no original is there, but none is lost either.
                self.check_folder()
                raise OriginalMissing(f"The file {filename} is missing from the archive.") from problem

    def open_at(self, location: Location) -> BinaryIO:
        """Open a file for reading, whatever it holds; the caller closes it. Raises NotAnOriginal if it is no regular
        file, and OSError."""
        path = self.path_at(location)
        # Asked before it is opened: opening a pipe would wait for its writer.
        if not stat.S_ISREG(path.stat().st_mode):
            raise NotAnOriginal(f"{location.name} is no file.")
        return path.open("rb")

    def has(self, location: Location) -> bool:
        """Return True if there is something at this location."""
        return self.path_at(location).exists()

    def is_file(self, location: Location) -> bool:
        """Return True if there is a regular file at this location. Returns False also if nobody can tell."""
        return self.path_at(location).is_file()

    def size_at(self, location: Location) -> int:
        """Return the size of a file in bytes. Raises OSError."""
        return self.path_at(location).stat().st_size

    def forget_cached(self, location: Location) -> None:
        """Drop a file from the page cache once it is not needed any more: others need the memory."""
        with contextlib.suppress(OSError), self.path_at(location).open("rb") as file:
            forget_cached(file)

    def measure(self, location: Location) -> StoredFile:
        """Read a whole file for its size and SHA-256. Raises OSError."""
        with self.path_at(location).open("rb") as file:
            return StoredFile(location, *measure(file))

    def rename_to_free(
        self,
        location: Location,
        taken_at: datetime,
        take_along: Callable[[Location], object] = lambda renamed: None,
    ) -> Location:
        """Give an original the next free name of its millisecond, and return the new location. The content stays as it
        is. `take_along` is called while the file has both names. Raises StorageUnavailable."""
        path = self.path_at(location)
        extension = "." + location.name.partition(".")[2]
        with raising_storage_errors():
            for attempt in range(2, MAX_IN_ONE_MILLISECOND):
                renamed = location.beside(name_for(taken_at, attempt) + extension)
                # The second name comes first, and the old one goes last. So the file has a name at every moment, also
                # after a power cut.
                if self._has_also_name(path, self.path_at(renamed)):
                    take_along(renamed)
                    path.unlink(missing_ok=True)
                    sync_folder(path.parent)
                    return renamed
        raise StorageUnavailable("There are too many images of the same millisecond.")

    def remove(self, filename: str) -> None:
        """Delete an original for good. Does nothing if it is gone already. Raises StorageUnavailable if nobody can tell
        whether it is there."""
        path = self.path_of(filename)
        self.check_folder()
        # Without the check above, a folder whose drive is not mounted would look as if the file was gone.
        with raising_storage_errors(), contextlib.suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)

    def days(self) -> list[str]:
        """Return the names of all days' folders, oldest first. Raises OSError."""
        return sorted(folder.name for folder in self.root.glob("????-??-??") if is_day(folder.name) and folder.is_dir())

    def names_of(self, day: str) -> list[str]:
        """Return the names of everything in the folder of a day, sorted. Raises OSError."""
        return sorted(os.listdir(self.root / day))

    def remove_orphaned_temporaries(self) -> int:
        """Delete the temporary files of writers that died, and return their number. Files that are still being written
        are locked, and stay."""
        return sum(
            remove_if_orphaned(path) for day in self.days() for path in (self.root / day).glob(f".*{TEMPORARY_SUFFIX}")
        )

    def make_day_folder(self, taken_at: datetime) -> Path:
        """Return the folder of the day. On return, it is safe on disk."""
        folder = self.root / day_of(taken_at)
        if folder not in self._durable_folders or not folder.exists():
            folder.mkdir(exist_ok=True)
            # Also if the folder exists: another process may have made it just now, and not synced it yet.
            sync_folder(self.root)
            self._durable_folders.add(folder)
        return folder

    def publish(self, draft: PendingFile) -> None:
        """Give a file that is on disk its final name. Raises OSError; then its writer discards it."""
        # While the file is open, its lock shows other processes that its writer lives. Windows cannot rename or remove
        # an open file, and cannot remove it under a living writer either.
        if os.name == "nt":
            draft.file.close()
        self._link(draft.temporary, draft.final)
        draft.is_published = True
        draft.temporary.unlink(missing_ok=True)

    def _link(self, source: Path, target: Path) -> None:
        """Give a file a second name in one step. Raises FileExistsError if the name is taken. On file systems without
        hard links it takes two steps; that is safe among writers of this program, because each has claimed its name
        before."""
        give_name(source, target, self._system_link)

    def _has_also_name(self, path: Path, second: Path) -> bool:
        """Return True if the file has the second name too: it got it now, or in an earlier attempt that was
        interrupted."""
        try:
            self._link(path, second)
        except FileExistsError:
            return path.samefile(second)
        return True
