"""Checks SQLite's file: it must be in the right place, and it must be usable."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from microscope.start.database.address import earlier_sqlite_path

HEADER = b"SQLite format 3\0"
# If a database was not closed, its newest changes are in these files beside it.
PARTS = ("", "-wal", "-shm")


def refuse_misplaced(path: Path, address: str) -> None:
    """Raise ImproperlyConfigured if there is no database at `path`, but one where earlier versions put it for this
    address. A new database would look as if everything were lost."""
    earlier = earlier_sqlite_path(address)
    if earlier is None or earlier == path or os.path.exists(path) or not _is_database(earlier):
        return
    parts = [suffix for suffix in PARTS if os.path.exists(f"{earlier}{suffix}")]
    moves = ", ".join(f'"{earlier}{suffix}" to "{path}{suffix}"' for suffix in parts)
    raise ImproperlyConfigured(
        f'The database "{path}" is not there, but an earlier version of the program kept one at "{earlier}". '
        f"End the program if it still runs, move {moves}, and start again. "
        "If another installation uses that file too, copy instead."
    )


def describe_fault(path: Path) -> str | None:
    """Return a sentence that says why the file cannot be used. None if it can be used, or if there is no file."""
    if not os.path.exists(path):
        return None
    if not os.path.isfile(path):
        return f"The database {path} is not a file. Remove what lies there, or restore a backup."
    if not os.access(path, os.R_OK | os.W_OK):
        return (
            f"The database {path} cannot be read and written by this user. "
            "Start the program as the user who owns it, or give this user the permission."
        )
    if os.path.getsize(path) and _is_refused_by_sqlite(path):
        return f"The file {path} is not an SQLite database, or it is damaged. Put a backup in its place."
    return None


def _is_refused_by_sqlite(path: Path) -> bool:
    """Return True if SQLite says that the file is no database.

    SQLite itself must open the file. On POSIX systems a process that closes a file gives up all its locks on that
    file, also those of its other connections. Then another process believes that it is alone, and deletes the log in
    which this process keeps its newest rows. Source: "How To Corrupt An SQLite Database File", 2.2.
    """
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0)) as connection:
            connection.execute("PRAGMA schema_version")
    except sqlite3.DatabaseError as problem:
        return problem.sqlite_errorcode == sqlite3.SQLITE_NOTADB
    return False


def _is_database(path: Path) -> bool:
    """Return True if the file begins as a database does. For a file that this process does not use: see above."""
    try:
        with path.open("rb") as file:
            return file.read(len(HEADER)) == HEADER
    except OSError:
        return False
