"""What a first start makes is made once, also if several programs start at once."""

import os
import subprocess
import sys

import pytest
from django.db import OperationalError, connection

from microscope.start.database.setting_up import setting_up
from microscope.tests.migrated import empty_postgres
from microscope.tests.starting import ROOT
from microscope.tests.test_startup import BEGIN

pytestmark = [pytest.mark.long, pytest.mark.own_database]

STARTS = 4


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request, tmp_path) -> str:
    """Return the address of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    with empty_postgres(request.getfixturevalue("needs_postgres"), "empty") as address:
        yield address


def run_at_once(address: str, folder, *command: str) -> list[tuple[int, str]]:
    """Return exit code and lines of each."""
    environment = {
        **os.environ,
        "DATA_PATH": str(folder),
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "microscope.settings",
    }
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    begun = [subprocess.Popen([sys.executable, *command], cwd=ROOT, env=environment, **pipes) for _ in range(STARTS)]
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


@pytest.mark.django_db(transaction=True)
def test_who_waits_too_long_for_another_start_is_told_why(monkeypatch, tmp_path):
    if connection.vendor == "sqlite":
        monkeypatch.setitem(connection.settings_dict, "NAME", str(tmp_path / "file.sqlite3"))
    with setting_up(), pytest.raises(OperationalError), setting_up(patience_s=0.1):
        pass
    with setting_up():
        pass  # the lock is free again
