"""The folder of the archive: whether it is there, is the right one and has space. Turns the operating system's errors
into errors with a cause."""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path
from typing import BinaryIO

from camera.durable_files import create_file, replace_file
from images.errors import DiskFull, StorageMissing, StorageNotWritable

MARKER = ".microscope-archive"
MARKER_TEXT = b"Images of Microscope. This file shows that the folder is the right one.\n"

try:
    import fcntl
except ImportError:  # Windows: a file that is open cannot be removed there, so it needs no lock.
    fcntl = None  # type: ignore[assignment]


class StorageFolder:
    """A folder with a marker file inside. Without its drive, the same path is an empty folder without a marker."""

    def __init__(self, root: Path, reserve_bytes: int, memory: Path) -> None:
        """`memory` is a file outside the folder that lists all folders used so far. So a new folder can be told from
        one whose drive is not mounted."""
        self.root = root
        self._reserve_bytes = reserve_bytes
        self._memory = memory
        self._is_remembered = False

    @property
    def is_new(self) -> bool:
        """True if nobody has used the folder yet: `check_marker` would set it up."""
        return str(self.root) not in self._remembered() and not (self.root / MARKER).exists()

    def check_marker(self) -> None:
        """Raise StorageMissing if the folder is not the one used before. Sets up a folder that is used for the first
        time."""
        with raising_storage_errors():
            # The marker comes before the memory. If the program dies between the two, the folder has a marker, and the
            # next start goes on. The other way round, the new folder would look like a drive that is not mounted.
            if not self._has_marker():
                self._set_up()
            if not self._is_remembered:
                self._remember()

    def check_writable(self) -> None:
        """Raise StorageNotWritable if the operating system says in advance that it refuses writes. Windows does not
        say it for folders: there, only a write shows it."""
        if not os.access(self.root, os.W_OK):
            raise StorageNotWritable(
                "The folder for images is read-only. Make it writable, or mount its drive writable, then try again."
            )

    def check_space(self) -> None:
        """Raise DiskFull if the free space is less than the reserve."""
        free_bytes, reserve_bytes = self.space()
        if free_bytes < reserve_bytes:
            raise DiskFull(
                f"The disk is full: {free_bytes // 10**6} MB are free, {reserve_bytes // 10**6} MB are kept in "
                "reserve. Free some space, then try again."
            )

    def space(self) -> tuple[int, int]:
        """Return free and reserved bytes. With fewer free bytes, captures are refused. Raises StorageUnavailable."""
        with raising_storage_errors():
            return shutil.disk_usage(self.root).free, self._reserve_bytes

    def _has_marker(self) -> bool:
        """Return True if the marker is there. An empty marker counts too, and is written again: a full disk or a power
        cut can leave one."""
        try:
            is_empty = not (self.root / MARKER).stat().st_size
        except (FileNotFoundError, NotADirectoryError):
            return False
        if is_empty:
            with contextlib.suppress(OSError):
                replace_file(self.root / MARKER, MARKER_TEXT)
        return True

    def _set_up(self) -> None:
        """Make the folder and its marker. A folder in the memory is never set up again: if it lacks its marker, its
        drive is not mounted."""
        if str(self.root) in self._remembered():
            if self._has_marker():
                return  # another thread or process has just set it up: it writes the marker before the memory
            raise StorageMissing(
                "The folder for images is not there, or is not the one used before. "
                "Connect or mount its drive, then try again."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            create_file(self.root / MARKER, MARKER_TEXT)

    def _remember(self) -> None:
        remembered = self._remembered()
        if str(self.root) not in remembered:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            # Names of folders are bytes. "surrogateescape" keeps those that are no UTF-8.
            lines = "".join(f"{folder}\n" for folder in [*remembered, self.root])
            replace_file(self._memory, lines.encode("utf-8", "surrogateescape"))
        self._is_remembered = True

    def _remembered(self) -> list[str]:
        """Return the folders in the memory."""
        # A folder's name may hold bytes that are no UTF-8, and characters at which `str.splitlines` would split.
        try:
            text = self._memory.read_bytes().decode("utf-8", "surrogateescape")
        except FileNotFoundError:
            return []
        return [line for line in text.replace("\r\n", "\n").split("\n") if line.strip("\0")]


def measure(file: BinaryIO, sha256: str | None = None) -> tuple[int, str]:
    """Return size and SHA-256 of the whole file. It is read from its start, unless its sum is known. Leaves the file at
    its end."""
    if sha256 is not None:
        return file.seek(0, os.SEEK_END), sha256
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # every file on disk has readinto
    return file.tell(), digest.hexdigest()


@contextlib.contextmanager
def measuring(file: BinaryIO) -> Iterator[Future[tuple[int, str]]]:
    """Do as `measure` in another thread, beside the block, which must leave the file's position alone. After the block
    the result is there. If the block fails, nobody reads the file any more either."""
    measured = _readers_of(os.getpid()).submit(measure, file)
    try:
        yield measured
    finally:
        wait([measured])


@cache
def _readers_of(process_id: int) -> ThreadPoolExecutor:
    """Return the threads of this process. One that was forked has none of its parent's."""
    return ThreadPoolExecutor(os.cpu_count() or 1, thread_name_prefix="read-back")


def lock(file: BinaryIO) -> bool:
    """Lock the file. Returns False if another process has the lock. The lock ends when the file is closed, also if this
    process is killed. Raises OSError on file systems without locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_if_orphaned(path: Path) -> bool:
    """Delete a file whose writer is dead. Returns False, and leaves the file, if the writer lives or nobody can
    tell."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        if not lock(file):
            return False
        if fcntl is None:
            # On Windows, the open file itself stood for the lock. It must be closed first, because Windows does not
            # remove open files.
            file.close()
        path.unlink()
        return True
    return False


@contextlib.contextmanager
def raising_storage_errors() -> Iterator[None]:
    """Turn the operating system's errors into StorageUnavailable, by cause. An OSError without an errno is not from the
    system (Pillow raises such for damaged images), and is raised as it is."""
    try:
        yield
    except OSError as problem:
        # It is not from the system: the content of a file is wrong, not the storage.
        if problem.errno is None:
            raise
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("The disk is full. Free some space, then try again.") from problem
        if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.EIO, errno.ENODEV):
            raise StorageMissing(f"The folder for images cannot be reached ({problem.strerror}).") from problem
        raise StorageNotWritable(f"The folder for images cannot be used ({problem.strerror}).") from problem
