"""Archives for a moment, in one folder: an original from the object store must be a file while it is read."""

import contextlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from images.archive.archive import Archive
from images.archive.folder import raising_storage_errors
from images.archive.names import Location


class Staging:
    """Archives below one folder, each with a name. Whatever is in them may be removed at any time. Only one process
    may use the folder; any thread may call it."""

    def __init__(self, folder: Path, reserve_bytes: int = 0) -> None:
        self._folder = folder
        self._reserve_bytes = reserve_bytes

    def open(self, name: str) -> Archive:
        """Return the archive with this name, set up. Raises StorageUnavailable."""
        with raising_storage_errors():
            self._folder.mkdir(parents=True, exist_ok=True)
        archive = Archive(self._folder / name, self._reserve_bytes, self._folder / f"{name}.txt")
        archive.check_folder()
        return archive

    def clear(self) -> None:
        """Remove everything. Raises StorageUnavailable."""
        with raising_storage_errors(), contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self._folder)


def stage(archive: Archive, location: Location, write: Callable[[BinaryIO], object]) -> None:
    """Make a file in such an archive. It is not forced to disk. `write` writes its content; if it raises, no file is
    left. Raises FileExistsError, StorageUnavailable, and what `write` raises."""
    archive.check()
    path = archive.path_at(location)
    with raising_storage_errors():
        path.parent.mkdir(exist_ok=True)
    with path.open("xb") as file:
        try:
            with raising_storage_errors():
                write(file)
                file.flush()
        except BaseException:
            file.close()  # Windows removes no open file
            path.unlink(missing_ok=True)
            raise


def unstage(archive: Archive, location: Location) -> None:
    """Remove such a file, if it is there. One that cannot be removed goes with the whole folder."""
    with contextlib.suppress(OSError):
        archive.path_at(location).unlink()
