"""Originals on disk: named, written, published without overwriting, read.

A file is written under a temporary name in the folder of its day, forced to disk, and only then given its name, in
one step that fails if the name exists. So a name in the archive always stands for a whole picture.
"""

import contextlib
import errno
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import BinaryIO

from images.errors import NotAnOriginal, OriginalMissing, StorageUnavailable
from images.storage import StorageFolder, lock, measure, remove_if_orphaned, sync_folder, telling_faults

TEMPORARY_SUFFIX = ".part"
MOST_IN_ONE_MILLISECOND = 10_000
NAME = re.compile(r"capture_(\d{4})(\d{2})(\d{2})_\d{6}_\d{3}(_\d{1,4})?(\.ome\.tif|\.\w{1,8})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """An original that is complete on disk."""

    path: Path
    size_bytes: int
    sha256: str

    @property
    def filename(self) -> str:
        return self.path.name


@dataclass(slots=True)
class Draft:
    """A file being written, and the name that it alone may get."""

    temporary: Path
    final: Path
    file: BinaryIO
    is_published: bool = False

    def discard(self) -> None:
        """Leave nothing behind. What hinders that must not hide the fault that led here."""
        for path in [self.temporary, self.final] if self.is_published else [self.temporary]:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


class Archive:
    """One folder of originals. Safe to use from any thread and from several processes at once."""

    def __init__(
        self, root: Path, reserve_bytes: int, memory: Path, link: Callable[[Path, Path], None] = os.link
    ) -> None:
        """`link` gives a file a second name and fails if that exists; for the rest see StorageFolder."""
        self.root = root
        self._folder = StorageFolder(root, reserve_bytes, memory)
        self._system_link = link
        self._durable_folders: set[Path] = set()

    def check(self) -> None:
        """Raise the StorageUnavailable that would keep a capture from being kept. Quick."""
        self._folder.check_marker()
        self._folder.check_writable()
        self._folder.check_space()

    def space(self) -> tuple[int, int]:
        """Bytes that are free, and bytes below which captures are refused. Raises a StorageUnavailable."""
        self._folder.check_marker()
        self._folder.check_writable()
        return self._folder.space()

    def check_folder(self) -> None:
        """Raise StorageMissing where the folder is not the one it was. Sets it up where that was never done."""
        self._folder.check_marker()

    def keep(self, taken_at: datetime, extension: str, write: Callable[[BinaryIO], None]) -> Kept:
        """Publish what `write` puts into the file given to it. On return it is safe on disk under its final name.

        Raises a StorageUnavailable, or what `write` raises; then nothing is left behind.
        """
        self.check()
        with telling_faults():
            folder = self._make_day_folder(taken_at)
            draft = _begin_draft(folder, taken_at, extension)
            try:
                with draft.file as file:
                    write(file)
                    file.flush()
                    os.fsync(file.fileno())
                    size_bytes, sha256 = measure(file)
                    self._publish(draft)
                sync_folder(folder)
            except BaseException:
                draft.discard()
                raise
        return Kept(draft.final, size_bytes, sha256)

    def path_of(self, filename: str) -> Path:
        """Where the original of that name lies, there or not. Its day stands in its name. Raises NotAnOriginal."""
        named = NAME.fullmatch(filename)
        if named is None:
            raise NotAnOriginal(f"{filename} is not how this program names an image.")
        return self.root / f"{named[1]}-{named[2]}-{named[3]}" / filename

    def open(self, filename: str) -> BinaryIO:
        """The original, open for reading; the caller closes it. Raises OriginalMissing, or the StorageUnavailable
        that says why it cannot be told whether it is there."""
        path = self.path_of(filename)
        with telling_faults():
            try:
                return path.open("rb")
            except FileNotFoundError as problem:
                self.check_folder()
                raise OriginalMissing(f"The file {filename} is missing from the archive.") from problem

    def measure(self, path: Path) -> Kept:
        """Read a file that lies there whole, for its size and sum."""
        with path.open("rb") as file:
            return Kept(path, *measure(file))

    def rename_to_free(
        self, path: Path, taken_at: datetime, take_along: Callable[[Path], object] = lambda renamed: None
    ) -> Path:
        """Give an original a name that nobody ever had, by counting on; its bytes stay as they are. `take_along` is
        called while it has both names."""
        extension = "." + path.name.partition(".")[2]
        with telling_faults():
            for attempt in range(2, MOST_IN_ONE_MILLISECOND):
                renamed = path.with_name(name_for(taken_at, attempt) + extension)
                if self._has_also_name(path, renamed):
                    take_along(renamed)
                    path.unlink(missing_ok=True)
                    sync_folder(path.parent)
                    return renamed
        raise StorageUnavailable("There are too many images of the same millisecond.")

    def remove(self, filename: str) -> None:
        """Remove an original for good. Does nothing where it is gone already; raises StorageUnavailable where that
        cannot be known."""
        path = self.path_of(filename)
        self.check_folder()
        with telling_faults(), contextlib.suppress(FileNotFoundError):
            path.unlink()
            sync_folder(path.parent)

    def day_folders(self) -> list[Path]:
        """Every folder of a day, oldest first."""
        return sorted(folder for folder in self.root.glob("????-??-??") if _is_day(folder.name) and folder.is_dir())

    def remove_orphaned_temporaries(self) -> int:
        """Remove what writers that died left behind. Those still being written are locked, and stay."""
        return sum(
            remove_if_orphaned(path) for folder in self.day_folders() for path in folder.glob(f".*{TEMPORARY_SUFFIX}")
        )

    def _make_day_folder(self, taken_at: datetime) -> Path:
        """That folder, there for good: another process may have made it without having synced it yet."""
        folder = self.root / f"{taken_at.astimezone(UTC):%Y-%m-%d}"
        if folder not in self._durable_folders or not folder.exists():
            folder.mkdir(exist_ok=True)
            sync_folder(self.root)
            self._durable_folders.add(folder)
        return folder

    def _publish(self, draft: Draft) -> None:
        """Give the file its name. It stays open meanwhile, and so locked, lest it be taken for an orphan; not on
        Windows, which neither renames nor removes open files."""
        if os.name == "nt":
            draft.file.close()
        self._link(draft.temporary, draft.final)
        draft.is_published = True
        draft.temporary.unlink(missing_ok=True)

    def _link(self, source: Path, target: Path) -> None:
        """A second name, in one step that raises FileExistsError where it is taken. On file systems without hard
        links the first name is given up for it: there a stranger could slip in between, our own writers claim
        names before."""
        try:
            self._system_link(source, target)
        except FileExistsError:
            raise
        except OSError:
            if target.exists():
                raise FileExistsError(errno.EEXIST, "The name is taken", str(target)) from None
            os.rename(source, target)

    def _has_also_name(self, path: Path, second: Path) -> bool:
        """Whether it has that name too: from now on, or since a renaming that was cut short."""
        try:
            self._link(path, second)
        except FileExistsError:
            return path.samefile(second)
        return True


def name_for(taken_at: datetime, attempt: int = 1) -> str:
    """capture_20250116_103045_123, and with _2, _3 ... for more of the same millisecond."""
    moment = taken_at.astimezone(UTC)
    suffix = "" if attempt == 1 else f"_{attempt}"
    return f"capture_{moment:%Y%m%d_%H%M%S}_{moment.microsecond // 1000:03d}{suffix}"


def _begin_draft(folder: Path, taken_at: datetime, extension: str) -> Draft:
    """A name nobody has, and its temporary file, open. Only one writer can create that file, so the name is its
    alone."""
    for attempt in range(1, MOST_IN_ONE_MILLISECOND):
        stem = name_for(taken_at, attempt)
        temporary = folder / f".{stem}{TEMPORARY_SUFFIX}"
        with contextlib.suppress(FileExistsError):
            # It lasts as long as the draft, and is closed with it.
            draft = Draft(temporary, folder / f"{stem}{extension}", open(temporary, "x+b"))  # noqa: SIM115
            if _is_mine(draft.file) and not draft.final.exists():
                return draft
            draft.file.close()
            draft.discard()
    raise StorageUnavailable("There are too many images of the same millisecond.")


def _is_mine(file: BinaryIO) -> bool:
    """Where the file system knows no locks, nobody can take it for an orphan either."""
    try:
        return lock(file)
    except OSError:
        return True


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
