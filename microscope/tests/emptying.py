"""How the tests' own database is emptied after a test that commits."""

from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.contenttypes.management import create_contenttypes
from django.db import connection
from django.db.backends.base.creation import TEST_DATABASE_PREFIX
from django.db.backends.postgresql.operations import DatabaseOperations as PostgresOperations
from django.db.backends.sqlite3.base import DatabaseOperations as SqliteOperations
from django.db.models.signals import post_migrate

# No test changes what is in them, and Django would fill them again after each test.
KEPT_TABLES = ("django_content_type", "auth_permission")


class RowsDeleted:
    """A flush deletes the rows of all other tables, and sequences go on counting. On PostgreSQL a TRUNCATE makes new
    files for each table and index: with few rows that takes ten times as long."""

    def sql_flush(self, style, tables, *, reset_sequences=False, allow_cascade=False) -> list[str]:
        return [f"DELETE FROM {self.quote_name(table)}" for table in tables if table not in KEPT_TABLES]


class PostgresRowsDeleted(RowsDeleted, PostgresOperations):
    pass


class SqliteRowsDeleted(RowsDeleted, SqliteOperations):
    pass


class Roles:
    """The roles, which come from a migration. Django does not run it again after it has emptied the database."""

    def __init__(self) -> None:
        self._groups = list(Group.objects.all())
        self._permissions = list(Group.permissions.through.objects.all())

    def restore(self, **_: object) -> None:
        """Write the roles again, with the numbers that they had."""
        if not Group.objects.exists():
            Group.objects.bulk_create(self._groups)
            Group.permissions.through.objects.bulk_create(self._permissions)


def is_of_tests() -> bool:
    """Return True if the connection leads to the database of this run. It does not if no test of the run uses one."""
    if connection.vendor == "sqlite":
        return connection.is_in_memory_db()
    return str(connection.settings_dict["NAME"]).startswith(TEST_DATABASE_PREFIX)


def empty_quickly() -> None:
    """Let a flush by this thread's connection delete rows, and make nothing again but the roles."""
    if not is_of_tests():
        return
    post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    post_migrate.disconnect(create_contenttypes)
    post_migrate.connect(Roles().restore, sender=list(apps.get_app_configs())[-1], weak=False)
    if connection.vendor == "sqlite":
        connection.ops = SqliteRowsDeleted(connection)
    else:
        connection.ops = PostgresRowsDeleted(connection)
        _wait_for_no_disk()


def _wait_for_no_disk() -> None:
    """After a power cut nobody needs this database."""
    name = connection.ops.quote_name(connection.settings_dict["NAME"])
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit TO off")
        cursor.execute("SET synchronous_commit TO off")
