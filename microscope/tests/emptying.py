"""How the tests' own database on PostgreSQL is emptied after a test that commits."""

from django.db import connection
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.db.backends.postgresql.operations import DatabaseOperations

# No test changes what is in them, and Django would fill them again after each test.
KEPT_TABLES = ("django_content_type", "auth_permission")


class RowsDeleted(DatabaseOperations):
    """A flush deletes the rows of all other tables, and sequences go on counting. A TRUNCATE makes new files for each
    table and index: with few rows that takes ten times as long."""

    def sql_flush(self, style, tables, *, reset_sequences=False, allow_cascade=False) -> list[str]:
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables if table not in KEPT_TABLES]


def empty_quickly() -> None:
    """Let this thread's connection delete rows, and let no connection wait for the disk: after a power cut nobody needs
    this database. Does nothing on SQLite, and nothing if no test of this run uses a database."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor != "postgresql" or not name.startswith(TEST_DATABASE_PREFIX):
        return
    connection.ops = RowsDeleted(connection)
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(name)} SET synchronous_commit TO off")
        cursor.execute("SET synchronous_commit TO off")
