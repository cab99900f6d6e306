"""Make the rows of the library again from the files alone, or from the object store alone."""

import contextlib
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from filelock import FileLock, Timeout

from camera.stop_signals import stop_requested
from images.archive.paced_reader import StopRequested, stop_when
from images.archive.staging import Staging
from images.errors import LibraryError
from images.index.rebuild.from_store.rebuild import rebuild_from_store
from images.index.rebuild.lister import RebuildProgress
from images.index.rebuild.rebuild import rebuild
from images.library import the_library
from images.management.originals import require_originals
from images.management.progress import Progress
from images.own_instrument import own_instrument_id
from images.roles import is_library
from images.spool.identity import read_instrument_id
from images.spool.make import make_pace
from images.store.errors import StoreError
from images.store.watch import the_store_watch

REPORTED = 16
INTERRUPTED = 128

# Takes `report` and `go_on`, as `rebuild` does.
Begin = Callable[[Callable[[str], None], Callable[[], None]], Iterator[RebuildProgress]]


class Command(BaseCommand):
    help = (
        "Make all missing rows of the database again from the originals and their sidecars: images, users, jobs, "
        "objectives, calibrations. Run manage.py migrate first if the database is new. It only adds rows, so the "
        "server may run meanwhile, and it can be run again. With --from-store, the object store alone is read, and "
        "this PC needs no original. Exit code: 0 all files are in the database, 1 it could not run, 16 some files are "
        "damaged or foreign, 128 interrupted: run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--from-store", action="store_true", help="read the object store, not the disk")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            with contextlib.ExitStack() as stack:
                begin = self._prepare_store(stack) if options["from_store"] else self._prepare_files()
                code = self._rebuild(begin, "objects" if options["from_store"] else "files")
        except StoreError as problem:
            raise CommandError(f"{problem} {problem.todo} What was done stays. Run it again to continue.") from problem
        except LibraryError as problem:
            raise CommandError(str(problem)) from problem
        if code:
            sys.exit(code)

    def _prepare_files(self) -> Begin:
        require_originals()
        # The archive would set up a new, empty folder, and the rebuild would succeed with nothing.
        if not settings.IMAGE_SAVE_PATH.is_dir():
            raise CommandError(
                f"The folder {settings.IMAGE_SAVE_PATH} is missing. Mount its drive or set IMAGE_SAVE_PATH."
            )
        return lambda report, go_on: rebuild(the_library().archive, report, go_on)

    def _prepare_store(self, stack: contextlib.ExitStack) -> Begin:
        watch = the_store_watch()
        if watch is None:
            raise CommandError("No store is set: set S3_BUCKET and its keys.")
        settings.DATA_PATH.mkdir(parents=True, exist_ok=True)
        try:
            stack.enter_context(FileLock(settings.DATA_PATH / "rebuild-from-store.lock").acquire(timeout=0))
        except Timeout as taken:
            raise CommandError("Another manage.py rebuild --from-store is running. Wait for it or stop it.") from taken
        staging = Staging(settings.DATA_PATH / "rebuilding", settings.MINIMUM_FREE_MB * 10**6)
        # A library has no camera, so it has no pictures of its own, whatever its data folder was before.
        is_alone = own_instrument_id() is None and not is_library()
        alone_id = read_instrument_id(settings.DATA_PATH) if is_alone else None
        return lambda report, go_on: rebuild_from_store(watch.store, staging, alone_id, report, go_on, make_pace())

    def _rebuild(self, begin: Begin, noun: str) -> int:
        progress = Progress(self.stdout, noun)
        rebuilt, is_cut_short = RebuildProgress(0), False
        try:
            with stop_requested() as requested:
                go_on, report = stop_when(requested), lambda problem: progress.report(f"Not listed: {problem}")
                try:
                    for rebuilt in begin(report, go_on):
                        progress.say(rebuilt.looked_at, rebuilt.file_count, f"; {rebuilt.listed:,} listed")
                        go_on()
                except StopRequested:
                    is_cut_short = True
        finally:
            progress.clear()
        self._summarize(rebuilt, noun)
        if is_cut_short:
            self.stdout.write("Interrupted. Run it again to continue.")
        return (REPORTED if rebuilt.reported else 0) | (INTERRUPTED if is_cut_short else 0)

    def _summarize(self, rebuilt: RebuildProgress, noun: str) -> None:
        self.stdout.write(
            f"{rebuilt.looked_at} {noun} looked at: {rebuilt.listed} images listed, {rebuilt.followed} brought up "
            f"to date, {rebuilt.reported} {noun} not listed."
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
