"""Promise 9: the library can be rebuilt from the files alone, also if the database was lost in the middle of work."""

import hashlib
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from microscope.tests.server_process import NO_ANSWER
from tests.promises.bench import Bench, own_bench
from tests.promises.library import (
    CAMERA,
    NOT_IN_FILES,
    Library,
    Row,
    ask_again,
    bring_people_back,
    build_library,
    rows_in,
    told_by,
)
from tests.promises.server import Client, Server

pytestmark = pytest.mark.long

NOTES_BEFORE_THE_LOSS = 3
SAID_AT_CAPTURE = {"filename", "capturedAt", "exposureTime", "gain", "fileSize", "width", "height", "sha256"}


@dataclass
class Lost:
    """The state before the database was lost: rows, what the API said of them, and the answers of captures."""

    bench: Bench
    rows: dict[str, list[Row]]
    told: dict[str, Row]
    works: list["Work"]

    def assert_rows_are_back(self) -> None:
        """Every column of every row is back, also for images that were captured while the database was lost."""
        rows = rows_in(self.bench.database)
        assert {row["filename"] for row in rows["images"]} == set(self.bench.originals())
        known = {row["filename"] for row in self.rows["images"]}
        self._assert_last_changes_are_back({row["filename"]: row for row in rows["images"]})
        rows["images"] = [row for row in rows["images"] if row["filename"] in known]
        assert rows == self.rows

    def _assert_last_changes_are_back(self, images: dict[str, Row]) -> None:
        for work in self.works:
            assert {name: images[name]["note"] for name in work.notes} == work.notes
            assert all(images[name]["binned_at"] for name in work.binned)

    def assert_served(self, server: Server) -> None:
        """The API serves every image and its bytes as before."""
        told = told_by(server.client)
        assert {name: told[name] for name in self.told} == self.told
        ids = {image["filename"]: image["imageId"] for image in server.client.images()}
        for filename, promise in self.bench.promised.items():
            if filename in self.bench.given_up:
                assert filename not in told
                continue
            assert {name: told[filename][name] for name in SAID_AT_CAPTURE} == {
                name: promise[name] for name in SAID_AT_CAPTURE
            }
            if filename in ids:
                sent = server.client.ask("GET", f"/api/v1/images/{ids[filename]}/file").content
                assert hashlib.sha256(sent).hexdigest() == promise["sha256"]


class Work:
    """A user who captures, writes notes and bins until the server is gone, and the answers that they got."""

    def __init__(self, bench: Bench, by: Client) -> None:
        self.notes: dict[str, str] = {}
        self.binned: set[str] = set()
        self._bench, self._by = bench, by

    def go_on(self) -> None:
        with suppress(*NO_ANSWER):
            while True:
                self._once()

    def _once(self) -> None:
        # As the camera is set: with settings of their own only one of them would have control.
        image = self._ask("POST", "/api/v1/camera/capture", {})
        if not image:
            return
        self._bench.note(image)
        if image["imageId"] is None:  # the database went away between the file and its row
            return
        note = f"{len(self.notes)} \u00b5"
        if self._ask("PATCH", f"/api/v1/images/{image['imageId']}", {"note": note}):
            self.notes[image["filename"]] = note
        if len(self.notes) % 2:
            outcome = self._ask("POST", "/api/v1/images/bin", {"ids": [image["imageId"]]})
            if outcome and outcome["done"]:
                self.binned.add(image["filename"])

    def _ask(self, method: str, path: str, body: Any) -> Any:
        """Return the answer, or None if the database is gone."""
        answer = self._by.ask(method, path, body)
        assert answer.status in (200, 201, 503), answer.content
        return None if answer.status == 503 else answer.body


def lose_in_the_middle(library: Library, server: Server) -> list[Work]:
    """Lose the database while three users work. On SQLite the server is killed first, because not every system removes
    an open file. PostgreSQL loses the database while it is in use."""
    bench = library.bench
    works = [Work(bench, by) for by in (library.operator, library.other_operator, library.administrator)]
    threads = [threading.Thread(target=work.go_on) for work in works]
    for thread in threads:
        thread.start()
    server.wait_until(lambda: min(len(work.notes) for work in works) >= NOTES_BEFORE_THE_LOSS)
    if bench.database.is_postgres:
        bench.database.lose()
    server.kill()
    for thread in threads:
        thread.join()
    bench.database.lose()
    return works


@pytest.fixture(scope="module")
def lost(tmp_path_factory):
    with own_bench(tmp_path_factory.mktemp("lost")) as bench:
        server = bench.serve(**CAMERA)
        library = build_library(bench, server)
        rows, told = rows_in(bench.database), told_by(server.client)
        yield Lost(bench, rows, told, lose_in_the_middle(library, server))


def sign_in_anew(server: Server) -> Server:
    """Sign in again: older tokens hold user numbers that now belong to other users."""
    server.wait_until_answering().client.log_in()
    return server


def test_after_a_loss_in_the_middle_of_work_every_row_comes_back(lost):
    bench = lost.bench
    assert len(lost.rows["images"]) == 12 and len(lost.rows["calibrations"]) == len(lost.rows["objectives"]) == 2
    bench.manage("migrate")
    assert rows_in(bench.database) == {name: [] for name in NOT_IN_FILES}
    assert f"{len(bench.originals())} images listed" in bench.manage("rebuild")
    lost.assert_rows_are_back()

    tables = [*NOT_IN_FILES, "accounts_user"]
    before = [bench.database.table(name) for name in tables]
    assert "0 images listed, 0 brought up to date, 0 files not listed" in bench.manage("rebuild")
    assert [bench.database.table(name) for name in tables] == before

    server = sign_in_anew(bench.start(**CAMERA))
    server.wait_until(bench.is_in_order)
    bench.assert_promises_kept()
    lost.assert_served(server)
    bring_people_back(bench)
    assert ask_again(server).body["filename"] in bench.promised, "a second picture under one key"
    server.kill()


def test_a_server_that_starts_before_anybody_rebuilds_takes_nothing_away(lost):
    """The server lists the files without their users. The rebuild beside it then adds the users."""
    bench = lost.bench
    bench.database.lose()
    server = sign_in_anew(bench.start(**CAMERA))
    server.wait_until(bench.is_in_order)
    bench.manage("rebuild")
    lost.assert_rows_are_back()
    bench.assert_promises_kept()
    lost.assert_served(server)
