"""Make this PC a library of its own again."""

import threading
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from accounts.moving import bring_people
from images.moving.leave import StaysBehind, look_what_stays, make_lone_library, require_may_leave
from microscope.management.instrument import DONE, NOT_ALL, require_shared_settings, run_as_instrument


class Command(BaseCommand):
    help = (
        "Make this PC, which is one of several instruments, a library of its own again: in SQLite, from the originals "
        "on its disk and the people of the shared library. Stop the program first. Nothing is removed from the shared "
        "library. Exit code: 0 done, 1 it could not run, 2 the command line is wrong, 16 some files are damaged or "
        "foreign, 128 interrupted: run it again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        about = "leave although some originals are not in the shared store yet: it never gets them"
        parser.add_argument("--anyway", action="store_true", help=about)

    def handle(self, *args: Any, anyway: bool = False, **options: Any) -> None:
        require_shared_settings()
        begins_anew = "Run it again: it begins from the start."
        run_as_instrument(self.stdout, lambda _, stop: self._leave(anyway, stop), begins_anew)

    def _leave(self, anyway: bool, stop: threading.Event) -> int:
        target = settings.DATA_PATH / "microscope.sqlite3"
        stays = look_what_stays()
        require_may_leave(target, stays, anyway)
        is_all_listed = make_lone_library(
            settings.BASE_DIR / "manage.py", target, bring_all_people, stop, self.stdout.write
        )
        # The PC may join again later.
        (settings.DATA_PATH / DONE).unlink(missing_ok=True)
        self._say_what_stays(stays)
        self.stdout.write(
            "Set MICROSCOPE_ROLE= and DATABASE_URL= in .env, and remove INSTRUMENT_NAME and INSTRUMENT_URL. Empty "
            "S3_BUCKET, too, unless this PC is to keep using the store. Then start the program."
        )
        return 0 if is_all_listed else NOT_ALL

    def _say_what_stays(self, stays: StaysBehind) -> None:
        if stays.only_there:
            more = f" and {stays.only_there - len(stays.names)} more" if stays.only_there > len(stays.names) else ""
            self.stdout.write(
                f"{stays.only_there} originals of this PC are only in the store, and stay in the shared library alone: "
                f"{', '.join(stays.names)}{more}"
            )
        if stays.waiting or stays.changes:
            self.stdout.write(
                f"{stays.waiting} originals are not in the shared store, and {stays.changes} changes. The shared "
                "library shows these pictures without their originals."
            )
        self.stdout.write("All other pictures of this PC stay in the shared library, too, as they are now.")


def bring_all_people(alone: str) -> None:
    """Bring all people. On this PC they keep the rights that they have now: it has no other library than its own."""
    bring_people("default", alone, keeps_rights=True)
