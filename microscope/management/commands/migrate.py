"""Django's command, by one process at a time. Before it changes a SQLite database it makes a copy."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands import migrate

from images.backup.database.before_migration import copy_before_migration
from images.errors import LibraryError
from microscope.start.database.setting_up import setting_up


class Command(migrate.Command):
    def execute(self, *args: Any, **options: Any) -> str | None:
        # Django's checks need the lock too: if another process holds SQLite's file for long, they take it for a SQLite
        # that knows no JSON.
        with setting_up():
            return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["plan"] and not options["check_unapplied"]:
            _copy_database()
        super().handle(*args, **options)


def _copy_database() -> None:
    try:
        copy_before_migration(settings.DATA_PATH, settings.VERSION)
    except LibraryError as problem:
        raise CommandError(f"The database was not changed, because no copy of it could be made: {problem}") from problem
