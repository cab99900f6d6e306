"""Originals on disk: named, written, published without overwriting, read.

A file is written under a temporary name in the folder of its day, forced to disk, and only then given its name, in
one step that fails if the name exists. So a name in the archive always stands for a whole picture.
"""

import contextlib
import errno
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from images.errors import DiskFull, OriginalMissing, StorageMissing, StorageNotWritable, StorageUnavailable

MARKER = ".microscope-archive"
TEMPORARY_SUFFIX = ".part"
READ_BYTES = 1 << 20
MOST_IN_ONE_MILLISECOND = 10_000

try:
    import fcntl
except ImportError:  # Windows: a file that is open cannot be removed there, so it needs no lock.
    fcntl = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class Kept:
    """An original that is complete on disk."""

    path: Path
    size_bytes: int
    sha256: str

    @property
    def filename(self) -> str:
        return self.path.name


class Archive:
    """One folder of originals. Safe to use from any thread and from several processes at once."""

    def __init__(self, root: Path, reserve_bytes: int, memory: Path) -> None:
        """`memory`: a file, elsewhere, that remembers that the folder was set up. It tells a folder that is new
        from one that is not mounted."""
        self.root = root
        self._reserve_bytes = reserve_bytes
        self._memory = memory

    def check_folder(self) -> None:
        """Raise StorageMissing where the folder is not the one it was. Sets it up where that was never done."""
        with _telling_faults():
            if not (self.root / MARKER).exists():
                self._set_up()

    def check(self) -> None:
        """Raise the StorageUnavailable that would keep a capture from being kept. Quick."""
        self.check_folder()
        with _telling_faults():
            free_bytes = self.free_bytes()
        if free_bytes < self._reserve_bytes:
            raise DiskFull(
                f"The disk is full: {free_bytes // 10**6} MB left, {self._reserve_bytes // 10**6} MB are kept in "
                "reserve. Free some space, then try again."
            )

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free

    def keep(self, taken_at: datetime, extension: str, write: Callable[[BinaryIO], None]) -> Kept:
        """Publish what `write` puts into the file given to it. On return it is safe on disk under its final name.

        Raises a StorageUnavailable, or what `write` raises; then nothing is left behind.
        """
        self.check()
        with _telling_faults():
            folder = self._make_day_folder(taken_at)
            temporary, final, file = self._claim_name(folder, taken_at, extension)
            try:
                with file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
                    size_bytes, sha256 = _measure(file)
                    _publish(temporary, final, file)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            _sync_folder(folder)
        return Kept(final, size_bytes, sha256)

    def path_of(self, filename: str) -> Path:
        """Where the original of that name lies, there or not. Its day stands in its name."""
        day = datetime.strptime(filename.split("_")[1], "%Y%m%d").replace(tzinfo=UTC)
        return self.root / f"{day:%Y-%m-%d}" / filename

    def open(self, filename: str) -> BinaryIO:
        """The original, open for reading; the caller closes it. Raises OriginalMissing."""
        try:
            return self.path_of(filename).open("rb")
        except OSError as problem:
            raise OriginalMissing(f"The file {filename} is missing from the archive.") from problem

    def measure(self, path: Path) -> Kept:
        """Read a file that lies there whole, for its size and sum."""
        with path.open("rb") as file:
            return Kept(path, *_measure(file))

    def rename_to_free(self, path: Path, taken_at: datetime) -> Path:
        """Give an original a name that nobody ever had, by counting on; its bytes stay as they are."""
        with _telling_faults():
            for attempt in range(2, MOST_IN_ONE_MILLISECOND):
                renamed = path.with_name(name_for(taken_at, attempt) + path.suffix)
                with contextlib.suppress(FileExistsError):
                    _link(path, renamed)
                    path.unlink(missing_ok=True)
                    _sync_folder(path.parent)
                    return renamed
        raise StorageUnavailable("There are too many images of the same millisecond.")

    def remove(self, filename: str) -> None:
        """Remove an original for good. Does nothing where it is gone already."""
        self.path_of(filename).unlink(missing_ok=True)

    def day_folders(self) -> list[Path]:
        """Every folder of a day, oldest first."""
        return sorted(folder for folder in self.root.glob("????-??-??") if folder.is_dir())

    def remove_orphaned_temporaries(self) -> int:
        """Remove what writers that died left behind. Those still being written are locked, and stay."""
        return sum(
            _remove_if_orphaned(path) for folder in self.day_folders() for path in folder.glob(f".*{TEMPORARY_SUFFIX}")
        )

    def _set_up(self) -> None:
        """Once for each folder: later, a folder without its marker is a drive that is not mounted."""
        if self._memory.exists() and self._memory.read_text() == str(self.root):
            raise StorageMissing(
                "The folder for images is not there, or is not the one used before. "
                "Connect or mount its drive, then try again."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / MARKER).write_text("Images of Microscope. This file shows that the folder is the right one.\n")
        self._memory.parent.mkdir(parents=True, exist_ok=True)
        self._memory.write_text(str(self.root))

    def _make_day_folder(self, taken_at: datetime) -> Path:
        folder = self.root / f"{taken_at.astimezone(UTC):%Y-%m-%d}"
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            _sync_folder(self.root)
        return folder

    def _claim_name(self, folder: Path, taken_at: datetime, extension: str) -> tuple[Path, Path, BinaryIO]:
        """A name nobody has, and its temporary file, open. Only one writer can create that file, so the name is
        its alone."""
        for attempt in range(1, MOST_IN_ONE_MILLISECOND):
            stem = name_for(taken_at, attempt)
            temporary = folder / f".{stem}{TEMPORARY_SUFFIX}"
            try:
                file = open(temporary, "x+b")  # noqa: SIM115 (the caller closes it)
            except FileExistsError:
                continue
            final = folder / f"{stem}{extension}"
            if _lock(file) and not final.exists():
                return temporary, final, file
            file.close()
            temporary.unlink(missing_ok=True)
        raise StorageUnavailable("There are too many images of the same millisecond.")


