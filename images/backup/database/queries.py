"""Queries that a backup runs on its copy of the database, in SQL that SQLite and PostgreSQL both know."""

from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from images.backup.contents.manifest import KeptDatabase
from images.backup.database.migrations import OUR_APPS
from images.backup.errors import BackupDamaged
from images.models import Image
from images.own_instrument import own_instrument_id

# Runs a query and returns its rows. All queries see the same moment.
Query = Callable[[str], Iterator[tuple[Any, ...]]]


def read_originals(query: Query) -> Iterator[tuple[str, int, str]]:
    """Yield file name, size and sum of every image of this PC, sorted by the bytes of the names."""
    # PostgreSQL sorts by the rules of a language, unless it is told to compare bytes. SQLite compares bytes.
    collation = ' COLLATE "C"' if connection.vendor == "postgresql" else ""
    table = Image._meta.db_table
    for row in query(f"SELECT filename, file_size, sha256 FROM {table}{_own()} ORDER BY filename{collation}"):
        yield row[0], row[1], row[2]


def _own() -> str:
    """Return the condition for rows of this PC. A PC alone has no others, and an older copy has no such column."""
    own = own_instrument_id()
    if own is None:
        return ""
    return f" WHERE instrument_id = '{own if connection.vendor == 'postgresql' else own.hex}'"


def count_rows(query: Query) -> dict[str, int]:
    """Return the number of rows of each table that belongs to a model of the program."""
    existing = set(_table_names(query))
    tables = [name for name in connection.introspection.django_table_names() if name in existing]
    quote = connection.ops.quote_name
    return {name: next(query(f"SELECT COUNT(*) FROM {quote(name)}"))[0] for name in sorted(tables)}


def require_rows(query: Query, kept: KeptDatabase) -> None:
    """Raise BackupDamaged if a table has another number of rows than the manifest says."""
    found = count_rows(query)
    wrong = [
        f"{table} has {found.get(table, 0)} rows, and should have {rows}"
        for table, rows in kept.rows.items()
        if found.get(table, 0) != rows
    ]
    if wrong:
        raise BackupDamaged(f"The database of the backup is not what the manifest says: {'; '.join(wrong)}.")


def read_migrations(query: Query) -> list[tuple[str, str]]:
    """Return the migrations of the program's own apps that the database has."""
    table = MigrationRecorder.Migration._meta.db_table
    found = query(f"SELECT app, name FROM {table} ORDER BY app, name")
    return [(app, name) for app, name in found if app in OUR_APPS]


def _table_names(query: Query) -> list[str]:
    if connection.vendor == "sqlite":
        return [row[0] for row in query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    schema = "SELECT tablename FROM pg_tables WHERE schemaname = ANY (current_schemas(false))"
    return [row[0] for row in query(schema)]
