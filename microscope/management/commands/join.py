"""Bring the library of this PC, which was alone, into the one that several instruments share."""

from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import PersonalToken
from accounts.moving import BroughtPeople, bring_people
from camera.durable_files import replace_file
from images.library import the_library
from images.management.progress import Progress
from images.models import ShareLink, Verification
from images.moving.claim import claim_rows, has_rows_of_nobody
from images.moving.join import Joined, join_file
from images.moving.other_database import opened_copy
from images.own_instrument import own_instrument_id
from images.store.watch import the_store_watch
from microscope.events.webhook import Webhook
from microscope.management.instrument import DONE, NOT_ALL, require_shared_settings, run_as_instrument
from microscope.models import AuditEntry

STAYS_BEHIND = (
    (PersonalToken, "personal tokens"),
    (ShareLink, "share links"),
    (Webhook, "webhooks"),
    (AuditEntry, "entries of the audit log"),
    (Verification, "results of manage.py verify"),
)


class Command(BaseCommand):
    help = (
        "Bring the library of this PC, which was alone, into the one that several instruments share. Stop the program, "
        "set MICROSCOPE_ROLE=instrument, INSTRUMENT_NAME, DATABASE_URL and S3_..., then run this. What was in SQLite "
        "stays there too, unchanged. It can be interrupted, and repeated. Exit code: 0 all has moved in, 1 it could "
        "not run, 2 the command line is wrong, 16 some files or rows did not come, 128 interrupted: run it again."
    )
    # These checks would refuse exactly the rows for which this command is made: those of a PC that shared its library
    # with no other.
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = "the SQLite file of before; without it, microscope.sqlite3 in the data folder"
        parser.add_argument("--from", dest="file", metavar="FILE", help=about)

    def handle(self, *args: Any, file: str | None = None, **options: Any) -> None:
        require_shared_settings()
        sqlite_file = Path(file).expanduser().absolute() if file else None
        run_as_instrument(self.stdout, lambda go_on, _: self._join(sqlite_file, go_on), "Run it again to continue.")

    def _join(self, file: Path | None, go_on: Callable[[], None]) -> int:
        if has_rows_of_nobody():
            if file:
                raise CommandError("The database has rows of a PC that was alone. First run this without --from.")
            return self._claim()
        done, before = settings.DATA_PATH / DONE, settings.DATA_PATH / "microscope.sqlite3"
        if done.exists() or (file is None and not before.exists()):
            self.stdout.write(f"Nothing waits to move in: this PC is the instrument {settings.INSTRUMENT_NAME}.")
            return 0
        return self._join_file(file or before, done, go_on)

    def _claim(self) -> int:
        instrument_id = own_instrument_id()
        assert instrument_id
        for table, count in claim_rows(the_library().archive, instrument_id).items():
            self.stdout.write(f"{count:9,} rows of {table} are now those of {settings.INSTRUMENT_NAME}.")
        self._say_what_next()
        return 0

    def _join_file(self, file: Path, done: Path, go_on: Callable[[], None]) -> int:
        watch = the_store_watch()
        assert watch
        progress = Progress(self.stdout, "files and rows")
        joined = None
        with opened_copy(file, settings.DATA_PATH) as source:
            steps = join_file(source, the_library().archive, watch.store, bring_people, progress.report, go_on)
            try:
                for joined in steps:
                    progress.say(*count_steps(joined))
            finally:
                progress.clear()
            assert joined
            self._say_of_people(joined.people)
            code = self._say_of_rows(joined)
            self._say_what_stays(source)
        replace_file(done, f"{file}\n".encode("utf-8", "surrogateescape"))
        self._say_what_next()
        return code

    def _say_of_people(self, people: BroughtPeople) -> None:
        self._name("can sign in as before", people.brought)
        self._name("were in the shared library already, and stay as they are there", people.known)
        self._name(
            "can sign in as before, but were administrators, managers, or in other groups: they come as viewers "
            "or operators, and an administrator of the shared library may give them more",
            people.lowered,
        )
        self._name(
            "did not come, because somebody in the shared library has the name, and keeps it, with the same rights. "
            "What they captured comes under NAME-restored, an account that nobody can sign in to",
            people.taken,
        )

    def _say_of_rows(self, joined: Joined) -> int:
        rebuilt, rows = joined.rebuilt, joined.rows
        self._write(f"{rebuilt.listed if rebuilt else 0:,} images came from their files.")
        self._write(f"{joined.new_objectives} objectives came with their calibrations.")
        if rows:
            self._write(f"{rows.marked:,} of the images are in the store already, {rows.made:,} only there.")
            self._name("have no whole file here, and did not come", rows.lacking)
        if not joined.is_store_the_same:
            self._write("The store of before is not the shared one: all originals are sent to the shared one.")
        return NOT_ALL if (rebuilt and rebuilt.reported) or (rows and rows.lacking) else 0

    def _say_what_stays(self, source: str) -> None:
        counted = [(model._default_manager.using(source).count(), noun) for model, noun in STAYS_BEHIND]
        if said := ", ".join(f"{count:,} {noun}" for count, noun in counted if count):
            self._write(f"These stay in the old file alone: {said}.")

    def _say_what_next(self) -> None:
        self._write("Now start the program. It sends what is not in the store yet; the status page says how much.")

    def _name(self, what: str, names: list[str]) -> None:
        if names:
            self._write(f"{len(names)} {what}: {', '.join(names)}")

    def _write(self, line: str) -> None:
        # A terminal on Windows may not have the characters of a name.
        self.stdout.write(line.encode("ascii", "backslashreplace").decode("ascii"))


def count_steps(joined: Joined) -> tuple[int, int, str]:
    """Return the progress: how many steps are done, how many there are, and what is done now."""
    if joined.rows:
        return joined.rows.looked_at, joined.rows.total, "; comparing rows"
    assert joined.rebuilt
    return joined.rebuilt.looked_at, joined.rebuilt.file_count, f"; {joined.rebuilt.listed:,} listed"
