"""The database is where the settings say, no matter which characters a path, a name or a password contains."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from microscope.start.database.address import read_database_address
from microscope.tests.starting import assert_one_sentence, run_command

pytestmark = pytest.mark.long

NAMES = ["Lab #2", "a?b=c 100%", "ü ß 日本 a@b;c+d&e", 'it\'s "so", c:d\\e %25']


def migrate(**environment: str):
    """Make some tables. All of them would take longer, and lie in the same place."""
    return run_command("migrate", "sessions", "--verbosity", "0", **environment)


def has_tables(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return bool(connection.execute("SELECT name FROM sqlite_master WHERE name = 'django_session'").fetchall())


@pytest.mark.parametrize("name", NAMES)
def test_the_database_lies_in_the_data_folder_whatever_its_name(tmp_path, name):
    folder = tmp_path / name
    result = migrate(DATA_PATH=str(folder))
    assert result.returncode == 0, result.stderr
    assert has_tables(folder / "microscope.sqlite3")
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("/data/Lab #2/a.sqlite3", "/data/Lab #2/a.sqlite3"),
        ("/data/Lab%20%232/a.sqlite3", "/data/Lab #2/a.sqlite3"),
        ("/data/a?b/a.sqlite3", "/data/a?b/a.sqlite3"),
        ("/data/a%3Fb=c", "/data/a?b=c"),
        ("/data/100%/a.sqlite3", "/data/100%/a.sqlite3"),
        ("/data/a+b;c@d/%C3%BC 日本.sqlite3", "/data/a+b;c@d/ü 日本.sqlite3"),
        ("a.sqlite3", "/base/a.sqlite3"),
    ],
)
def test_an_address_of_sqlite_names_the_file_that_one_expects(written, path):
    assert Path(read_database_address(f"sqlite:///{written}", Path("/base"))["NAME"]) == Path(path)


@pytest.mark.parametrize("written", [r"D:\Lab #2\new.sqlite3", "D:/Lab #2/new.sqlite3", "//server/share/new.sqlite3"])
def test_an_address_keeps_drives_and_shares_of_windows(written):
    assert read_database_address(f"sqlite:///{written}", Path("/base"))["NAME"].endswith(written.replace("//", "/"))


@pytest.mark.parametrize(
    "address",
    ["sqlite://", "sqlite:///", "sqlite://:memory:", "sqlite:///:memory:", "sqlite:////a/b.sqlite3?timeout=20"],
)
def test_an_address_of_sqlite_that_names_no_file_is_refused(tmp_path, address):
    assert_one_sentence(run_command("check", DATA_PATH=str(tmp_path), DATABASE_URL=address), "DATABASE_URL=(hidden)")


@pytest.mark.parametrize(
    ("written", "password"),
    [
        ("p@ss/w#rd%", "p@ss/w#rd%"),
        ("p%40ss%2Fw%23rd%25", "p@ss/w#rd%"),
        ("a+b c?d:e", "a+b c?d:e"),
        ("ü[日]", "ü[日]"),
        ("", ""),
    ],
)
def test_a_password_may_hold_any_character(written, password):
    settings = read_database_address(f"postgres://lab:{written}@db.example:5433/images", Path("/base"))
    account = settings["USER"], settings["PASSWORD"], settings["HOST"], settings["PORT"], settings["NAME"]
    assert account == ("lab", password, "db.example", 5433, "images")


@pytest.mark.parametrize("name", ["lab#2", "lab+2", "lab 2"])
def test_a_database_may_have_any_name_and_options_behind_it(name):
    settings = read_database_address(f"postgresql://lab@db/{name}?sslmode=require", Path("/base"))
    assert (settings["NAME"], settings["OPTIONS"]) == (name, {"sslmode": "require"})


@pytest.mark.parametrize("address", ["postgres://lab@db", "postgres://lab@db:port/name", "lab", "mysql://u:hidden@h/n"])
def test_an_address_of_no_database_is_refused_without_showing_it(tmp_path, address):
    result = run_command("check", DATA_PATH=str(tmp_path), DATABASE_URL=address)
    assert_one_sentence(result, "Invalid value DATABASE_URL=(hidden):")
    assert "hidden@" not in result.stderr


def test_a_user_of_postgresql_signs_in_with_any_password(needs_postgres, tmp_path):
    server = f"{needs_postgres}/postgres"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute('DROP DATABASE IF EXISTS "microscope lab#2"')
        connection.execute("DROP ROLE IF EXISTS microscope_lab")
        connection.execute("CREATE ROLE microscope_lab LOGIN PASSWORD 'p@ss/w#rd%'")
        connection.execute('CREATE DATABASE "microscope lab#2" OWNER microscope_lab')
        try:
            place = needs_postgres.rpartition("@")[2]
            address = f"postgres://microscope_lab:p@ss/w#rd%@{place}/microscope lab#2"
            result = migrate(DATA_PATH=str(tmp_path), DATABASE_URL=address)
            assert result.returncode == 0, result.stderr
        finally:
            connection.execute('DROP DATABASE "microscope lab#2" WITH (FORCE)')
            connection.execute("DROP ROLE microscope_lab")


@pytest.mark.parametrize(("name", "cut"), [("Lab #2", "Lab "), ("a?b", "a")])
def test_a_database_that_an_earlier_version_put_beside_the_folder_stops_the_start(tmp_path, name, cut):
    folder = tmp_path / name
    folder.mkdir()
    migrate(DATA_PATH=str(tmp_path / "made"))
    (tmp_path / "made" / "microscope.sqlite3").rename(tmp_path / cut)
    kept = (tmp_path / cut).read_bytes()
    result = run_command("serve", DATA_PATH=str(folder))
    assert_one_sentence(result, f'move "{tmp_path / cut}" to "{folder / "microscope.sqlite3"}"')
    assert list(folder.iterdir()) == []
    assert (tmp_path / cut).read_bytes() == kept

    (tmp_path / cut).rename(folder / "microscope.sqlite3")
    assert migrate(DATA_PATH=str(folder)).returncode == 0


def test_another_file_of_that_name_hinders_nobody(tmp_path):
    (tmp_path / "Lab ").write_text("a list of microscopes in the lab")
    assert migrate(DATA_PATH=str(tmp_path / "Lab #2")).returncode == 0
