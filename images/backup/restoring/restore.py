"""Restores a backup into an empty place: originals, sidecars, job files, and the database.

The place is marked first, and the mark is removed last, so that the program never starts on half of a library. An
interrupted restore continues: files that are there already are read and compared instead of copied.
"""

import hashlib
import os
import shutil
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from django.db import connection

from camera.durable_files import PRIVATE, create_file, publish_file, replace_file, sync_folder
from images.archive.archive import Archive
from images.archive.folder import MARKER, MARKER_TEXT, raising_storage_errors
from images.archive.paced_reader import PacedReader, stop_when
from images.backup.contents.entries import Entry
from images.backup.contents.manifest import IMAGES, KeptDatabase, KeptFile, Manifest, read_days
from images.backup.copying import Copier
from images.backup.database.migrations import find_unknown_migrations
from images.backup.database.postgres_restore import restore_postgres
from images.backup.database.queries import require_rows
from images.backup.database.sqlite_copy import find_damage, open_sqlite
from images.backup.errors import BackupDamaged, BackupError
from images.backup.originals import COPIED_AT_ONCE, WAITING
from images.backup.restoring.place import Place, sqlite_path
from images.errors import DiskFull

SECRET_KEY_FILE = "secret-key"
INSTRUMENT_ID_FILE = "instrument-id"


@dataclass(slots=True)
class Restored:
    """The progress of a restore. `damaged` and `missing`: files of the backup that differ from its manifest, or are
    missing; they are not restored."""

    file_count: int
    done_count: int = 0
    is_gone_on_with: bool = False
    damaged: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    is_finished: bool = False


