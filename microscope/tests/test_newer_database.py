"""Somebody updates one PC of several, and with it the database that all share, while the older program runs on another
PC. Its camera goes on, and it writes no row any more until it knows the database again."""

import urllib.request

import psycopg
import pytest

from images.tests.conftest import wait_until
from microscope.tests.migrated import own_postgres
from microscope.tests.server_process import ServerProcess

pytestmark = pytest.mark.long

PASSWORD = "a-long-enough-word-19"
# The program looks twice a minute.
PATIENCE_S = 240
UPDATE = [
    "ALTER TABLE images ADD COLUMN of_next_year integer",
    "INSERT INTO django_migrations (app, name, applied) VALUES ('images', '9999_of_next_year', now())",
]
UNDO = [
    "ALTER TABLE images DROP COLUMN of_next_year",
    "DELETE FROM django_migrations WHERE name = '9999_of_next_year'",
]


class Database:
    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url) as connection:
            for statement in statements:
                connection.execute(statement)

    def images(self) -> set[str]:
        with psycopg.connect(self.url) as connection:
            return {name for (name,) in connection.execute("SELECT filename FROM images").fetchall()}


@pytest.fixture
def database(needs_postgres):
    with own_postgres(needs_postgres, "newer") as address:
        yield Database(address)


@pytest.fixture
def server(database, tmp_path):
    settings = {"DATABASE_URL": database.url, "ADMIN_PASSWORD": PASSWORD, "CAMERA_DRIVER": "simulated"}
    server = ServerProcess(tmp_path, **settings).wait_until_ready()
    yield server
    server.kill()


def test_an_older_program_goes_on_at_the_camera_and_writes_no_row_until_it_knows_the_database_again(database, server):
    token = server.log_in("admin", PASSWORD)

    def capture() -> dict:
        status, answer = server.ask("POST", "/api/v1/camera/capture", {"exposure": 5}, token)
        assert status == 201, answer
        return answer

    before = capture()["filename"]
    assert database.images() == {before}
    database.run(*UPDATE)
    wait_until(lambda: server.ask("GET", "/health")[1]["checks"]["database"] == "database_newer", PATIENCE_S)
    assert "images 9999_of_next_year is not known here" in server.log()

    meanwhile = capture()
    asked = urllib.request.Request(server.address("/api/v1/camera"), headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=60) as answer:
        assert answer.headers["X-Offline-Reason"] == "database_newer"
    assert meanwhile["databaseSaved"] is False
    assert database.images() == {before}
    status, refused = server.ask("GET", "/api/v1/images", token=token)
    assert (status, refused["code"]) == (503, "database_unavailable")
    assert "Install that version" in refused["message"]

    database.run(*UNDO)
    wait_until(lambda: database.images() == {before, meanwhile["filename"]}, PATIENCE_S)
    assert server.ask("GET", "/health")[1]["checks"]["database"] == "ok"
    assert "Traceback" not in server.log()
