"""If the program cannot start, it says why in a sentence that names the place, without a traceback."""

import os
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from images.tests.conftest import wait_until
from microscope.tests.server_process import ServerProcess
from microscope.tests.starting import assert_one_sentence, run_command
from microscope.tests.warm.program import run_program

pytestmark = pytest.mark.long

EVERY_COMMAND = [
    ["serve"],
    ["verify"],
    ["rebuild"],
    ["capture", "--user", "ada"],
    ["empty_bin"],
    ["migrate"],
]


def run(folder: Path | str, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    asked = {**os.environ, "DATA_PATH": str(folder), "DATABASE_URL": "", **environment}
    return run_program(["manage.py", *command], asked, timeout_s=120)


def assert_is_a_sentence(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in done.stderr


def put_a_file_in_its_place(folder: Path) -> Path:
    folder.write_text("no folder")
    return folder


def put_it_below_a_file(folder: Path) -> Path:
    folder.write_text("no folder")
    return folder / "data"


def put_it_where_nobody_can_write(folder: Path) -> Path:
    if not Path("/proc/self").exists():
        pytest.skip("only Linux has a folder in which not even root can make another one")
    return Path("/proc/microscope-data")


@pytest.mark.parametrize("place", [put_a_file_in_its_place, put_it_below_a_file, put_it_where_nobody_can_write])
@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: command[0])
def test_a_data_folder_that_cannot_be_used(tmp_path, place: Callable[[Path], Path], command):
    folder = place(tmp_path / "here")
    assert_is_a_sentence(run(folder, *command, SECRET_KEY=""), str(folder))


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: command[0])
def test_a_database_file_that_is_none(tmp_path, command):
    database = tmp_path / "microscope.sqlite3"
    database.write_bytes(b"these are the notes of somebody, and no database" * 100)
    assert_is_a_sentence(run(tmp_path, *command), str(database))
    assert database.read_bytes().startswith(b"these are the notes")


@pytest.fixture(scope="module")
def newer(tmp_path_factory) -> Path:
    """The folder of a database to which a later version of the program has added something."""
    folder = tmp_path_factory.mktemp("newer")
    assert run(folder, "migrate").returncode == 0
    with closing(sqlite3.connect(folder / "microscope.sqlite3")) as database, database:
        values = "('images', '9999_of_next_year', '2030-01-01')"
        database.execute(f"INSERT INTO django_migrations (app, name, applied) VALUES {values}")
    return folder


@pytest.mark.parametrize("command", EVERY_COMMAND, ids=lambda command: command[0])
def test_a_database_of_a_newer_version(newer, tmp_path, command):
    folder = shutil.copytree(newer, tmp_path / "copy")
    assert_is_a_sentence(run(folder, *command), "newer version", "9999_of_next_year")


