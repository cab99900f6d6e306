"""Make the rows of the library again from the files alone."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from camera.stop_signals import stop_requested
from images.archive.paced_reader import StopRequested, stop_when
from images.errors import LibraryError
from images.index.rebuild.rebuild import RebuildProgress, rebuild
from images.library import the_library
from images.management.originals import require_originals
from images.management.progress import Progress

REPORTED = 16
INTERRUPTED = 128


class Command(BaseCommand):
    help = (
        "Make all missing rows of the database again from the originals and their sidecars: images, users, jobs, "
        "objectives, calibrations. Run manage.py migrate first if the database is new. It only adds rows, so the "
        "server may run meanwhile, and it can be run again. Exit code: 0 all files are in the database, 1 it could not "
        "run, 16 some files are damaged or foreign, 128 interrupted: run it again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        require_originals()
        # The archive would set up a new, empty folder, and the rebuild would succeed with nothing.
        if not settings.IMAGE_SAVE_PATH.is_dir():
            raise CommandError(
                f"The folder {settings.IMAGE_SAVE_PATH} is missing. Mount its drive or set IMAGE_SAVE_PATH."
            )
        progress = Progress(self.stdout, "files")
        try:
            code = self._rebuild(progress)
        except LibraryError as problem:
            raise CommandError(str(problem)) from problem
        finally:
            progress.clear()
        if code:
            sys.exit(code)

    def _rebuild(self, progress: Progress) -> int:
        rebuilt, is_cut_short = RebuildProgress(0), False
        with stop_requested() as requested:
            go_on, report = stop_when(requested), lambda problem: progress.report(f"Not listed: {problem}")
            try:
                for rebuilt in rebuild(the_library().archive, report, go_on):
                    progress.say(rebuilt.looked_at, rebuilt.file_count, f"; {rebuilt.listed:,} listed")
                    go_on()
            except StopRequested:
                is_cut_short = True
        progress.clear()
        self._summarize(rebuilt)
        if is_cut_short:
            self.stdout.write("Interrupted. Run it again to continue.")
        return (REPORTED if rebuilt.reported else 0) | (INTERRUPTED if is_cut_short else 0)

    def _summarize(self, rebuilt: RebuildProgress) -> None:
        self.stdout.write(
            f"{rebuilt.looked_at} files looked at: {rebuilt.listed} images listed, {rebuilt.followed} brought up "
            f"to date, {rebuilt.reported} files not listed."
        )
        if rebuilt.changed:
            self.stdout.write(
                f"{rebuilt.changed} changed since capture: their pixels differ from the checksum in the record. They "
                "are added and marked. Restore the originals from a backup if you have one."
            )
        for noun, names in (("users", rebuilt.users), ("jobs", rebuilt.jobs)):
            if names:
                # A terminal on Windows may not have the characters of a name.
                shown = ", ".join(name.encode("ascii", "backslashreplace").decode("ascii") for name in names)
                self.stdout.write(f"{len(names)} {noun} restored: {shown}")
        if rebuilt.users:
            self.stdout.write("These users are inactive and have no password: activate them in the admin.")
