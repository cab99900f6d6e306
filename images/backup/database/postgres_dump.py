"""Copies PostgreSQL's database with `pg_dump`, and runs queries on the same moment."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from psycopg.conninfo import make_conninfo

from camera.durable_files import publish_file
from images.backup.copying import telling_backup_faults
from images.backup.database.programs import find_program, run_program
from images.backup.database.queries import Query

FILE = "database.dump"
# The lowest compression. Text compresses well at any level; higher levels take long and gain little.
COMPRESSION = "1"
ROWS_AT_ONCE = 5000
# So long a statement waits for a table that somebody has locked. Without a limit, a forgotten transaction would hold up
# every backup, and nobody would be told.
LOCK_PATIENCE_S = 30
NO_PARAMETERS = ("context", "cursor_factory", "options", "client_encoding", "prepare_threshold", "row_factory")


@contextmanager
def dump_postgres(folder: Path, stop: threading.Event) -> Iterator[tuple[Path, Query]]:
    """See images.backup.database.copy.copy_database."""
    path = folder / FILE
    with connect_alone() as server:
        program = find_dump_program(server)
        server.isolation_level, server.read_only = psycopg.IsolationLevel.REPEATABLE_READ, True
        # `pg_dump` is another process. With this snapshot it sees exactly what this transaction sees, as long as this
        # transaction stays open.
        snapshot = server.execute("SELECT pg_export_snapshot()").fetchone()
        assert snapshot
        _dump(program, path, snapshot[0], stop)
        yield path, query_of(server)


def find_dump_program(server: psycopg.Connection) -> Path:
    """Return the path of `pg_dump`. Raises DatabaseProgramMissing."""
    return find_program("pg_dump", server.info.server_version // 10_000)


@contextmanager
def connect_alone(database: str = "", is_at_once: bool = False) -> Iterator[psycopg.Connection]:
    """Open a connection outside of Django's pool. All its statements are one transaction, or, if `is_at_once` is True,
    each takes effect at once. A statement fails if it waits for a lock longer than LOCK_PATIENCE_S. Raises Django's
    DatabaseError, also from within the block."""
    place = make_conninfo(address(database), options=f"-c lock_timeout={LOCK_PATIENCE_S}s")
    with (
        connection.wrap_database_errors,
        psycopg.connect(place, password=password() or None, autocommit=is_at_once) as server,
    ):
        yield server


def address(database: str = "") -> str:
    """Return the address of the program's database, or of another one on the same server, in the form of PostgreSQL's
    programs, without the password."""
    known = connection.get_connection_params()
    left_out = {*NO_PARAMETERS, "password", "pool"}
    kept = {name: value for name, value in known.items() if name not in left_out and value is not None}
    return make_conninfo(**{**kept, **({"dbname": database} if database else {})})


def password() -> str:
    return connection.settings_dict["PASSWORD"] or ""


def query_of(server: psycopg.Connection) -> Query:
    """Return a function that runs queries within this connection's transaction. It fetches a limited number of rows at
    a time, because there may be a million."""
    numbers = count(1)

    def query(sql: str) -> Iterator[tuple[Any, ...]]:
        with server.cursor(name=f"copied_{next(numbers)}") as cursor:
            cursor.itersize = ROWS_AT_ONCE
            # The text comes from this program, never from a user.
            cursor.execute(sql)  # type: ignore[call-overload]
            yield from cursor

    return query


def _dump(program: Path, path: Path, snapshot: str, stop: threading.Event) -> None:
    temporary = path.with_name(f".{path.name}.part")
    options = ["--format=custom", f"--compress={COMPRESSION}", "--no-owner", "--no-privileges", "--no-password"]
    options.append(f"--lock-wait-timeout={LOCK_PATIENCE_S}s")
    command = [str(program), *options, f"--snapshot={snapshot}", f"--file={temporary}", f"--dbname={address()}"]
    try:
        run_program(command, password(), stop, path.parent)
        with telling_backup_faults(path.parent):
            # Only a complete dump gets the final name.
            publish_file(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
