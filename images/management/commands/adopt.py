"""Bring the pictures of a dead PC into the store, from its disk."""

import sys
import tempfile
import threading
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from camera.stop_signals import stop_requested
from images.archive.paced_reader import StopRequested, lower_priority
from images.errors import DATABASE_AWAY, LibraryError
from images.index.fetched import Fetched
from images.index.thumbnails import Thumbnails
from images.instruments.errors import InstrumentTaken
from images.management.progress import Progress
from images.models import Instrument
from images.moving.adopt import Adopted, DiskAdoption
from images.moving.disk import DamagedDiskArchive, find_images_folder, read_dead_id
from images.moving.errors import InstrumentLives, explain
from images.moving.retire import is_retired, retire
from images.moving.working_as import working_as
from images.spool.make import BYTES_PER_MEGABIT
from images.spool.rows import count_waiting
from images.spool.side_files import SideFiles
from images.spool.upload import Uploader
from images.store.body import Pace
from images.store.client import Store
from images.store.watch import the_store_watch

NOT_SENT, NOT_LISTED, INTERRUPTED = 8, 16, 128


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that is adopted: its folders of images and thumbnails, and its instrument."""

    images: Path
    thumbnails: Path
    instrument_id: UUID
    name: str


class Command(BaseCommand):
    help = (
        "Bring the pictures of a dead PC into the store, from its disk: mount it here, and give its data folder. Run "
        "it with the settings of the shared library, on any PC. It removes nothing, goes on where it was interrupted "
        "or killed, and may be repeated. Exit code: 0 all is in the store, 1 it could not run, 2 the command line is "
        "wrong, else the sum of 8 some originals are not in the store, 16 some files are damaged or foreign, 128 "
        "interrupted."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("path", help="the data folder of the dead PC, or its folder of images")
        parser.add_argument("--images", metavar="FOLDER", help="its folder of images, if that is somewhere else")
        parser.add_argument("--id-file", metavar="FILE", help="its file instrument-id, if that is somewhere else")
        parser.add_argument("--name", help="the name for an instrument that this library does not know")
        parser.add_argument(
            "--retire", action="store_true", help="retire the instrument afterwards: it is gone for good"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        watch = the_store_watch()
        if not settings.MICROSCOPE_ROLE or watch is None:
            raise CommandError("Set MICROSCOPE_ROLE, DATABASE_URL and S3_... of the shared library, then try again.")
        lower_priority()
        progress = Progress(self.stdout, "originals")
        disk = self._find_disk(options)
        try:
            self.stdout.write(f"Adopting {disk.images}, the pictures of {disk.name}.")
            with stop_requested() as stop, tempfile.TemporaryDirectory(prefix="microscope-adopt-") as folder:
                code = self._adopt(disk, watch.store, Path(folder), stop, progress, options["retire"])
        except InstrumentTaken as taken:
            raise CommandError(str(InstrumentLives(disk.name))) from taken
        except (LibraryError, OSError, *DATABASE_AWAY) as problem:
            raise CommandError(f"{explain(problem)} What is done stays. Run it again to continue.") from problem
        finally:
            progress.clear()
            connections.close_all()
        if code:
            sys.exit(code)

    def _find_disk(self, options: dict[str, Any]) -> Disk:
        try:
            return find_disk(options)
        except (LibraryError, *DATABASE_AWAY) as problem:
            raise CommandError(explain(problem)) from problem

    def _adopt(
        self, disk: Disk, store: Store, folder: Path, stop: threading.Event, progress: Progress, is_last: bool
    ) -> int:
        archive = DamagedDiskArchive(disk.images, folder / "archive-folder.txt", progress.report)
        # Changes that people made on other PCs since then are read from the store.
        archive.elsewhere = Fetched(store, folder / "fetched")
        adoption = None
        try:
            with working_as(disk.instrument_id, disk.name, stop, describe_waiting) as go_on:
                adoption = make_adoption(disk, store, archive, progress.report, go_on, stop)
                for adopted in adoption.steps():
                    progress.say(*count_steps(adopted))
                self._summarize(adopted := adoption.adopted, progress)
                code = exit_code(adopted, archive)
                # The files on the disk know nothing of its end: what they say was just read again.
                is_last = is_last or is_retired(disk.instrument_id)
                return code | (self._retire(store, disk, go_on) if is_last else 0)
        except StopRequested:
            if adoption:
                self._summarize(adoption.adopted, progress)
            self.stdout.write("Interrupted. Run it again to continue.")
            return INTERRUPTED | (exit_code(adoption.adopted, archive) if adoption else 0)

    def _summarize(self, adopted: Adopted, progress: Progress) -> None:
        progress.clear()
        if rebuilt := adopted.rebuilt:
            self.stdout.write(
                f"{rebuilt.looked_at} files looked at: {rebuilt.listed} images got their row, {rebuilt.reported} files "
                "are damaged or foreign."
            )
        self.stdout.write(f"{adopted.sent} originals sent, {adopted.verified} read back whole.")
        waiting = count_waiting()
        self.stdout.write(f"{waiting.count} originals are not in the store ({waiting.size_bytes / 1e9:.1f} GB).")

    def _retire(self, store: Store, disk: Disk, go_on: Callable[[], None]) -> int:
        retired = retire(store, disk.instrument_id, go_on)
        self.stdout.write(f"{retired.in_store} pictures are now marked as only in the store.")
        if retired.left:
            self.stdout.write(f"{disk.name} is not retired: {retired.left} of its pictures are not in the store.")
            return NOT_SENT
        if retired.ended_jobs:
            self.stdout.write(f"{retired.ended_jobs} jobs that had not ended have failed now.")
        self.stdout.write(f"{disk.name} is retired. Its disk is not needed any more.")
        return 0


def find_disk(options: dict[str, Any]) -> Disk:
    """Return the disk that the command line names. Raises NotADataFolder, CommandError, and Django's DatabaseError."""
    folder, id_file, images = (
        Path(said).expanduser().absolute() if said else None
        for said in (options["path"], options["id_file"], options["images"])
    )
    assert folder
    instrument_id = read_dead_id(folder, id_file)
    known = Instrument.objects.filter(pk=instrument_id).values_list("name", flat=True).first()
    name = known or options["name"]
    if not name:
        raise CommandError("This library does not know that instrument. Give it a name with --name.")
    return Disk(find_images_folder(folder, images), folder / "thumbnails", instrument_id, name)


