"""Finds what lies in the archive's folder, also outside the folders of days: somebody moved a file or a folder."""

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from camera.durable_files import is_abandoned
from images.archive.archive import Archive
from images.archive.folder import MARKER
from images.archive.litter import is_litter
from images.archive.names import Location
from images.archive.paced_reader import go_on_always

MAX_DEPTH = 12
MAX_ENTRIES = 200_000
# A younger file may be in use: its capture is just writing the row, or a change is being saved.
AT_WORK_S = 60.0


@dataclass(frozen=True, slots=True)
class MisplacedFile:
    """A file outside the folders of days; or a folder that could not be read completely, and the `problem`."""

    location: Location
    problem: str = ""


def walk_misplaced(archive: Archive, go_on: Callable[[], None] = go_on_always) -> Iterator[MisplacedFile]:
    """Yield every file below the root that is in no folder of a day. Leaves out litter and symbolic links. Stops after
    MAX_ENTRIES files, and goes no deeper than MAX_DEPTH. `go_on` is called for each file; what it raises is raised."""
    days = {archive.root / day for day in archive.days()}
    # Folders of days are walked too, for folders inside them. Their own files are not misplaced.
    waiting, count = [(archive.root, 0)], 0
    while waiting:
        folder, depth = waiting.pop()
        try:
            entries = _read_entries(folder, go_on)
        except OSError as problem:
            yield MisplacedFile(_locate(archive, folder), f"This folder cannot be read ({problem}).")
            continue
        for entry in entries:
            go_on()
            path = folder / entry.name
            count += folder not in days
            if count > MAX_ENTRIES:
                yield MisplacedFile(
                    _locate(archive, folder),
                    f"There are more than {MAX_ENTRIES} files in wrong places: the rest was not read.",
                )
                return
            if (entry.is_symlink() and path not in days) or is_litter(entry.name):
                continue
            if _is_folder(entry):
                if depth < MAX_DEPTH:
                    waiting.append((path, depth + 1))
                else:
                    yield MisplacedFile(_locate(archive, path), "This folder lies too deep: it was not looked into.")
            elif folder not in days and entry.name != MARKER:
                yield MisplacedFile(_locate(archive, path))


def _read_entries(folder: Path, go_on: Callable[[], None]) -> list[os.DirEntry[str]]:
    """Return the entries of a folder, sorted by name. Raises OSError."""
    entries = []
    with os.scandir(folder) as found:
        for entry in found:
            go_on()
            entries.append(entry)
    return sorted(entries, key=lambda entry: entry.name)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Return False also if nobody can tell."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _locate(archive: Archive, path: Path) -> Location:
    relative = path.relative_to(archive.root)
    folder = relative.parent.as_posix()
    return Location("" if folder == "." else folder, relative.name or ".")


def names_in_root(archive: Archive) -> list[str]:
    """Return the names of all files and folders beside the folders of days, sorted. Leaves out the marker and litter.
    Raises OSError."""
    days = {*archive.days(), MARKER}
    return sorted(name for name in os.listdir(archive.root) if name not in days and not is_litter(name))


def is_abandoned_at(archive: Archive, location: Location) -> bool:
    """Return True for a temporary file of this program that no process can still be writing."""
    return is_abandoned(archive.path_at(location))


def is_at_work(archive: Archive, location: Location) -> bool:
    """Return True if the file was changed in the last minute, or is gone. A file that is dated far in the future has a
    wrong date, and is not in use."""
    try:
        return abs(time.time() - archive.path_at(location).lstat().st_mtime) < AT_WORK_S
    except OSError:
        return True
