"""Opens a second database besides that of the settings: the SQLite file of a PC that was alone, or will be alone."""

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections
from django.db.migrations.recorder import MigrationRecorder
from django.db.utils import load_backend

from images.moving.errors import NotALoneLibrary

OTHER = "other"
APPS = ("accounts", "images")
HEADER = b"SQLite format 3\0"


@contextmanager
def opened_copy(path: Path, folder: Path) -> Iterator[str]:
    """Yield the alias under which Django reads a copy of this SQLite file. The file itself is not changed. The copy is
    in `folder`, and is removed afterwards. Raises NotALoneLibrary, and OSError."""
    _require_sqlite(path)
    with tempfile.TemporaryDirectory(prefix="join-", dir=folder, ignore_cleanup_errors=True) as name:
        copy = Path(name) / "copy.sqlite3"
        # If the last process was killed, its last transactions are still in the write-ahead log beside the file.
        for ending in ("", "-wal"):
            if Path(f"{path}{ending}").exists():
                shutil.copyfile(f"{path}{ending}", f"{copy}{ending}")
        with opened(copy) as alias:
            _require_same_tables(path, alias)
            yield alias


@contextmanager
def opened(path: Path) -> Iterator[str]:
    """Yield the alias under which Django reads and writes this SQLite file."""
    engine = "django.db.backends.sqlite3"
    settings = {**connections.settings[DEFAULT_DB_ALIAS], "ENGINE": engine, "NAME": str(path), "OPTIONS": {}}
    # `connections` belongs to the thread, so no other thread finds a second database.
    connections[OTHER] = load_backend(engine).DatabaseWrapper(settings, OTHER)
    try:
        yield OTHER
    finally:
        connections[OTHER].close()
        del connections[OTHER]


def _require_sqlite(path: Path) -> None:
    try:
        with path.open("rb") as file:
            is_sqlite = file.read(len(HEADER)) == HEADER
    except OSError as problem:
        raise NotALoneLibrary(path, f"it cannot be read ({problem.strerror}).") from problem
    if not is_sqlite:
        raise NotALoneLibrary(path, "it is no SQLite file.")


def _require_same_tables(path: Path, alias: str) -> None:
    try:
        there = _read_migrations(alias)
    except (DatabaseError, sqlite3.Error) as problem:
        raise NotALoneLibrary(path, f"it is damaged ({problem}).") from problem
    if there != _read_migrations(DEFAULT_DB_ALIAS):
        raise NotALoneLibrary(
            path,
            "it is of another version of this program than the shared database, or of another program. Start this "
            "version once with the settings of before, end it, and run this again.",
        )


def _read_migrations(alias: str) -> set[tuple[str, str]]:
    return {one for one in MigrationRecorder(connections[alias]).applied_migrations() if one[0] in APPS}
