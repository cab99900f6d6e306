"""A database with all tables and no rows of users, made once for each process of the tests: making the tables takes
longer than most tests do. That the program makes them itself is tested in microscope/tests/test_setting_up.py and by
`FirstStart`.
"""

import atexit
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg

from microscope.tests.warm.program import run_program


def fill_file(path: Path) -> None:
    """Make SQLite's file, if there is none."""
    if not path.exists():
        shutil.copy(_migrated_file(), path)


def fill_postgres(url: str) -> None:
    """Make the tables of a database, if it has none. Nobody may be connected to it."""
    address, _, name = url.rpartition("/")
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() != (0,):
            return
    template = _migrated_template(address)
    with psycopg.connect(f"{address}/postgres", autocommit=True) as server:
        server.execute(f"DROP DATABASE {name}")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template}")


@contextmanager
def empty_postgres(server: str, kind: str) -> Iterator[str]:
    """Yield the address of a new database on this server, without tables. It is removed after the block."""
    name = f"microscope_{kind}_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as administration:
        administration.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server}/{name}"
        finally:
            administration.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def own_postgres(server: str, kind: str) -> Iterator[str]:
    """Yield the address of a new database on this server, with all tables. It is removed after the block."""
    with empty_postgres(server, kind) as address:
        fill_postgres(address)
        yield address


@cache
def _migrated_file() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="microscope-migrated-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = folder / "migrated.sqlite3"
    _migrate(f"sqlite:///{path}", folder)
    return path


@cache
def _migrated_template(address: str) -> str:
    name = f"microscope_migrated_{os.getpid()}"
    _execute(address, f"CREATE DATABASE {name}")
    atexit.register(_execute, address, f"DROP DATABASE IF EXISTS {name}")
    with tempfile.TemporaryDirectory(prefix="microscope-migrated-") as folder:
        _migrate(f"{address}/{name}", Path(folder))
    return name


def _execute(address: str, command: str) -> None:
    with psycopg.connect(f"{address}/postgres", autocommit=True) as server:
        server.execute(command)


def _migrate(url: str, folder: Path) -> None:
    environment = {**os.environ, "DATA_PATH": str(folder), "DATABASE_URL": url}
    run_program(["manage.py", "migrate", "-v0"], environment, timeout_s=300).check_returncode()
