"""The backup before a new one: its files, and how the new backup takes them over."""

import os
import stat
from pathlib import Path

from images.backup.contents.entries import DayList, Entry
from images.backup.contents.manifest import IMAGES, LISTS
from images.backup.copying import Copier, telling_backup_faults
from images.backup.errors import BackupDamaged


class EarlierBackup:
    """The backup that was finished last. Use it from one thread only."""

    def __init__(self, backup: Path | None) -> None:
        """`backup` is None if there is no earlier backup. Then nothing is taken over."""
        self._backup = backup
        self._has_links = True
        self._day: tuple[str, dict[str, Entry]] = ("", {})

    @property
    def has_links(self) -> bool:
        """False after the disk refused a hard link. True before the first try."""
        return self._has_links

    def read_day(self, day: str) -> dict[str, Entry]:
        """Return the files of that day by name. Raises a BackupError."""
        if self._backup is None:
            return {}
        if self._day[0] != day:
            with telling_backup_faults(self._backup):
                self._day = day, read_if_whole(DayList(self._backup / LISTS, day))
        return self._day[1]

    def link(self, entry: Entry, target: Path) -> bool:
        """Make a hard link to the file in the new backup's folder of the day. Returns False if that is not possible.
        Raises a BackupError."""
        folder = str(self._folder(target))
        if not self._has_links or not has_size(folder, entry):
            return False
        # Texts, not Path objects, which cost more: this runs for every file of the library.
        path, linked = os.path.join(folder, entry.name), os.path.join(target, entry.name)
        try:
            os.link(path, linked)
        except FileExistsError:
            return os.path.samefile(linked, path) or _replace_by_link(path, linked)
        except OSError:
            # This also happens if only this one file has as many names as the disk allows.
            self._has_links = False
            return False
        return True

    def put_back(self, entry: Entry, target: Path, copier: Copier) -> None:
        """Replace a file of the new backup with this one. Raises a BackupError and OSError."""
        with telling_backup_faults(target):
            (target / entry.name).unlink(missing_ok=True)
        if not self.link(entry, target):
            copier.copy(self._folder(target) / entry.name, target / entry.name)

    def _folder(self, target: Path) -> Path:
        assert self._backup
        return self._backup / IMAGES / target.name


def read_if_whole(listed: DayList) -> dict[str, Entry]:
    """Read a list. A damaged one counts as empty, so its files are copied again."""
    try:
        return listed.read()
    except BackupDamaged:
        return {}


def has_size(folder: str, entry: Entry) -> bool:
    try:
        fields = os.stat(os.path.join(folder, entry.name), follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(fields.st_mode) and fields.st_size == entry.size_bytes


def _replace_by_link(earlier: str, path: str) -> bool:
    """Replace a file that a killed run left behind."""
    with telling_backup_faults(Path(path).parent):
        # It is not linked to the earlier file, so it can be half of a copy.
        os.unlink(path)
        os.link(earlier, path)
    return True
