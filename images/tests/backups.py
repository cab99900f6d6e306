"""Runs `manage.py backup` in this process, and reads what a backup holds."""

import io
import threading
from pathlib import Path

from django.conf import settings
from django.core.management import call_command

from images.archive.archive import Archive
from images.archive.paced_reader import PacedReader
from images.backup.backup import Backup
from images.backup.contents.manifest import Manifest, read_manifest
from images.backup.folder import BackupFolder

MISSING, CHANGED, INTERRUPTED = 4, 8, 128


def back_up(folder: Path, *arguments: str) -> tuple[int, str]:
    """Return the exit code and the output."""
    printed = io.StringIO()
    try:
        call_command("backup", str(folder), "--full-speed", *arguments, stdout=printed)
    except SystemExit as ended:
        return ended.code, printed.getvalue()
    return 0, printed.getvalue()


def steps_of(archive: Archive, folder: Path, reserve_bytes: int = 0):
    """Return the steps of a backup. A test that stops between two steps leaves the folder like a killed backup:
    no thread goes on copying."""
    told = threading.Event()
    backups = BackupFolder(folder, settings.INSTALLATION, settings.DATA_PATH / "backup-folders.json")
    backups.check([settings.DATA_PATH, archive.root])
    return Backup(archive, backups, PacedReader(told), told, reserve_bytes, "0", [], copied_at_once=1).steps()


def backups_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("backup_*"))


def manifest_of(folder: Path) -> Manifest:
    """Return the manifest of the newest backup."""
    return read_manifest(backups_in(folder)[-1])


def originals_in(backup: Path) -> dict[str, bytes]:
    """Return the library's files in the backup: relative path to content."""
    images = backup / "images"
    return {str(path.relative_to(images)): path.read_bytes() for path in images.rglob("*") if path.is_file()}


def files_of(archive: Archive) -> dict[str, bytes]:
    found = archive.root.glob("????-??-??/*")
    return {str(path.relative_to(archive.root)): path.read_bytes() for path in found}
