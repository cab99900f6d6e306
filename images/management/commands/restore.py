"""Restore a backup to an empty place."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connections
from filelock import FileLock, Timeout

from camera.stop_signals import stop_requested
from images.archive.paced_reader import PacedReader, StopRequested, lower_priority
from images.backup.folder import find_backup
from images.backup.restoring.place import Place
from images.backup.restoring.restore import Restore, Restored
from images.errors import LibraryError
from images.library import the_library
from images.management.commands.verify import INTERRUPTED, add_pace_options
from images.management.progress import Progress

MISSING, CHANGED = 4, 8


class Command(BaseCommand):
    help = (
        "Restore a backup. FOLDER is a backup, or the folder of the backups, of which the newest is restored. "
        "DATA_PATH, IMAGE_SAVE_PATH and DATABASE_URL say where to; that place must be empty. Ctrl-C interrupts it; the "
        "next run continues. Exit code: 0 everything is restored, 1 it failed, 2 the command line is wrong, else the "
        "sum of 4 files are missing in the backup, 8 files of the backup are damaged (neither is restored), 128 "
        "interrupted."
    )
    # The checks would fail: the place has no database yet and is marked as unfinished.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", help="a backup, or the folder of the backups")
        add_pace_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["full_speed"]:
            lower_priority()
        try:
            with FileLock(settings.DATA_PATH / "restore.lock").acquire(timeout=0):
                code = self._restore(Path(options["folder"]).expanduser().absolute(), options["rate"])
        except Timeout as taken:
            raise CommandError("Another manage.py restore is running. Wait for it or stop it.") from taken
        except (LibraryError, DatabaseError, InterfaceError) as problem:
            raise CommandError(str(problem)) from problem
        finally:
            connections.close_all()
        if code:
            sys.exit(code)

    def _restore(self, folder: Path, megabytes_per_s: float | None) -> int:
        backup, manifest = find_backup(folder)
        place = Place(settings.DATA_PATH, settings.IMAGE_SAVE_PATH)
        self.stdout.write(f"Restoring {backup} to {place.data_path}.")
        progress = Progress(self.stdout, "files")
        with stop_requested() as stop:
            reader = PacedReader(stop, megabytes_per_s and megabytes_per_s * 10**6)
            restore = Restore(backup, manifest, place, the_library().archive, reader, stop)
            try:
                for restored in restore.steps():
                    progress.say(restored.done_count, restored.file_count)
            # What was done is in `restore.restored`. The summary says how to go on.
            except StopRequested:
                pass
            finally:
                progress.clear()
        return self._summarize(restore.restored)

    def _summarize(self, restored: Restored) -> int:
        for what, names in (("missing in the backup", restored.missing), ("damaged in the backup", restored.damaged)):
            for name in names:
                self.stdout.write(f"Not restored, {what}: {name}")
        code = (MISSING if restored.missing else 0) | (CHANGED if restored.damaged else 0)
        if not restored.is_finished:
            self.stdout.write("Interrupted. Run it again to continue. The program cannot start before.")
            return code | INTERRUPTED
        self.stdout.write(f"{restored.done_count:,} files and the database are restored. You can start the program.")
        return code
