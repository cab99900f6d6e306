"""A database of a benchmark's own on a PostgreSQL server."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

SERVER = "postgres://postgres@127.0.0.1:5432"


@contextmanager
def own_database(server: str, name: str) -> Iterator[str]:
    """Yield the address of an empty database. It is dropped after the block, and before it, if it was left over."""
    name = f"microscope_benchmark_{name}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
        try:
            yield f"{server}/{name}"
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
