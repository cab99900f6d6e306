"""The real server brings its pictures into a store: through kills, and while the store hangs. Captures never wait."""

import hashlib
import time

import pytest

from images.tests.store.conftest import LYING_KEYS
from images.tests.store.lying_store import Handler, lying_store
from microscope.tests.server_process import ServerProcess
from microscope.tests.test_backup_at_work import PASSWORD, start, wait_until

pytestmark = pytest.mark.long

KILLS = 3
CAPTURES = 6


def start_with_store(tmp_path, store) -> ServerProcess:
    access, secret = LYING_KEYS
    named = {"S3_ENDPOINT": store.endpoint, "S3_BUCKET": "pictures", "S3_ACCESS_KEY": access, "S3_SECRET_KEY": secret}
    return start(tmp_path, **named)


def capture(server: ServerProcess, token: str) -> dict:
    status, captured = server.ask("POST", "/api/v1/camera/capture", {"exposure": 5}, token)
    assert status == 201, captured
    return captured


def read_all(server: ServerProcess, token: str) -> list[dict]:
    return server.ask("GET", "/api/v1/images?limit=100", token=token)[1]["results"]


def originals_in(store) -> dict[str, str]:
    """Return the SHA-256 of each original in the store, by file name."""
    named = {name: body for name, body in dict(store.objects).items() if name.startswith("originals/")}
    return {name.rpartition("/")[2]: hashlib.sha256(body).hexdigest() for name, body in named.items()}


def test_killed_in_the_middle_of_uploads_every_picture_comes_into_the_store_whole_and_once(tmp_path):
    with lying_store() as store:
        slow = {"is": True}

        def lie(handler: Handler) -> bool:
            if slow["is"] and handler.command == "PUT" and handler.key.startswith("originals/"):
                handler.read_body()
                store.has_come.set()
                # The server is killed meanwhile: sometimes the bytes are kept, and nobody hears of it.
                if len(store.seen) % 2:
                    handler.tell_put()
                store.is_over.wait(2)
            return False

        store.lie = lie
        for _ in range(KILLS):
            store.has_come.clear()
            server = start_with_store(tmp_path, store)
            token = server.log_in("admin", PASSWORD)
            for _ in range(CAPTURES // KILLS):
                capture(server, token)
            assert store.has_come.wait(120), server.log()
            server.kill()
        slow["is"] = False
        server = start_with_store(tmp_path, store)
        try:
            token = server.log_in("admin", PASSWORD)
            wait_until(lambda: {one["place"] for one in read_all(server, token)} == {"both"}, server)
            images = read_all(server, token)
            assert originals_in(store) == {one["filename"]: one["sha256"] for one in images}
            assert len(images) == CAPTURES
            # The instrument has kept its id.
            assert len({name.split("/")[1] for name in store.objects if name.startswith("originals/")}) == 1
        finally:
            server.kill()


def test_with_a_store_that_hangs_captures_are_as_quick_and_the_status_says_what_waits(tmp_path):
    with lying_store() as store:
        store.lie = Handler.hang
        server = start_with_store(tmp_path, store)
        try:
            token = server.log_in("admin", PASSWORD)
            assert store.has_come.wait(120)
            for _ in range(CAPTURES):
                capture(server, token)
            assert {one["place"] for one in read_all(server, token)} == {"local"}
            until_s = time.monotonic() + 120
            while "not yet in the store" not in (said := server.ask("GET", "/api/v1/status", token=token)[1].__str__()):
                assert time.monotonic() < until_s, said
                time.sleep(0.2)
        finally:
            server.kill()
