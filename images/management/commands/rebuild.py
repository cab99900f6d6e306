"""Make the library's rows again from the files alone."""

import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from images.apps import the_library
from images.errors import DATABASE_AWAY, LibraryError
from images.interruption import told_to_stop
from images.progress import Progress
from images.rebuilding import Rebuilt, rebuild

REPORTED = 16
INTERRUPTED = 128


class Command(BaseCommand):
    help = (
        "Make every missing row again from the originals: images with what was changed of them, users, jobs, "
        "objectives, calibrations. Run manage.py migrate first where the database is new. It only adds, so it may run "
        "beside the server and be run again. Exit code: 0 all is listed, 1 it could not be run, 16 some files are "
        "damaged or foreign, 128 interrupted: run it again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IMAGE_SAVE_PATH.is_dir():
            raise CommandError(f"There is no folder {settings.IMAGE_SAVE_PATH}. Set IMAGE_SAVE_PATH, or mount it.")
        progress = Progress(self.stdout, "files")
        try:
            code = self._rebuild(progress)
        except LibraryError as problem:
            raise CommandError(str(problem)) from problem
        except DATABASE_AWAY as problem:
            raise CommandError(
                f"The database failed ({str(problem).strip()}). If it is new, run "
                "manage.py migrate. Then run this again."
            ) from problem
        finally:
            progress.clear()
        if code:
            sys.exit(code)

    def _rebuild(self, progress: Progress) -> int:
        rebuilt, is_cut_short = Rebuilt(0), False
        with told_to_stop() as told:
            for rebuilt in rebuild(the_library().archive, lambda problem: progress.tell(f"Not listed: {problem}")):
                progress.say(rebuilt.looked_at, rebuilt.file_count, f"; {rebuilt.listed:,} listed")
                if is_cut_short := told.is_set():
                    break
        progress.clear()
        self._summarize(rebuilt)
        if is_cut_short:
            self.stdout.write("Interrupted: run it again for the rest.")
        return (REPORTED if rebuilt.reported else 0) | (INTERRUPTED if is_cut_short else 0)

    def _summarize(self, rebuilt: Rebuilt) -> None:
        self.stdout.write(
            f"{rebuilt.looked_at} files looked at: {rebuilt.listed} images listed, {rebuilt.followed} brought up "
            f"to date, {rebuilt.reported} files not listed."
        )
        for noun, names in (("users", rebuilt.users), ("jobs", rebuilt.jobs)):
            if names:
                shown = ", ".join(name.encode("ascii", "backslashreplace").decode("ascii") for name in names)
                self.stdout.write(f"{len(names)} {noun} made again: {shown}")
        if rebuilt.users:
            self.stdout.write("These users are inactive and have no password: activate them in the admin.")
