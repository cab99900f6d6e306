"""A lock for setting up the database, so that two first starts at once make one set of tables and one administrator."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, connections
from filelock import FileLock, Timeout

PATIENCE_S = 60
# Any number will do that nobody else locks in this database.
LOCK_NUMBER = 6_427_637_833
TAKEN = "another process is setting it up, and has not finished"


@contextmanager
def setting_up(patience_s: float = PATIENCE_S) -> Iterator[None]:
    """Hold the lock within the block. Do not nest it. Raises Django's OperationalError if another process holds it for
    too long, or if the database does not answer."""
    with (_hold_file if connection.vendor == "sqlite" else _hold_number)(patience_s):
        yield


@contextmanager
def _hold_file(patience_s: float) -> Iterator[None]:
    """Lock a file beside SQLite's. If nothing can be written there, nothing can be set up either, and Django says why.
    A missing folder is not made: it may be a drive that comes later."""
    path = Path(connection.settings_dict["NAME"])
    if connection.is_in_memory_db() or not path.parent.is_dir():  # type: ignore[attr-defined]
        yield
        return
    lock = FileLock(f"{path}.lock")
    try:
        lock.acquire(timeout=patience_s)
    except Timeout as taken:
        raise OperationalError(TAKEN) from taken
    except OSError:
        pass
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _hold_number(patience_s: float) -> Iterator[None]:
    """Lock a number in PostgreSQL, in a connection of its own. Setting up commits many transactions, and the lock must
    outlast them."""
    holder = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        holder.set_autocommit(False)
        with holder.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{patience_s}s'")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK_NUMBER])
        yield
        holder.rollback()
    finally:
        holder.close()
