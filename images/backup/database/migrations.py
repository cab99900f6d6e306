"""The migrations of this version, by the names of their files. To load them all takes longer than most of a start."""

from collections.abc import Iterable
from pathlib import Path
from pkgutil import iter_modules

from django.apps import AppConfig, apps
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

OUR_APPS = ("accounts", "images", "microscope")
# App and name.
Migration = tuple[str, str]


def list_migrations() -> set[Migration]:
    """Return the migrations of all apps that have a file."""
    return {(app.label, name) for app in apps.get_app_configs() for name in _list_files(app)}


def find_unknown_migrations(applied: Iterable[Migration]) -> list[Migration]:
    """Return those of the program's own apps that this version does not know, in order."""
    unknown = {one for one in applied if one[0] in OUR_APPS} - list_migrations()
    # A squashed migration also knows those that it replaces. They may have no files any more.
    return sorted(unknown - _find_replaced()) if unknown else []


def is_every_migration_applied() -> bool:
    """Return whether the database has all tables of this version. Raises Django's DatabaseError."""
    return list_migrations() <= set(MigrationRecorder(connection).applied_migrations())


def _list_files(app: AppConfig) -> list[str]:
    # Django takes the same files for migrations.
    found = iter_modules([str(Path(app.path) / "migrations")])
    return [one.name for one in found if not one.ispkg and not one.name.startswith(("_", "~"))]


def _find_replaced() -> set[Migration]:
    return {name for migration in MigrationLoader(None).disk_migrations.values() for name in migration.replaces}
