"""A database of its own for each server: SQLite, or one on the PostgreSQL server if the tests run on PostgreSQL."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from psycopg.rows import dict_row

from microscope.tests.migrated import fill_file, fill_postgres
from microscope.tests.server_process import find_free_port

RUN_URL = os.environ.get("DATABASE_URL", "")
IS_POSTGRES = RUN_URL.startswith("postgres")
_numbers = count(1)
LOCK = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.readline()
"""


class Row(NamedTuple):
    """The columns of an image's row that must agree with its file."""

    filename: str
    sha256: str
    record_id: str
    is_adopted: bool
    is_simulated: bool


class Database:
    """The database as a test reads it directly, without the server."""

    def __init__(self, url: str) -> None:
        self.url = url

    @property
    def is_postgres(self) -> bool:
        return self.url.startswith("postgres")

    @property
    def path(self) -> Path:
        """The path of SQLite's file."""
        return Path(self.url.removeprefix("sqlite:///"))

    def rows(self, is_server_dead: bool = False) -> dict[str, Row]:
        """Return the rows by file name. PostgreSQL may still run the last statement of a dead client: wait for it."""
        query = "SELECT filename, sha256, record_id, is_adopted, is_simulated FROM images"
        if not self.is_postgres:
            with closing(sqlite3.connect(self.path, timeout=20)) as connection:
                return _by_filename(connection.execute(query).fetchall() if self.path.stat().st_size else [])
        with psycopg.connect(self.url) as connection:
            if is_server_dead:
                wait_until_alone(connection)
            return _by_filename(connection.execute(query).fetchall())

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return every row of the table, with all columns."""
        query = f"SELECT * FROM {name} ORDER BY id"
        if not self.is_postgres:
            with closing(sqlite3.connect(self.path, timeout=20)) as connection:
                connection.row_factory = sqlite3.Row
                return [dict(row) for row in (connection.execute(query) if self.path.stat().st_size else [])]
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    def change(self, statement: str) -> None:
        """Run one statement of SQL. No server may be running on it."""
        if not self.is_postgres:
            with closing(sqlite3.connect(self.path, timeout=20)) as connection, connection:
                connection.execute(statement)
            return
        with psycopg.connect(self.url) as connection:
            wait_until_alone(connection)
            connection.execute(statement)

    def change_beside(self, statement: str) -> None:
        """Run one statement of SQL beside running servers. Only on PostgreSQL."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement)

    def make_tables(self) -> None:
        """Make the tables, if the database has none. No server may be running on it."""
        if self.is_postgres:
            fill_postgres(self.url)
        else:
            fill_file(self.path)

    def lose(self) -> None:
        """Delete the database even if it is in use. PostgreSQL gets an empty one of that name; SQLite makes its own."""
        if not self.is_postgres:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self.path}{suffix}").unlink(missing_ok=True)
            return
        address, _, name = self.url.rpartition("/")
        with psycopg.connect(f"{address}/postgres", autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")

    def forget(self, *tables: str) -> None:
        """Delete the rows of these tables; on PostgreSQL also the rows that depend on them."""
        if not self.is_postgres:
            with closing(sqlite3.connect(self.path, timeout=20)) as connection, connection:
                for table in tables:
                    connection.execute(f"DELETE FROM {table}")
            return
        with psycopg.connect(self.url) as connection:
            wait_until_alone(connection)
            connection.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


@contextmanager
def own_database(folder: Path) -> Iterator[Database]:
    if not IS_POSTGRES:
        yield Database(f"sqlite:///{folder / 'microscope.sqlite3'}")
        return
    address = RUN_URL.rpartition("/")[0]
    name = f"microscope_promises_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(f"{address}/postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        try:
            yield Database(f"{address}/{name}")
        finally:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


class LockedDatabase(Database):
    """SQLite's file. Taken away means: another process holds the lock."""

    def take_away(self) -> None:
        self._locker = subprocess.Popen(
            [sys.executable, "-c", LOCK, str(self.path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self._locker.stdout and self._locker.stdout.readline() == "locked\n"

    def bring_back(self) -> None:
        self._locker.communicate("\n")


class StoppedDatabase(Database):
    """A PostgreSQL server of this test's own. Taken away means: stopped at once, as by a power cut."""

    def make_tables(self) -> None:
        """The program makes them: no other database of this server has any."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = find_free_port()
        super().__init__(f"postgres://postgres@127.0.0.1:{self._port}/postgres")
        self._run("initdb", "--auth=trust", "--username=postgres", "--no-sync", "-D", str(folder / "cluster"))
        self.bring_back()

    def take_away(self) -> None:
        self._run("pg_ctl", "stop", "-m", "immediate", "-D", str(self._folder / "cluster"))

    def bring_back(self) -> None:
        options = f"-p {self._port} -k {self._folder} -h 127.0.0.1 -c fsync=off"
        log, cluster = str(self._folder / "log"), str(self._folder / "cluster")
        self._run("pg_ctl", "start", "-w", "-l", log, "-o", options, "-D", cluster)

    def _run(self, program: str, *arguments: str) -> None:
        """Run a program of PostgreSQL as another user: PostgreSQL refuses to run as root."""
        user = ["setpriv", "--reuid=nobody", "--clear-groups"] if os.name != "nt" and os.geteuid() == 0 else []
        command = [*user, str(_find_program(program)), *arguments]
        subprocess.run(command, cwd=self._folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@contextmanager
def database_to_take_away(folder: Path) -> Iterator[LockedDatabase | StoppedDatabase]:
    """Yield a database of the kind that the tests run on. It is available at first."""
    if not IS_POSTGRES:
        yield LockedDatabase(f"sqlite:///{folder / 'microscope.sqlite3'}")
        return
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as own:
        if os.name != "nt" and os.geteuid() == 0:
            shutil.chown(own, "nobody")
        database = StoppedDatabase(Path(own))
        try:
            yield database
        finally:
            with suppress(subprocess.CalledProcessError):  # a failed test may have left it stopped
                database.take_away()


def _find_program(name: str) -> Path:
    """Search Debian's folder too: Debian keeps PostgreSQL's server programs out of PATH."""
    found = shutil.which(name)
    return Path(found) if found else max(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))


def _by_filename(rows: list[Any]) -> dict[str, Row]:
    return {row[0]: Row(row[0], row[1], str(row[2]).replace("-", ""), bool(row[3]), bool(row[4])) for row in rows}


def wait_until_alone(connection: psycopg.Connection) -> None:
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    until_s = time.monotonic() + 20
    while connection.execute(f"{others} AND backend_type = 'client backend'").fetchone() != (0,):
        assert time.monotonic() < until_s, "a dead server's connection stays"
        connection.rollback()
        time.sleep(0.01)
