"""Copies SQLite's database before a migration changes its tables. If the new version disappoints, the old version can
continue with this copy."""

import logging
import threading
from pathlib import Path

from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from images.backup.database.migrations import is_every_migration_applied
from images.backup.database.sqlite_copy import copy_sqlite_file

logger = logging.getLogger(__name__)

FOLDER = "before-upgrades"
MAX_KEPT = 5


def copy_before_migration(data_path: Path, program_version: str) -> Path | None:
    """Copy the database if it is SQLite's, has tables, and is about to be changed. Returns the path of the copy, or
    None if there is nothing to copy. Removes the oldest copies. Raises a BackupError and Django's DatabaseError; then
    the caller must not change the database."""
    if connection.vendor != "sqlite" or connection.is_in_memory_db():  # type: ignore[attr-defined]
        return None
    if is_every_migration_applied() or not _has_work():
        return None
    folder = data_path / FOLDER
    folder.mkdir(exist_ok=True)
    path = folder / f"{_next_number(folder):04d}_before_{program_version}.sqlite3"
    copy_sqlite_file(path, threading.Event())
    logger.info("The database is about to be changed. A copy of it is at %s", path)
    # After the new copy is safe: a failed copy must not cost an old one.
    for old in _copies_in(folder)[:-MAX_KEPT]:
        old.unlink(missing_ok=True)
    return path


def _has_work() -> bool:
    executor = MigrationExecutor(connection)
    loader = executor.loader
    return bool(loader.applied_migrations and executor.migration_plan(loader.graph.leaf_nodes()))


def _copies_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("????_before_*.sqlite3"))


def _next_number(folder: Path) -> int:
    return 1 + max((int(path.name[:4]) for path in _copies_in(folder)), default=0)
