"""The folder that contains the backups. Each backup is one folder, complete by itself. They are numbered in the order
in which they were made."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camera.durable_files import create_file, replace_file, sync_folder
from images.backup.contents.manifest import MANIFEST, Manifest, read_manifest
from images.backup.copying import telling_backup_faults
from images.backup.errors import BackupDamaged, BackupFolderUnusable

NAME = re.compile(r"backup_(\d{4,})_\d{4}-\d{2}-\d{2}", re.ASCII)
MARKER = ".microscope-backups"
MARKER_TEXT = b"Backups of Microscope. This file shows that the folder is the right one.\n"
BEGUN = "begun.json"


@dataclass(frozen=True, slots=True)
class Begun:
    """A backup that was begun, finished or not. `started_at` is ISO 8601."""

    path: Path
    installation: str
    started_at: str

    @property
    def is_finished(self) -> bool:
        return (self.path / MANIFEST).exists()


class BackupFolder:
    """The backups of one installation. The folder may hold those of others too."""

    def __init__(self, root: Path, installation: str, known_folders: Path) -> None:
        """`known_folders`: a file of the installation that lists the folders that were used before. So a new folder can
        be told from a drive that is not mounted."""
        self.root = root
        self.installation = installation
        self._known_folders = known_folders

    def check(self, kept_elsewhere: list[Path]) -> None:
        """Set the folder up if it is new. Raises BackupFolderUnusable if it is inside one of the folders to be backed
        up, is itself one backup, or is not the folder that was used before."""
        self._refuse_inside(kept_elsewhere)
        if (self.root / MANIFEST).exists() or (self.root / BEGUN).exists():
            raise BackupFolderUnusable(
                f"{self.root} is one backup. Name the folder in which it lies: {self.root.parent}."
            )
        with telling_backup_faults(self.root):
            if not (self.root / MARKER).exists():
                self._set_up()
            self._remember()

    def newest_finished(self) -> Path | None:
        """Return the newest finished backup of this installation, or None. Raises BackupFolderUnusable."""
        return next((one.path for one in reversed(self._own()) if one.is_finished), None)

    def go_on_or_begin(self, now: datetime) -> Begun:
        """Return the newest backup of this installation if it is unfinished, else begin a new one. Raises
        BackupFolderUnusable."""
        own = self._own()
        if own and not own[-1].is_finished:
            return own[-1]
        with telling_backup_faults(self.root):
            # Numbers, not dates, give the order: the clock may have been wrong.
            number = 1 + max((_number(path) for path in _backups_in(self.root)), default=0)
            path = self.root / f"backup_{number:04d}_{now.astimezone(UTC):%Y-%m-%d}"
            begun = Begun(path, self.installation, now.astimezone(UTC).isoformat(timespec="milliseconds"))
            # The copied database holds names of people and hashes of their passwords.
            path.mkdir(mode=0o700)
            said = {"installation": begun.installation, "startedAt": begun.started_at}
            create_file(path / BEGUN, json.dumps(said).encode("ascii"))
            sync_folder(self.root)
        return begun

    def _own(self) -> list[Begun]:
        with telling_backup_faults(self.root):
            all_begun = [read_begun(path) for path in _backups_in(self.root)]
        return [one for one in all_begun if one and one.installation == self.installation]

    def _refuse_inside(self, kept_elsewhere: list[Path]) -> None:
        # Through symbolic links: otherwise a backup could contain itself and grow until the disk is full.
        resolved = self.root.resolve()
        for folder in kept_elsewhere:
            if resolved.is_relative_to(folder.resolve()):
                raise BackupFolderUnusable(
                    f"The backup folder {self.root} lies in {folder}, which is to be backed up. Choose a folder on "
                    "another disk."
                )

    def _set_up(self) -> None:
        if str(self.root) in self._remembered():
            raise BackupFolderUnusable(
                f"The backup folder {self.root} is not there, or is not the one used before. Mount its drive."
            )
        if not self.root.parent.is_dir():
            raise BackupFolderUnusable(f"There is no folder {self.root.parent}. Connect its drive, or make it.")
        self.root.mkdir(exist_ok=True)
        create_file(self.root / MARKER, MARKER_TEXT)

    def _remember(self) -> None:
        remembered = self._remembered()
        if str(self.root) not in remembered:
            replace_file(self._known_folders, json.dumps([*remembered, str(self.root)]).encode("ascii"))

    def _remembered(self) -> list[str]:
        try:
            return list(json.loads(self._known_folders.read_bytes()))
        except (FileNotFoundError, ValueError):
            return []


def find_backup(folder: Path) -> tuple[Path, Manifest]:
    """Return the folder if it is a backup itself, else the newest finished backup in it; and its manifest. Raises
    BackupDamaged."""
    with telling_backup_faults(folder):
        if (folder / MANIFEST).exists() or (folder / BEGUN).exists():
            return folder, read_manifest(folder)
        finished = [path for path in _backups_in(folder) if (path / MANIFEST).exists()]
        if not finished:
            raise BackupDamaged(f"There is no finished backup in {folder}.")
        return finished[-1], read_manifest(finished[-1])


def read_begun(path: Path) -> Begun | None:
    """Read when a backup began. Returns None for a folder that holds no begun backup. Raises OSError."""
    try:
        said = json.loads((path / BEGUN).read_bytes())
        return Begun(path, str(said["installation"]), str(said["startedAt"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def _backups_in(folder: Path) -> list[Path]:
    """Return the folders of the backups, oldest first."""
    if not folder.is_dir():
        raise BackupFolderUnusable(f"There is no folder {folder}. Connect its drive, or name another one.")
    return sorted((path for path in folder.iterdir() if NAME.fullmatch(path.name)), key=_number)


def _number(path: Path) -> int:
    named = NAME.fullmatch(path.name)
    return int(named[1]) if named else 0
