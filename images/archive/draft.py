"""Originals that are being written: each under a temporary name, with a final name that no other writer can get."""

import contextlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from images.archive.folder import lock
from images.archive.names import MAX_IN_ONE_MILLISECOND, TEMPORARY_SUFFIX, Location, name_for
from images.errors import StorageUnavailable


@dataclass(slots=True)
class PendingFile:
    """A file that is being written, and its final name, which no other writer can get."""

    temporary: Path
    final: Path
    file: BinaryIO
    is_published: bool = False

    @property
    def location(self) -> Location:
        """Where the file is once it is published."""
        return Location(self.final.parent.name, self.final.name)

    def discard(self) -> None:
        """Remove the file. An error here is ignored, because it would hide the error that led here."""
        for path in [self.temporary, self.final] if self.is_published else [self.temporary]:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)


def begin_draft(folder: Path, taken_at: datetime, extension: str) -> PendingFile:
    """Claim a free name, and return its temporary file, open for writing. Only one writer can create that file, so only
    this one can use the name. Raises StorageUnavailable if no name of this millisecond is free, and OSError."""
    for attempt in range(1, MAX_IN_ONE_MILLISECOND):
        stem = name_for(taken_at, attempt)
        temporary = folder / f".{stem}{TEMPORARY_SUFFIX}"
        with contextlib.suppress(FileExistsError):
            # No `with`: the file stays open as long as the PendingFile is used, and `keep` closes it.
            draft = PendingFile(temporary, folder / f"{stem}{extension}", open(temporary, "x+b"))  # noqa: SIM115
            # Between `open` and the lock, a sweep of another process may have locked the file, because it takes it for
            # an orphan. The final name can exist without a temporary file: from an earlier capture of the same
            # millisecond.
            if _is_mine(draft.file) and not draft.final.exists():
                return draft
            draft.file.close()
            draft.discard()
    raise StorageUnavailable("There are too many images of the same millisecond.")


def _is_mine(file: BinaryIO) -> bool:
    """Lock the file. Returns False if another process has the lock. Returns True on a file system without locks: there,
    nobody can take the file for an orphan."""
    try:
        return lock(file)
    except OSError:
        return True