class Restore:
    """One restore, in steps. It may be stopped or killed between two steps."""

    def __init__(
        self,
        backup: Path,
        manifest: Manifest,
        place: Place,
        archive: Archive,
        reader: PacedReader,
        stop: threading.Event,
    ) -> None:
        """`archive` is the archive of the place, not of the backup."""
        self._backup = backup
        self._manifest = manifest
        self._place = place
        self._archive = archive
        self._reader = reader
        self._stop = stop
        self._go_on = stop_when(stop)
        self._copier = Copier(reader, place.data_path, 0)
        self.restored = Restored(manifest.file_count)

    def steps(self) -> Iterator[Restored]:
        """Do the restore. Yields its progress after each step. Raises BackupDamaged, before anything is written, if the
        backup cannot be used. Raises PlaceNotEmpty, another LibraryError, Django's DatabaseError, or StopRequested."""
        self._check_backup()
        self.restored.is_gone_on_with = self._place.begin(self._manifest.backup_id)
        self._require_room()
        self._archive.check_folder()
        yield self.restored
        for day, entries in read_days(self._backup, self._manifest):
            yield from self._restore_day(day.day, list(entries.values()))
        self._restore_others()
        restore_database(self._backup, self._manifest.database, self._stop)
        self._place.finish()
        self.restored.is_finished = True
        yield self.restored

    def _check_backup(self) -> None:
        kept = self._manifest.database
        if kept.kind != connection.vendor:
            raise BackupError(
                f"This backup holds a database of {kept.kind}, and the program is set up for {connection.vendor}. Set "
                "DATABASE_URL to a new database of that kind. (Or copy the folder of images alone, and run "
                "manage.py migrate and manage.py rebuild.)"
            )
        refuse_newer(kept, self._manifest.program_version)
        for kept_file in (kept.file, *self._manifest.others):
            self._go_on()
            if not _is_whole(self._backup / kept_file.name, kept_file):
                raise BackupDamaged(
                    f"{self._backup / kept_file.name} is not what the manifest says: it was altered or is damaged. "
                    "Use another backup, or copy its folder of images alone and run manage.py rebuild."
                )
        # Read all lists once before anything is written: a damaged list must not stop the restore halfway.
        for _day in read_days(self._backup, self._manifest):
            self._go_on()

    def _require_room(self) -> None:
        with raising_storage_errors():
            self._place.images_path.mkdir(parents=True, exist_ok=True)
            # The marker comes first. Without it, the archive would take this folder for a drive that is not mounted, if
            # the path was used before.
            with suppress(FileExistsError):
                create_file(self._place.images_path / MARKER, MARKER_TEXT)
            free_bytes = shutil.disk_usage(self._place.images_path).free
            there_bytes = _size_of(self._place.images_path) if self.restored.is_gone_on_with else 0
        needed_bytes = self._manifest.byte_count - there_bytes
        if free_bytes < needed_bytes:
            raise DiskFull(
                f"{needed_bytes / 1e9:.1f} GB are to be restored, and only {free_bytes / 1e9:.1f} GB are free at "
                f"{self._place.images_path}. Free some space, or restore to another disk."
            )

    def _restore_day(self, day: str, entries: list[Entry]) -> Iterator[Restored]:
        source, target = self._backup / IMAGES / day, self._place.images_path / day
        with raising_storage_errors():
            target.mkdir(exist_ok=True)
        with ThreadPoolExecutor(COPIED_AT_ONCE) as pool:
            for first in range(0, len(entries), WAITING):
                for _done in pool.map(
                    lambda one: self._restore_file(source, target, one), entries[first : first + WAITING]
                ):
                    self.restored.done_count += 1
                    yield self.restored
                    self._go_on()
        with raising_storage_errors():
            sync_folder(target)
            sync_folder(target.parent)

    def _restore_file(self, source: Path, target: Path, entry: Entry) -> None:
        path, place = target / entry.name, f"{target.name}/{entry.name}"
        if self._is_there(path, entry):
            return
        try:
            copied = self._copier.copy(source / entry.name, path)
        except FileNotFoundError:
            self.restored.missing.append(place)
            return
        except OSError:
            self.restored.damaged.append(place)
            return
        if (copied.size_bytes, copied.sha256) != (entry.size_bytes, entry.sha256):
            path.unlink()
            self.restored.damaged.append(place)
            return
        with raising_storage_errors():
            # The next backup recognises unchanged files by size and time.
            os.utime(path, ns=(entry.modified_ns, entry.modified_ns))

    def _is_there(self, path: Path, entry: Entry) -> bool:
        """Return True if an earlier run has restored this file completely."""
        if not self.restored.is_gone_on_with:
            return False
        try:
            with path.open("rb") as file:
                return self._reader.measure(file) == (entry.size_bytes, entry.sha256)
        except FileNotFoundError:
            return False

    def _restore_others(self) -> None:
        """Put the secret key and the id of the instrument in place. The settings stay in the backup, for a person to
        read."""
        kept = {one.name for one in self._manifest.others}
        for name in (SECRET_KEY_FILE, INSTRUMENT_ID_FILE):
            if name in kept:
                with raising_storage_errors():
                    content = (self._backup / name).read_bytes()
                    replace_file(self._place.data_path / name, content, PRIVATE)


def refuse_newer(kept: KeptDatabase, program_version: str) -> None:
    """Raise BackupError if the copied database has migrations that this version of the program does not know."""
    if find_unknown_migrations(kept.migrations):
        raise BackupError(
            f"This backup was made by a newer version of the program ({program_version}). Install that version."
        )


def restore_database(backup: Path, kept: KeptDatabase, stop: threading.Event) -> None:
    """Put the database in place, completely or not at all. Raises a BackupError, Django's DatabaseError, or
    StopRequested."""
    if kept.kind == "sqlite":
        _restore_sqlite(backup / kept.file.name, kept)
    else:
        restore_postgres(backup / kept.file.name, kept, stop)


def _restore_sqlite(source: Path, kept: KeptDatabase) -> None:
    path = sqlite_path()
    temporary = path.with_name(f".{path.name}.part")
    with raising_storage_errors():
        try:
            # The copy is checked, not the source: this proves what was written too.
            shutil.copyfile(source, temporary)
            _require_whole(temporary, kept)
            publish_file(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


def _require_whole(path: Path, kept: KeptDatabase) -> None:
    damage = None if _is_whole(path, kept.file) else "its sum is another one"
    if damage := damage or find_damage(path):
        raise BackupDamaged(f"The database of the backup is damaged: {damage}. Use another backup.")
    with open_sqlite(path) as query:
        require_rows(query, kept)


def _is_whole(path: Path, kept: KeptFile) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == kept.sha256
    except FileNotFoundError:
        return False


def _size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
