"""Copies SQLite's database with its backup API, while others write to it."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from camera.durable_files import publish_file
from images.archive.paced_reader import StopRequested
from images.backup.copying import disk_full, telling_backup_faults
from images.backup.database.queries import Query
from images.backup.errors import BackupError, BackupFolderUnusable

FILE = "database.sqlite3"
PAGES_AT_ONCE = 2000


@contextmanager
def copy_sqlite(folder: Path, stop: threading.Event) -> Iterator[tuple[Path, Query]]:
    """See images.backup.database.copy.copy_database."""
    path = folder / FILE
    copy_sqlite_file(path, stop)
    with open_sqlite(path) as query:
        yield path, query


def copy_sqlite_file(path: Path, stop: threading.Event) -> None:
    """Put a copy of the database at this path: one file, complete, checked, and safe on disk. Raises a BackupError,
    Django's DatabaseError if the database is away, and StopRequested; then the path is as it was before."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        _fill(temporary, stop)
        with telling_backup_faults(path.parent):
            publish_file(temporary, path)
    finally:
        _remove(temporary)


@contextmanager
def open_sqlite(path: Path) -> Iterator[Query]:
    """Open a database to which nobody writes. SQLite creates no files beside it."""
    # "immutable" makes SQLite skip locks and journals. It is right only because nobody else writes to this file.
    with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
        yield lambda sql: iter(copy.execute(sql))


def find_damage(path: Path) -> str | None:
    """Return SQLite's description of the damage, or None if the database is whole."""
    try:
        with open_sqlite(path) as query:
            said = next(query("PRAGMA quick_check(1)"))[0]
    except sqlite3.Error as problem:
        return str(problem)
    return None if said == "ok" else said


def _fill(temporary: Path, stop: threading.Event) -> None:
    _remove(temporary)
    source = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        source.ensure_connection()
        try:
            with closing(sqlite3.connect(temporary)) as target:
                _copy_pages(source.connection, target, stop)
                # The copy must be a single file. In WAL mode, SQLite would write files beside it whenever it is opened.
                target.execute("PRAGMA journal_mode = DELETE")
        except sqlite3.Error as problem:
            raise _explain(problem, temporary.parent) from problem
    finally:
        source.close()
    if damage := find_damage(temporary):
        raise BackupError(f"The copy of the database is not whole: {damage}. Run manage.py backup again.")


def _copy_pages(source: Any, target: sqlite3.Connection, stop: threading.Event) -> None:
    """Copy all pages, in the state of one moment. An open read transaction holds that moment. Without it, the backup
    would start again after each change by another connection."""

    def look_up(_status: int, _left: int, _total: int) -> None:
        if stop.is_set():
            raise StopRequested

    source.execute("BEGIN DEFERRED")
    try:
        # "BEGIN DEFERRED" takes no lock yet. The first read begins the transaction.
        source.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        source.backup(target, pages=PAGES_AT_ONCE, progress=look_up, sleep=0)
    finally:
        source.execute("ROLLBACK")


def _explain(problem: sqlite3.Error, folder: Path) -> Exception:
    if getattr(problem, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return disk_full(folder)
    if getattr(problem, "sqlite_errorcode", None) in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        return BackupFolderUnusable(f"The database cannot be copied to {folder} ({problem}).")
    return DatabaseError(str(problem))


def _remove(temporary: Path) -> None:
    for suffix in ("", "-journal", "-wal", "-shm"):
        Path(f"{temporary}{suffix}").unlink(missing_ok=True)
