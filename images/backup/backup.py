"""Makes a backup of the whole library while the program runs: originals, sidecars, job files, database and settings.

It first copies the files, which takes long; then the database; then the files again, which are few by then. Meanwhile
no file is removed. So every row of the copied database has its original in the backup. The manifest is written last.
"""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from camera.durable_files import PRIVATE, replace_file
from images.archive.archive import Archive
from images.archive.paced_reader import PacedReader, stop_when
from images.backup.contents.manifest import KeptFile, Manifest, write_manifest
from images.backup.copying import Copier, telling_backup_faults
from images.backup.database.copy import DatabaseCopy, copy_database, require_programs
from images.backup.earlier import EarlierBackup
from images.backup.errors import BackupError
from images.backup.folder import BackupFolder
from images.backup.originals import COPIED_AT_ONCE, Brought, OriginalsBackup, count_files
from images.edit.removal import finish_removals
from images.edit.removal_hold import removals_held
from images.models import Image

# More than one is needed only if somebody deletes files by hand while the database is copied.
MAX_ROUNDS = 5
ASKED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SmallFile:
    """A small file that goes into the backup besides the originals."""

    name: str
    content: bytes


@dataclass(slots=True)
class Progress:
    """The progress of a backup. `manifest` is None until it is finished."""

    brought: Brought
    file_count: int
    is_gone_on_with: bool
    path: Path
    manifest: Manifest | None = None
    has_links: bool = True


class Backup:
    """One backup, in steps. It may be stopped or killed between two steps: the next backup continues from there."""

    def __init__(
        self,
        archive: Archive,
        folder: BackupFolder,
        reader: PacedReader,
        stop: threading.Event,
        reserve_bytes: int,
        program_version: str,
        others: list[SmallFile],
        is_anew: bool = False,
        copied_at_once: int = COPIED_AT_ONCE,
    ) -> None:
        """`stop` is set to stop the backup. `reserve_bytes` stay free on the disk of the backups. `is_anew`: take
        nothing over from the earlier backup. `copied_at_once`: as in OriginalsBackup."""
        self._archive = archive
        self._folder = folder
        self._stop = stop
        self._copier = Copier(reader, folder.root, reserve_bytes)
        self._program_version = program_version
        self._others = others
        self._is_anew = is_anew
        self._copied_at_once = copied_at_once

    def steps(self) -> Iterator[Progress]:
        """Make the backup. Yields its progress after each step. Raises a BackupError, StorageUnavailable of the
        library, Django's DatabaseError, or StopRequested. Files that are copied so far stay, and the next backup
        continues from there."""
        # Before hours of copying: without the program for PostgreSQL, the backup would fail only at its end.
        require_programs()
        earlier = EarlierBackup(None if self._is_anew else self._folder.newest_finished())
        begun = self._folder.go_on_or_begin(datetime.now(UTC))
        originals = OriginalsBackup(
            self._archive, begun.path, earlier, self._copier, stop_when(self._stop), self._copied_at_once
        )
        is_gone_on_with = any((begun.path / name).exists() for name in ("images", "files"))
        progress = Progress(originals.brought, count_files(self._archive), is_gone_on_with, begun.path)
        yield progress
        yield from self._bring(originals, progress)
        for _round in range(MAX_ROUNDS):
            # The mark is set before the database is copied. If a row is deleted after the copy, its file stays until
            # the backup has it.
            with removals_held(), copy_database(begun.path, self._stop) as copy:
                yield from self._bring(originals, progress)
                originals.settle(copy.originals())
                if not self._is_any_removed(originals.brought.missing):
                    progress.manifest = self._finish(begun.path, begun.started_at, copy, originals)
                    progress.has_links = earlier.has_links
            # Outside the mark: the files of rows that were deleted meanwhile waited for its end.
            finish_removals()
            if progress.manifest:
                yield progress
                return
        raise BackupError("Images were removed faster than the database could be copied. Run the backup again.")

    def _bring(self, originals: OriginalsBackup, progress: Progress) -> Iterator[Progress]:
        for _step in originals.bring():
            yield progress

    def _is_any_removed(self, filenames: list[str]) -> bool:
        """Return True if the rows of some of these images are gone by now. Then the files are no loss, and the database
        must be copied again."""
        for first in range(0, len(filenames), ASKED_AT_ONCE):
            some = filenames[first : first + ASKED_AT_ONCE]
            if Image.objects.of_this_pc().filter(filename__in=some).count() < len(some):
                return True
        return False

    def _finish(self, path: Path, started_at: str, copy: DatabaseCopy, originals: OriginalsBackup) -> Manifest:
        with telling_backup_faults(self._folder.root):
            manifest = Manifest(
                backup_id=path.name,
                installation=self._folder.installation,
                program_version=self._program_version,
                started_at=started_at,
                finished_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                database=copy.describe(),
                days=list(originals.kept_days()),
                others=[_keep(path, one) for one in self._others],
                missing=[*originals.brought.missing, *originals.brought.unreadable],
                changed=originals.brought.changed,
                in_store=originals.brought.in_store,
                in_store_count=originals.brought.in_store_count,
            )
            write_manifest(path, manifest)
        return manifest


def _keep(folder: Path, one: SmallFile) -> KeptFile:
    # Only this account may read it: it can hold the secret key.
    replace_file(folder / one.name, one.content, PRIVATE)
    return KeptFile(one.name, len(one.content), hashlib.sha256(one.content).hexdigest())
