"""A program of its own: makes a database as a version did that had no squashed migrations yet.

Arguments: an app and a migration of it, at which to stop. Without arguments all are applied that the squashed ones
replace, and those of the other apps."""

import sys

import django
from django.core.management.sql import emit_post_migrate_signal
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader


def migrate_one_by_one(*targets: tuple[str, str]) -> None:
    executor = MigrationExecutor(connection)
    executor.loader = MigrationLoader(connection, replace_migrations=False)
    squashed = dict(executor.loader.replacements)
    # So that the database does not learn the names of the squashed ones.
    executor.loader.replacements.clear()
    executor.migrate(targets or _before(executor.loader, squashed))
    if not targets:
        emit_post_migrate_signal(verbosity=0, interactive=False, db=connection.alias)


def _before(loader: MigrationLoader, squashed: dict) -> list[tuple[str, str]]:
    """Return the last migrations that a version knew that had none of `squashed`."""
    apps = {app for app, _ in squashed}
    others = [node for node in loader.graph.leaf_nodes() if node[0] not in apps]
    return [*others, *(migration.replaces[-1] for migration in squashed.values())]


if __name__ == "__main__":
    django.setup()
    migrate_one_by_one(*zip(sys.argv[1::2], sys.argv[2::2], strict=True))