def make_adoption(
    disk: Disk,
    store: Store,
    archive: DamagedDiskArchive,
    report: Callable[[str], None],
    go_on: Callable[[], None],
    stop: threading.Event,
) -> DiskAdoption:
    pace = Pace(settings.S3_MAX_MBPS * BYTES_PER_MEGABIT or None)
    thumbnails = Thumbnails(disk.thumbnails, archive)
    uploader = Uploader(store, archive, thumbnails, lambda: disk.instrument_id, pace)
    return DiskAdoption(store, archive, uploader, SideFiles(store, archive), report, go_on, stop)


def describe_waiting() -> dict[str, Any]:
    """Return the columns for the row of the instrument while its disk is adopted."""
    waiting = count_waiting()
    return {
        "spool_count": waiting.count,
        "spool_bytes": waiting.size_bytes,
        "oldest_local_at": waiting.oldest_at,
    }


def count_steps(adopted: Adopted) -> tuple[int, int, str]:
    if adopted.total or not adopted.rebuilt:
        return adopted.sent, adopted.total, f"; {adopted.verified:,} read back"
    return adopted.rebuilt.looked_at, adopted.rebuilt.file_count, f"; {adopted.rebuilt.listed:,} listed"


def exit_code(adopted: Adopted, archive: DamagedDiskArchive) -> int:
    is_damaged = bool(archive.unreadable_days or (adopted.rebuilt and adopted.rebuilt.reported))
    return (NOT_SENT if adopted.failed else 0) | (NOT_LISTED if is_damaged else 0)
