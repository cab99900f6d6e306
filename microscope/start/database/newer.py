"""Says if a newer version of the program has changed the database: at the start of each command, and while the program
runs. Several PCs may share one PostgreSQL, and somebody updates one of them first."""

from collections.abc import Iterable
from typing import Any

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.recorder import MigrationRecorder

from images.backup.database.migrations import find_unknown_migrations
from images.backup.database.queries import read_migrations


def describe_newer_database() -> str | None:
    """Return a sentence if a newer version has changed the database. None if not, or if the database does not
    answer."""
    try:
        return _describe_unknown(MigrationRecorder(connection).applied_migrations())
    except (DatabaseError, InterfaceError):
        return None
    finally:
        connection.close()


def keep_away_from_newer() -> str | None:
    """If a newer version has changed the database, let nobody of this program use it any more: older code would write
    rows that the newer one cannot read. The program goes on as if the database did not answer. A thread looks each
    second if the database is as this version knows it again.

    Returns the sentence that says so. None if there is nothing to say, and for SQLite: its file belongs to this program
    alone."""
    if connection.vendor != "postgresql" or (newer := describe_newer_database()) is None:
        return None
    connection.refuse(newer, _is_known)  # type: ignore[attr-defined]
    return newer


def _is_known(opened: Any) -> bool:
    return _describe_unknown(read_migrations(opened.execute)) is None


def _describe_unknown(applied: Iterable[tuple[str, str]]) -> str | None:
    unknown = find_unknown_migrations(applied)
    if not unknown:
        return None
    app, name = unknown[-1]
    return (
        f"The database was made by a newer version of the program ({app} {name} is not known here). "
        "Install that version, or restore a backup of the database that belongs to this one."
    )