def test_a_port_that_is_taken(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert_is_a_sentence(run(tmp_path, "serve", HOST="127.0.0.1", PORT=port), port, "set PORT")


def test_an_address_that_this_pc_does_not_have(tmp_path):
    assert_is_a_sentence(run(tmp_path, "serve", HOST="192.0.2.1"), "192.0.2.1", "HOST")


COMMANDS_THAT_END = [command for command in EVERY_COMMAND if command != ["serve"]]


@pytest.fixture
def where_nobody_listens() -> Iterator[str]:
    """Return an address of this PC that is taken, but on which nothing listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"postgres://lab:secret-word@127.0.0.1:{taken.getsockname()[1]}/pictures"


@pytest.mark.parametrize("command", COMMANDS_THAT_END, ids=lambda command: command[0])
def test_a_database_server_that_does_not_run(tmp_path, where_nobody_listens, command):
    (tmp_path / "images").mkdir()
    done = run(tmp_path, *command, DATABASE_URL=where_nobody_listens)
    assert_is_a_sentence(done, "The database pictures on 127.0.0.1 cannot be used", "See that its server runs")
    assert "secret-word" not in done.stderr


@pytest.mark.parametrize("command", [["verify"], ["migrate"]], ids=lambda command: command[0])
def test_a_database_that_was_not_made(tmp_path, needs_postgres, command):
    done = run(tmp_path, *command, DATABASE_URL=f"{needs_postgres}/no_such_pictures")
    assert_is_a_sentence(done, 'database "no_such_pictures" does not exist', "that this database was made there")


def test_a_user_whom_the_database_server_does_not_know(tmp_path, needs_postgres):
    server = needs_postgres.rpartition("@")[2]
    done = run(tmp_path, "migrate", DATABASE_URL=f"postgres://nobody_here:secret-word@{server}/postgres")
    assert_is_a_sentence(done, "nobody_here", "user and password in DATABASE_URL are right")
    assert "secret-word" not in done.stderr


def test_the_server_says_why_it_waits_for_its_database_and_goes_on_trying(tmp_path, where_nobody_listens):
    """The PC may start before its database server."""
    server = ServerProcess(tmp_path, DATABASE_URL=where_nobody_listens)
    try:
        wait_until(lambda: "trying again every 5 s. (The database pictures on 127.0.0.1" in server.log(), within_s=60)
        wait_until(lambda: "Microscope is at" in server.log(), within_s=60)
        server.interrupt()
        assert server.wait_until_ended(60) == 0
        assert "Traceback" not in server.log() and "secret-word" not in server.log()
    finally:
        server.kill()


@pytest.mark.parametrize("command", [["verify"], ["rebuild"], ["capture", "--user", "ada"]], ids=lambda one: one[0])
def test_a_database_in_which_nothing_was_set_up(tmp_path, command):
    (tmp_path / "images").mkdir()
    assert_is_a_sentence(run(tmp_path, *command), "The database is not set up", "Run manage.py migrate, then try again")


@contextmanager
def disk(size: str) -> Iterator[Path]:
    """Mount a disk of this size, in memory. Without such a disk, root could write everywhere."""
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("only root can mount a disk")
    with tempfile.TemporaryDirectory(prefix="microscope-disk-") as place:
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "none", place]).returncode:
            pytest.skip("no disk can be mounted here")
        try:
            yield Path(place)
        finally:
            subprocess.run(["umount", place], check=True)


@pytest.fixture
def read_only_disk() -> Iterator[Path]:
    """A disk that is read-only, with a data folder of this version."""
    with disk("20m") as place:
        assert run(place / "data", "migrate", SECRET_KEY="").returncode == 0
        subprocess.run(["mount", "-o", "remount,ro", place], check=True)
        yield place / "data"


@pytest.mark.parametrize("command", [["serve"], ["verify"], ["migrate"]], ids=lambda command: command[0])
def test_a_disk_that_can_only_be_read(read_only_disk, tmp_path, command):
    database = read_only_disk / "microscope.sqlite3"
    assert_is_a_sentence(run(read_only_disk, *command), f"The data folder {read_only_disk} cannot be used: Read-only")
    elsewhere = run(tmp_path, *command, DATABASE_URL=f"sqlite:///{database}")
    assert_is_a_sentence(elsewhere, f"The database {database} cannot be read and written by this user", "permission")


@pytest.fixture
def full_disk() -> Iterator[Path]:
    """A disk on which folders can be made, but nothing can be written."""
    with disk("64k") as place:
        with suppress(OSError), (place / "full").open("wb", buffering=0) as file:
            while file.write(bytes(4096)):
                pass
        yield place


@pytest.mark.parametrize("key", ["", "0123456789" * 5], ids=["for its key", "for its database"])
def test_a_first_start_on_a_full_disk(full_disk, key):
    folder = full_disk / "data"
    assert_is_a_sentence(run(folder, "migrate", SECRET_KEY=key), str(folder), "space")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252"])
@pytest.mark.parametrize("command", [["serve"], ["capture", "--user", "ada"]], ids=lambda command: command[0])
def test_a_console_that_cannot_show_the_name_of_the_folder(tmp_path, command, encoding):
    folder = tmp_path / "Präparate 日本"
    folder.write_text("no folder")
    done = run_command(
        *command, encoding=encoding, DATA_PATH=str(folder), DATABASE_URL="", PYTHONIOENCODING=encoding, PYTHONUTF8="0"
    )
    shown = str(folder).encode(encoding, "backslashreplace").decode(encoding)
    assert_one_sentence(done, f"The data folder {shown} cannot be used: it is a file")


def test_a_folder_that_the_console_cannot_show_is_used_all_the_same(tmp_path):
    folder = tmp_path / "Präparate 日本"
    done = run_command("migrate", encoding="cp1252", DATA_PATH=str(folder), DATABASE_URL="", PYTHONIOENCODING="cp1252")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False)
    assert (folder / "microscope.sqlite3").exists()
