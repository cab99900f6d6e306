"""Test a backup: restore it to a temporary place and compare."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError
from filelock import FileLock, Timeout

from camera.stop_signals import stop_requested
from images.archive.paced_reader import StopRequested
from images.backup import state
from images.backup.folder import find_backup
from images.backup.restoring.drill import Drill
from images.errors import LibraryError
from images.management.commands.verify import INTERRUPTED, add_pace_options
from images.management.progress import Progress


class Command(BaseCommand):
    help = (
        "Test a backup: restore it to a temporary place, and compare rows, files and checksums there. FOLDER is a "
        "backup, or the folder of the backups, of which the newest is tested. Exit code: 0 the backup restores "
        "everything, 1 it does not or could not be tested, else the sum of the codes of restore and verify, 128 "
        "interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", nargs="?", default=settings.BACKUP_TO, type=Path, help="default: BACKUP_TO")
        place = "a new folder with space for the whole library, deleted at the end; default: in DATA_PATH"
        parser.add_argument("--place", type=Path, default=settings.DATA_PATH / "drill", help=place)
        add_pace_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["folder"]:
            raise CommandError("Name a backup, or set BACKUP_TO.")
        started_at, folder = state.now_text(), options["folder"].expanduser().absolute()
        try:
            with FileLock(settings.DATA_PATH / "drill.lock").acquire(timeout=0):
                code = self._drill(folder, started_at, options)
        except Timeout as taken:
            raise CommandError("Another manage.py drill is running. Wait for it or stop it.") from taken
        except (LibraryError, DatabaseError, InterfaceError, OSError) as problem:
            failed = state.outcome_of("drill", started_at, state.FAILED, folder, message=str(problem))
            state.note_outcome(settings.DATA_PATH, failed)
            raise CommandError(str(problem)) from problem
        if code:
            sys.exit(code)

    def _drill(self, folder: Path, started_at: str, options: dict[str, Any]) -> int:
        backup, manifest = find_backup(folder)
        place = options["place"].expanduser().absolute()
        progress = Progress(self.stdout, "files")
        # `restore` and `verify` run as processes of their own, so they need the options of this one.
        passed_on = ["--full-speed"] if options["full_speed"] else []
        passed_on += ["--rate", str(options["rate"])] if options["rate"] else []
        with stop_requested() as stop:
            drill = Drill(backup, manifest, place, settings.BASE_DIR / "manage.py", passed_on, stop, progress.report)
            try:
                code = drill.run()
            except StopRequested:
                interrupted = state.outcome_of("drill", started_at, state.INTERRUPTED, backup)
                state.note_outcome(settings.DATA_PATH, interrupted)
                self.stdout.write("Interrupted. The next drill starts from the beginning.")
                return INTERRUPTED
        self._note(code, started_at, backup, manifest.file_count, manifest.byte_count)
        return code

    def _note(self, code: int, started_at: str, backup: Path, file_count: int, byte_count: int) -> None:
        message = "" if code == 0 else f"The drill found differences (exit code {code})."
        result = state.FINDINGS if code else state.WHOLE
        outcome = state.outcome_of(
            *("drill", started_at, result, backup), message=message, file_count=file_count, byte_count=byte_count
        )
        state.note_outcome(settings.DATA_PATH, outcome)
        self.stdout.write(message or f"{backup} restores everything: {file_count:,} files and the database.")
