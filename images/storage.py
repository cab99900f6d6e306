"""The ground the archive stands on: is the folder there and the right one, is there room, what do the system's errors
mean, and the calls that make a file durable."""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from images.errors import DiskFull, StorageMissing, StorageNotWritable

MARKER = ".microscope-archive"

try:
    import fcntl
except ImportError:  # Windows: a file that is open cannot be removed there, so it needs no lock.
    fcntl = None  # type: ignore[assignment]


class StorageFolder:
    """A folder that is told from an empty mount point by a marker inside it."""

    def __init__(self, root: Path, reserve_bytes: int, memory: Path) -> None:
        """`memory`: a file, elsewhere, that remembers every folder that was used. It tells a folder that is new
        from one that is not mounted."""
        self.root = root
        self._reserve_bytes = reserve_bytes
        self._memory = memory
        self._is_remembered = False

    def check_marker(self) -> None:
        """Raise StorageMissing where the folder is not the one it was. Sets it up where that was never done."""
        with telling_faults():
            if not (self.root / MARKER).exists():
                self._set_up()
            if not self._is_remembered:
                self._remember()

    def check_writable(self) -> None:
        """Raise StorageNotWritable where the system says beforehand that it will refuse. Windows tells too little of
        folders: there only writing shows it."""
        if not os.access(self.root, os.W_OK):
            raise StorageNotWritable(
                "The folder for images can only be read. Make it writable, or mount its drive so, then try again."
            )

    def check_space(self) -> None:
        """Raise DiskFull where less is left than is kept in reserve."""
        free_bytes, reserve_bytes = self.space()
        if free_bytes < reserve_bytes:
            raise DiskFull(
                f"The disk is full: {free_bytes // 10**6} MB left, {reserve_bytes // 10**6} MB are kept in "
                "reserve. Free some space, then try again."
            )

    def space(self) -> tuple[int, int]:
        """Bytes that are free, and bytes below which captures are refused."""
        with telling_faults():
            return shutil.disk_usage(self.root).free, self._reserve_bytes

    def _set_up(self) -> None:
        """Once for each folder: later, a folder without its marker is a drive that is not mounted."""
        if str(self.root) in self._remembered():
            if (self.root / MARKER).exists():
                return  # set up by another thread or process just now: the marker comes before the memory
            raise StorageMissing(
                "The folder for images is not there, or is not the one used before. "
                "Connect or mount its drive, then try again."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / MARKER).write_text("Images of Microscope. This file shows that the folder is the right one.\n")

    def _remember(self) -> None:
        if str(self.root) not in self._remembered():
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            with self._memory.open("a", encoding="utf-8") as file:
                file.write(f"{self.root}\n")
        self._is_remembered = True

    def _remembered(self) -> list[str]:
        return self._memory.read_text(encoding="utf-8").splitlines() if self._memory.exists() else []


def measure(file: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of the whole file, read from the start: of what is there, not of what was to be there."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")  # type: ignore[arg-type]  # every file on disk has readinto
    return file.tell(), digest.hexdigest()


def lock(file: BinaryIO) -> bool:
    """Whether nobody else has the lock. It lasts until the file is closed, by the system should this process be
    killed. Raises OSError on file systems that know no locks."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def remove_if_orphaned(path: Path) -> bool:
    """Remove a file whose writer is dead. It stays where that cannot be told."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        if not lock(file):
            return False
        if fcntl is None:
            file.close()
        path.unlink()
        return True
    return False


def sync_folder(folder: Path) -> None:
    """Make a change of names durable. Windows has no such call: there the file system's journal keeps names."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def telling_faults() -> Iterator[None]:
    """The system's errors as ours, by cause. Errors without a number are not the system's, and pass."""
    try:
        yield
    except OSError as problem:
        if problem.errno is None:
            raise
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("The disk is full. Free some space, then try again.") from problem
        if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.EIO, errno.ENODEV):
            raise StorageMissing(f"The folder for images cannot be reached ({problem.strerror}).") from problem
        raise StorageNotWritable(f"The folder for images cannot be used ({problem.strerror}).") from problem
