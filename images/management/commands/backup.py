"""Back up the whole library while the program may run."""

import sys
import threading
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError
from filelock import FileLock, Timeout

from camera.stop_signals import stop_requested
from images.archive.paced_reader import PacedReader, StopRequested, lower_priority
from images.backup import state
from images.backup.backup import Backup, SmallFile
from images.backup.backup import Progress as Step
from images.backup.folder import BackupFolder
from images.backup.originals import COPIED_AT_ONCE
from images.backup.restoring.restore import INSTRUMENT_ID_FILE, SECRET_KEY_FILE
from images.backup.settings_text import read_set_values, write_settings
from images.errors import LibraryError
from images.library import the_library
from images.management.commands.verify import INTERRUPTED, add_pace_options
from images.management.originals import BACK_UP, require_originals
from images.management.progress import Progress

MISSING, CHANGED = 4, 8
SETTINGS_FILE = "settings.env"
SHOWN = 10


class Command(BaseCommand):
    help = (
        "Back up the database, the originals with their sidecars, and the settings to a new folder in FOLDER. Files "
        "that are in the previous backup take no extra space if the disk supports hard links. The server may run "
        "meanwhile. Ctrl-C interrupts the backup; the next run continues it. Exit code: 0 the backup is complete, 1 it "
        "failed, 2 the command line is wrong, else the sum of 4 originals are missing in the library, 8 originals in "
        "the library have changed or cannot be read, 128 interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", default=settings.BACKUP_TO, type=Path, help="default: BACKUP_TO")
        add_pace_options(parser)
        parser.add_argument("--anew", action="store_true", help="copy every file, even those in the previous backup")
        parser.add_argument(
            "--with-secrets", action="store_true", help="include the secret key and the passwords in the settings"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_originals(BACK_UP)
        if not options["folder"]:
            raise CommandError("Name the folder for the backups, or set BACKUP_TO.")
        if not options["full_speed"]:
            # Captures must not wait for a backup.
            lower_priority()
        started_at, folder = state.now_text(), options["folder"].expanduser().absolute()
        try:
            # The lock ends with the process, also if it is killed.
            with FileLock(settings.DATA_PATH / "backup.lock").acquire(timeout=0):
                code = self._back_up(folder, started_at, options)
        except Timeout as taken:
            raise CommandError("Another manage.py backup is running. Wait for it or stop it.") from taken
        except (LibraryError, DatabaseError, InterfaceError) as problem:
            # The server shows this to users: a backup that fails every night must not go unnoticed.
            failed = state.outcome_of("backup", started_at, state.FAILED, folder, message=str(problem))
            state.note_outcome(settings.DATA_PATH, failed)
            raise CommandError(str(problem)) from problem
        if code:
            sys.exit(code)

    def _back_up(self, root: Path, started_at: str, options: dict[str, Any]) -> int:
        folder = BackupFolder(root, settings.INSTALLATION, settings.DATA_PATH / "backup-folders.json")
        folder.check([settings.DATA_PATH, settings.IMAGE_SAVE_PATH])
        progress = Progress(self.stdout, "files")
        step, is_first = None, True
        with stop_requested() as stop:
            try:
                for step in self._prepare(folder, stop, options).steps():
                    # The first step alone says it. Later ones repeat the same value.
                    if is_first and step.is_gone_on_with:
                        progress.report(f"Continuing {step.path}.")
                    is_first = False
                    if options["verbosity"]:
                        copied = f"; {step.brought.copied_count:,} copied"
                        progress.say(step.brought.file_count, step.file_count, copied)
            except StopRequested:
                interrupted = state.outcome_of("backup", started_at, state.INTERRUPTED, root)
                state.note_outcome(settings.DATA_PATH, interrupted)
            finally:
                progress.clear()
        if step is None or step.manifest is None:
            self.stdout.write("Interrupted. Run it again to continue.")
            return INTERRUPTED
        return self._summarize(step, started_at)

    def _prepare(self, folder: BackupFolder, stop: threading.Event, options: dict[str, Any]) -> Backup:
        rate = options["rate"]
        return Backup(
            the_library().archive,
            folder,
            PacedReader(stop, rate and rate * 10**6),
            stop,
            settings.MINIMUM_FREE_MB * 10**6,
            settings.VERSION,
            others=read_others(options["with_secrets"]),
            is_anew=options["anew"],
            # One file after another leaves the other processors to the captures.
            copied_at_once=COPIED_AT_ONCE if options["full_speed"] else 1,
        )

    def _summarize(self, step: Step, started_at: str) -> int:
        manifest, brought = step.manifest, step.brought
        assert manifest
        self.stdout.write(
            f"{step.path} is complete: {manifest.file_count:,} files ({manifest.byte_count / 1e9:.1f} GB), of which "
            f"{brought.copied_count:,} were copied ({brought.copied_bytes / 1e9:.1f} GB)."
        )
        if not step.has_links:
            self.stdout.write("This disk does not support hard links: each backup takes the space of all files.")
        if brought.in_store_count:
            count, names = brought.in_store_count, ", ".join(brought.in_store[:SHOWN])
            more = " ..." if count > SHOWN else ""
            self.stdout.write(f"{count} originals are only in the store, and not in this backup: {names}{more}.")
        problems = describe_findings(step)
        for line in problems:
            self.stdout.write(line)
        result = state.FINDINGS if problems else state.WHOLE
        outcome = state.outcome_of(
            *("backup", started_at, result, step.path),
            message=" ".join(problems),
            file_count=manifest.file_count,
            byte_count=manifest.byte_count,
        )
        state.note_outcome(settings.DATA_PATH, outcome)
        has_changed = brought.changed_count or brought.unreadable
        return (MISSING if brought.missing_count else 0) | (CHANGED if has_changed else 0)


def read_others(has_secrets: bool) -> list[SmallFile]:
    """Return the small files of a backup: the settings, the id of this instrument if it has one, and, if `has_secrets`,
    the key file if there is one."""
    text = write_settings(read_set_values(settings.SETTING_NAMES), has_secrets)
    # A value from the environment can contain bytes that are no UTF-8.
    others = [SmallFile(SETTINGS_FILE, text.encode("utf-8", "surrogateescape"))]
    instrument_id = settings.DATA_PATH / INSTRUMENT_ID_FILE
    if instrument_id.exists():
        others.append(SmallFile(INSTRUMENT_ID_FILE, instrument_id.read_bytes()))
    key = settings.DATA_PATH / "secret-key"
    if has_secrets and key.exists():
        others.append(SmallFile(SECRET_KEY_FILE, key.read_bytes()))
    return others


def describe_findings(step: Step) -> list[str]:
    """Return one line for each kind of problem that the backup found in the library."""
    brought = step.brought
    found = [
        ("originals are missing in the library", brought.missing_count, brought.missing),
        ("originals in the library have changed", brought.changed_count, brought.changed),
        ("files of the library cannot be read", len(brought.unreadable), brought.unreadable),
    ]
    return [
        f"{count} {what}: {', '.join(names[:SHOWN])}{' ...' if count > SHOWN else ''}. Run manage.py verify."
        for what, count, names in found
        if count
    ]