def name_for(taken_at: datetime, attempt: int = 1) -> str:
    """capture_20250116_103045_123, and with _2, _3 ... for more of the same millisecond."""
    moment = taken_at.astimezone(UTC)
    suffix = "" if attempt == 1 else f"_{attempt}"
    return f"capture_{moment:%Y%m%d_%H%M%S}_{moment.microsecond // 1000:03d}{suffix}"


def _publish(temporary: Path, final: Path, file: BinaryIO) -> None:
    """Give the file its name, unless that exists."""
    file.close()  # Windows neither renames nor removes open files
    _link(temporary, final)
    temporary.unlink(missing_ok=True)


def _link(source: Path, target: Path) -> None:
    """A second name, in one step that raises FileExistsError where it is taken. On file systems without hard links
    the first name is given up for it: there a stranger could slip in between, our own writers claim names before."""
    try:
        os.link(source, target)
    except FileExistsError:
        raise
    except OSError:
        if target.exists():
            raise FileExistsError(errno.EEXIST, "The name is taken", str(target)) from None
        os.rename(source, target)


def _measure(file: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256 of the whole file, read from the start: of what is there, not of what was to be there."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256")
    return file.tell(), digest.hexdigest()


def _lock(file: BinaryIO) -> bool:
    """Whether the lock could be had. It lasts until the file is closed, by the system should this process be killed."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remove_if_orphaned(path: Path) -> bool:
    with contextlib.suppress(OSError), path.open("rb") as file:
        if not _lock(file):
            return False
        if fcntl is None:
            file.close()
        path.unlink()
        return True
    return False


def _sync_folder(folder: Path) -> None:
    """Make a new name durable. Windows has no such call: there the file system's journal keeps names."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _telling_faults() -> Iterator[None]:
    """The system's errors as ours, by cause."""
    try:
        yield
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull("The disk is full. Free some space, then try again.") from problem
        if problem.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.EIO, errno.ENODEV):
            raise StorageMissing(f"The folder for images cannot be reached ({problem.strerror}).") from problem
        raise StorageNotWritable(f"The folder for images cannot be written to ({problem.strerror}).") from problem
