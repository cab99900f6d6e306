"""What a first start makes is made once, also if several programs start at once."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from django.db import OperationalError, connection

from microscope.start.database.setting_up import setting_up
from microscope.tests.migrated import empty_postgres, fill_file
from microscope.tests.starting import ROOT
from microscope.tests.test_startup import BEGIN

# Most make databases of both kinds, on whichever kind the tests run.
pytestmark = pytest.mark.long

STARTS = 4


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path) -> str:
    """Return the address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    with empty_postgres(request.getfixturevalue("needs_postgres"), "empty") as address:
        yield address


def run_at_once(address: str, folder, *command: str, starts: int = STARTS) -> list[tuple[int, str]]:
    """Return exit code and lines of each."""
    environment = {
        **os.environ,
        "DATA_PATH": str(folder),
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "microscope.settings",
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    begun = [subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, **pipes) for _ in range(starts)]
    said = [process.communicate("\n", timeout=120)[0] for process in begun]
    return [(process.returncode, lines) for process, lines in zip(begun, said, strict=True)]


def test_of_first_starts_at_once_each_serves_and_one_makes_the_first_administrator(empty_database, tmp_path):
    ended = run_at_once(empty_database, tmp_path, "-c", BEGIN)
    assert [(code, "serving" in said) for code, said in ended] == [(0, True)] * STARTS
    told = [said.split("The first administrator was made: user admin, password ")[1:] for _, said in ended]
    assert sorted(map(len, told)) == [0, 0, 0, 1]
    assert not any("trying again" in said for _, said in ended)


def test_migrations_at_once_take_turns(empty_database, tmp_path):
    ended = run_at_once(empty_database, tmp_path, "manage.py", "migrate")
    assert [code for code, _ in ended] == [0] * STARTS, ended
    assert sum("Applying accounts.0001_initial" in said for _, said in ended) == 1


def test_a_start_makes_the_permissions_that_a_killed_one_did_not_make(tmp_path):
    path = tmp_path / "microscope.sqlite3"
    fill_file(path)
    with closing(sqlite3.connect(path)) as database, database:
        all_of_them = database.execute("SELECT codename FROM auth_permission ORDER BY codename").fetchall()
        database.execute("DELETE FROM auth_group_permissions")
        database.execute("DELETE FROM auth_permission WHERE codename LIKE '%image%'")
    [(code, said)] = run_at_once(f"sqlite:///{path}", tmp_path, "-c", BEGIN, starts=1)
    assert (code, "serving" in said) == (0, True), said
    with closing(sqlite3.connect(path)) as database:
        made = database.execute("SELECT codename FROM auth_permission ORDER BY codename").fetchall()
    assert ("view_image",) in made and made == all_of_them


@pytest.mark.django_db(transaction=True)
def test_who_waits_too_long_for_another_start_is_told_why(monkeypatch, tmp_path):
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "file.sqlite3"))
    with setting_up(), pytest.raises(OperationalError), setting_up(patience_s=0.1):
        pass
    with setting_up():
        pass  # the lock is free again
