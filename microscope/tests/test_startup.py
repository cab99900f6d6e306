import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest
from django.contrib.auth import get_user_model
from django.db import OperationalError, connection

from images.formats import FORMATS
from images.models import Image
from images.tests.conftest import server_address, wait_until
from images.tests.frames import TAKEN_AT, make_frame, make_record_of
from microscope.start.startup import Startup

ROOT = Path(__file__).resolve().parents[2]
BEGIN = """
import django, sys
django.setup()
from microscope.start.startup import Startup
Startup(lambda line: print(line, flush=True), retry_s=0.05).begin()
print("serving", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def begin(archive):
    """begin() starts up like the server, and returns the lines that it prints. The one before has ended."""
    started: list[Startup] = []

    def end() -> None:
        for startup in started:
            startup.end()
        for thread in threading.enumerate():
            if thread.name == "startup":
                thread.join(30)  # it may be writing, and then SQLite in memory refuses to read

    def start() -> list[str]:
        end()
        lines: list[str] = []
        started.append(Startup(lines.append, retry_s=0.05))
        started[-1].begin()
        return lines

    yield start
    end()


@pytest.fixture
def late_database(tmp_path):
    """The address of a database that does not exist yet, and a function that makes it."""
    if connection.vendor == "sqlite":
        folder = tmp_path / "drive"
        yield f"sqlite:///{folder / 'microscope.sqlite3'}", folder.mkdir
        return
    name = f"microscope_late_{os.getpid()}"
    address = {**server_address(), "dbname": "postgres"}
    with psycopg.connect(**address, autocommit=True) as server:
        login = f"{address.get('user', '')}:{address.get('password', '')}".rstrip(":")
        place = f"{address.get('host', 'localhost')}:{address.get('port', 5432)}"
        yield f"postgres://{login}@{place}/{name}", lambda: server.execute(f"CREATE DATABASE {name}")
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.mark.long
@pytest.mark.django_db
def test_with_the_database_away_it_starts_and_goes_on_by_itself_once_it_is_there(tmp_path, late_database):
    address, bring = late_database
    environment = {
        **os.environ,
        "DATA_PATH": str(tmp_path / "data"),
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "microscope.settings",
    }
    command = [sys.executable, "-c", BEGIN]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as program:
        assert "The database does not answer; trying again every 0.05 s." in program.stdout.readline()
        assert any(line == "serving\n" for line in program.stdout)
        bring()
        assert any("The first administrator was made: user admin, password" in line for line in program.stdout)
        program.communicate("\n", timeout=30)
    assert program.returncode == 0


@pytest.mark.django_db(transaction=True)
def test_the_first_start_tells_the_password_once(begin):
    first = begin()
    assert first[0].startswith("The first administrator was made: user admin, password ")
    assert first[1] == "This password is shown once. Change it after signing in."
    assert get_user_model().objects.get().check_password(first[0].split()[-1])
    assert begin() == []


@pytest.mark.django_db(transaction=True)
def test_a_password_that_was_given_is_not_printed(begin, settings):
    settings.ADMIN_PASSWORD = "a given password"
    assert begin() == ["The first administrator was made: user admin, the password from ADMIN_PASSWORD"]


def keep_original(archive) -> str:
    frame = make_frame()
    record = make_record_of(frame)
    return archive.keep(TAKEN_AT, ".jpg", lambda file: FORMATS["jpg"].write(file, frame.pixels, record, 95)).filename


def count_images() -> int:
    """SQLite in memory refuses to read while another thread writes."""
    try:
        return Image.objects.count()
    except OperationalError:
        return -1


@pytest.mark.django_db(transaction=True)
def test_what_a_crash_left_is_put_in_order(begin, archive, settings):
    filename = keep_original(archive)
    left = archive.path_of(filename).with_name(".capture_20250116_103045_999.part")
    left.write_bytes(b"half an image")
    small = [folder / ".small.4711-0a1b2c3d.part" for folder in (settings.DATA_PATH, archive.root)]
    for path in small:
        path.write_bytes(b"half")
        os.utime(path, (time.time() - 7200,) * 2)
    begin()
    wait_until(lambda: count_images() == 1)
    assert Image.objects.get().filename == filename
    assert not any(path.exists() for path in [left, *small])


@pytest.mark.django_db(transaction=True)
def test_a_drive_that_comes_later_is_looked_through_then(begin, archive, tmp_path):
    filename = keep_original(archive)
    archive.root.rename(tmp_path / "drive")
    begin()
    (tmp_path / "drive").rename(archive.root)
    wait_until(lambda: count_images() == 1)
    assert Image.objects.get().filename == filename
