"""The server is killed in the middle of its work, and the database is lost: what was answered is all there again."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from microscope.tests.server_process import ROOT, ServerProcess

# The rest is the database's own, or says that the row was made afterwards.
NOT_IN_FILES = {"id", "created_at", "is_adopted", "user_id", "job_id", "binned_by_id"}


@pytest.fixture
def start(tmp_path):
    """start() begins a server on this test's data folder, with SQLite; all are ended afterwards."""
    servers = []

    def begin() -> ServerProcess:
        servers.append(ServerProcess(tmp_path, DATABASE_URL="", ADMIN_PASSWORD="a-long-secret-word"))
        return servers[-1].wait_until_ready()

    yield begin
    for server in servers:
        server.kill()


def manage(folder: Path, *arguments: str) -> str:
    environment = {**os.environ, "DATA_PATH": str(folder), "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def database_of(folder: Path) -> Path:
    [path] = folder.glob("*.sqlite3")
    return path


def read_images(folder: Path) -> dict[str, dict]:
    """Every column of every image by its file's name, people by theirs."""
    with sqlite3.connect(database_of(folder)) as connection:
        connection.row_factory = sqlite3.Row
        rows = connection.execute(
            "SELECT images.*, taker.username AS taken_by, binner.username AS put_away_by FROM images "
            "LEFT JOIN accounts_user taker ON taker.id = user_id "
            "LEFT JOIN accounts_user binner ON binner.id = binned_by_id"
        ).fetchall()
    connection.close()
    return {row["filename"]: {name: row[name] for name in row.keys() if name not in NOT_IN_FILES} for row in rows}  # noqa: SIM118


class Work:
    """Somebody who captures, writes notes and bins until the server is gone; and what they were told."""

    def __init__(self, server: ServerProcess, token: str) -> None:
        self.captured: list[str] = []
        self.notes: dict[str, str] = {}
        self.binned: set[str] = set()
        self._server, self._token = server, token

    def go_on(self) -> None:
        try:
            while True:
                self._once()
        except (OSError, ValueError):
            return  # the server was killed

    def _once(self) -> None:
        status, image = self._server.ask("POST", "/api/v1/camera/capture", {"exposure": 1}, self._token)
        assert status == 201
        name, address, note = image["filename"], f"/api/v1/images/{image['imageId']}", f"\u00b5 {len(self.captured)}"
        self.captured.append(name)
        assert self._server.ask("PATCH", address, {"note": note}, self._token)[0] == 200
        self.notes[name] = note
        if len(self.captured) % 3 == 0:
            _status, outcome = self._server.ask("POST", "/api/v1/images/bin", {"ids": [image["imageId"]]}, self._token)
            assert outcome["done"]
            self.binned.add(name)


def test_what_was_answered_before_the_kill_comes_back_from_the_files_alone(start, tmp_path):
    server = start()
    workers = [Work(server, server.log_in("admin", "a-long-secret-word")) for _ in range(3)]
    threads = [threading.Thread(target=worker.go_on) for worker in workers]
    for thread in threads:
        thread.start()
    until_s = time.monotonic() + 60
    while min(len(worker.binned) for worker in workers) < 2 and time.monotonic() < until_s:
        time.sleep(0.01)
    server.kill()
    for thread in threads:
        thread.join()
    manage(tmp_path, "rebuild")  # as every start does: rows follow what a crash left
    before = read_images(tmp_path)

    for path in tmp_path.glob("*.sqlite3*"):
        path.unlink()
    manage(tmp_path, "migrate", "-v0")
    assert "users made again: admin" in manage(tmp_path, "rebuild")
    after = read_images(tmp_path)
    assert after == before
    for worker in workers:
        assert set(worker.captured) <= set(after) and worker.notes
        assert {name: after[name]["note"] for name in worker.notes} == worker.notes
        assert all(after[name]["binned_at"] and after[name]["put_away_by"] == "admin" for name in worker.binned)
