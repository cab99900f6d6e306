"""Copies the database in the state of one moment, while others write to it, and reads from that copy."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import connection

from images.backup.contents.manifest import KeptDatabase, KeptFile
from images.backup.database.postgres_dump import connect_alone, dump_postgres, find_dump_program
from images.backup.database.queries import Query, count_rows, read_migrations, read_originals
from images.backup.database.sqlite_copy import copy_sqlite


@dataclass(frozen=True, slots=True)
class DatabaseCopy:
    """A copy of the database. `query` reads the same moment as the copy. It is valid only within the block that made
    the copy."""

    path: Path
    query: Query

    def originals(self) -> Iterator[tuple[str, int, str]]:
        return read_originals(self.query)

    def describe(self) -> KeptDatabase:
        """Return the copy's entry for the manifest. Raises OSError."""
        with self.path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        kept = KeptFile(self.path.name, self.path.stat().st_size, sha256)
        return KeptDatabase(connection.vendor, kept, count_rows(self.query), read_migrations(self.query))


def require_programs() -> None:
    """Raise DatabaseProgramMissing if the database cannot be copied. Call it before the files are copied."""
    if connection.vendor != "sqlite":
        with connect_alone() as server:
            find_dump_program(server)


@contextmanager
def copy_database(folder: Path, stop: threading.Event) -> Iterator[DatabaseCopy]:
    """Put a copy into the folder. On return, it is safe on disk. A copy that an earlier run left behind is replaced.
    Raises a BackupError, Django's DatabaseError if the database is away, and StopRequested."""
    copy = copy_sqlite if connection.vendor == "sqlite" else dump_postgres
    with copy(folder, stop) as (path, query):
        yield DatabaseCopy(path, query)
