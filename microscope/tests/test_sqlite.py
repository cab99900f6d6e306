"""Facts about SQLite's file that neither SQLite nor Django takes care of."""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.conf import settings
from django.db import ConnectionHandler, OperationalError

from microscope.start.database.address import SQLITE
from microscope.start.database.file import describe_fault

COUNT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM images").fetchone()[0])
connection.close()
"""


def count_from_another_process(path) -> int:
    """Open, read and close the file in another process, as a backup or `manage.py verify` does."""
    return int(subprocess.run([sys.executable, "-c", COUNT, str(path)], check=True, capture_output=True).stdout)


def test_a_look_at_the_file_leaves_the_locks_of_a_connection_that_is_at_work(tmp_path):
    path = tmp_path / "microscope.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE images (id INTEGER)")
        connection.execute("INSERT INTO images VALUES (1)")
        assert describe_fault(path) is None
        assert count_from_another_process(path) == 1
        connection.execute("INSERT INTO images VALUES (2)")
        assert count_from_another_process(path) == 2
    assert count_from_another_process(path) == 2


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" * 4, bytes(5000)])
def test_a_file_that_is_no_database_is_said(tmp_path, content):
    path = tmp_path / "a#b?c%20.sqlite3"
    path.write_bytes(content)
    assert "is not an SQLite database, or it is damaged" in (describe_fault(path) or "")


def test_a_database_that_another_program_has_locked_is_no_damaged_file(tmp_path):
    path = tmp_path / "microscope.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE images (id INTEGER)")
        connection.execute("BEGIN EXCLUSIVE")
        assert describe_fault(path) is None


@pytest.mark.django_db
def test_a_connection_that_failed_is_given_up_and_the_next_request_has_a_new_one(tmp_path):
    """If the drive of a file was away, a connection that had the file open can never read it again."""
    options = {"transaction_mode": "IMMEDIATE"}
    address = {"ENGINE": SQLITE, "NAME": str(tmp_path / "microscope.sqlite3"), "OPTIONS": options, "CONN_MAX_AGE": None}
    connection = ConnectionHandler({"default": address})["default"]
    with connection.cursor() as cursor, pytest.raises(OperationalError):
        cursor.execute("SELECT * FROM images")
    failed = connection.connection
    connection.close_if_unusable_or_obsolete()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
    assert connection.connection is not failed
    connection.close()


@pytest.mark.django_db
def test_a_connection_without_a_fault_is_kept(tmp_path):
    address = {"ENGINE": SQLITE, "NAME": str(tmp_path / "microscope.sqlite3"), "CONN_MAX_AGE": None}
    connection = ConnectionHandler({"default": address})["default"]
    connection.ensure_connection()
    first = connection.connection
    connection.close_if_unusable_or_obsolete()
    assert connection.connection is first
    connection.close()


@pytest.mark.on_sqlite
def test_the_program_uses_this_engine():
    assert settings.DATABASES["default"]["ENGINE"] == SQLITE
