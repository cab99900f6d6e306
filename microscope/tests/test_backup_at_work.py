"""The real server makes its daily backup, a drill finds planted damage, and an upgrade leaves a copy."""

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from microscope.tests.migrated import fill_file
from microscope.tests.server_process import ServerProcess
from microscope.tests.starting import assert_one_sentence, run_command

pytestmark = pytest.mark.long

PASSWORD = "a-long-secret-word"


def start(tmp_path, **environment: str) -> ServerProcess:
    settings = {"DATABASE_URL": "", "ADMIN_PASSWORD": PASSWORD, "CAMERA_DRIVER": "simulated", "MINIMUM_FREE_MB": "1"}
    (tmp_path / "data").mkdir(exist_ok=True)
    return ServerProcess(tmp_path / "data", **{**settings, **environment}).wait_until_ready()


def wait_until(is_so: Callable[[], object], server: ServerProcess, within_s: float = 240) -> None:
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s, server.log()
        time.sleep(0.1)


def test_the_server_makes_the_daily_backup_by_itself_and_says_so(tmp_path):
    backups = tmp_path / "backups"
    server = start(tmp_path, BACKUP_TO=str(backups))
    try:
        token = server.log_in("admin", PASSWORD)
        captured = server.ask("POST", "/api/v1/camera/capture", {"exposure": 5}, token)[1]
        wait_until(lambda: "The daily backup is made" in server.log(), server)
        (manifest,) = backups.glob("backup_*/manifest.json")
        assert (manifest.parent / "images" / captured["filename"][8:12]).parent.is_dir()
        assert json.loads(manifest.read_bytes())["manifest"]["database"]["rows"]["images"] == 1
        assert server.ask("GET", "/health")[1]["backup"] == "ok"
    finally:
        server.kill()


def test_a_daily_backup_that_fails_is_told_in_the_log_and_by_health(tmp_path):
    server = start(tmp_path, BACKUP_TO=str(tmp_path / "no such drive" / "backups"))
    try:
        wait_until(lambda: "The daily backup ended with exit code 1" in server.log(), server)
        assert "There is no folder" in server.log()
        assert server.ask("GET", "/health")[1]["backup"] == "failed"
        assert server.ask("GET", "/health")[0] == 200
    finally:
        server.kill()


@pytest.mark.parametrize("place", ["data", "data/backups"])
def test_a_setting_that_keeps_backups_beside_the_data_stops_the_start(tmp_path, place):
    folder = str(tmp_path / place)
    result = run_command("serve", DATA_PATH=str(tmp_path / "data"), DATABASE_URL="", BACKUP_TO=folder)
    assert_one_sentence(result, "BACKUP_TO=", "Choose a folder on another disk")


@pytest.fixture
def migrated(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    fill_file(folder / "microscope.sqlite3")
    return folder


def copies_in(folder) -> list[str]:
    return sorted(path.name for path in (folder / "before-upgrades").glob("*"))


def test_a_new_database_and_one_that_needs_no_change_are_not_copied(tmp_path):
    for _ in range(2):
        assert run_command("migrate", "-v0", DATA_PATH=str(tmp_path), DATABASE_URL="").returncode == 0
    assert copies_in(tmp_path) == []


def test_before_a_database_is_changed_a_copy_is_made_that_the_old_version_can_use(migrated):
    undone = run_command("migrate", "accounts", "0005", "-v0", DATA_PATH=str(migrated), DATABASE_URL="")
    assert undone.returncode == 0, undone.stderr
    before = copies_in(migrated)
    run_command("migrate", "-v0", DATA_PATH=str(migrated), DATABASE_URL="")
    (copy,) = set(copies_in(migrated)) - set(before)
    with closing(sqlite3.connect(migrated / "before-upgrades" / copy)) as database:
        names = database.execute("SELECT name FROM django_migrations WHERE app = 'accounts'").fetchall()
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert ("0005_forget_token_texts",) in names
    assert ("0006_folded_name",) not in names


def test_a_database_of_which_no_copy_can_be_made_is_not_changed(migrated):
    run_command("migrate", "accounts", "0005", "-v0", DATA_PATH=str(migrated), DATABASE_URL="")
    for copy in (migrated / "before-upgrades").glob("*"):
        copy.unlink()
    (migrated / "before-upgrades").rmdir() if (migrated / "before-upgrades").exists() else None
    (migrated / "before-upgrades").write_text("in the way")
    refused = run_command("migrate", "-v0", DATA_PATH=str(migrated), DATABASE_URL="")
    assert_one_sentence(refused, "before-upgrades")
    with closing(sqlite3.connect(migrated / "microscope.sqlite3")) as database:
        names = database.execute("SELECT name FROM django_migrations WHERE app = 'accounts'").fetchall()
    assert ("0006_folded_name",) not in names
