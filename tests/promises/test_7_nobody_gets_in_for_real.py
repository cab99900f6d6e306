"""Promise 7 in a real server: many guesses at once, no secret in any log; and one key, one picture, across a kill."""

import json
import sqlite3
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from accounts.throttling import MAX_BY_NAME_AND_ADDRESS
from microscope.tests.server_process import ServerProcess

pytestmark = pytest.mark.long

PASSWORD = "a-long-secret-word"

LOGIN = "/api/v1/auth/login"


@pytest.fixture
def start(tmp_path):
    """start() begins a server on this test's data folder, with SQLite; all are ended afterwards."""
    servers: list[ServerProcess] = []

    def begin() -> ServerProcess:
        servers.append(ServerProcess(tmp_path, DATABASE_URL="", SECRET_KEY="", ADMIN_PASSWORD=PASSWORD))
        return servers[-1].wait_until_ready()

    yield begin
    for server in servers:
        server.kill()


def capture(server: ServerProcess, token: str, key: str, **body) -> tuple[int, dict]:
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": key}
    address = server.address("/api/v1/camera/capture")
    request = urllib.request.Request(address, json.dumps(body).encode(), headers, method="POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def test_many_guesses_at_once_get_no_further_than_one_after_the_other(start):
    server = start()

    def guess(number: int) -> int:
        return server.ask("POST", LOGIN, {"username": "admin", "password": f"guess-{number}"})[0]

    with ThreadPoolExecutor(16) as pool:
        answered = Counter(pool.map(guess, range(3 * MAX_BY_NAME_AND_ADDRESS)))
    assert answered == {401: MAX_BY_NAME_AND_ADDRESS, 429: 2 * MAX_BY_NAME_AND_ADDRESS}
    assert server.ask("POST", LOGIN, {"username": "admin", "password": PASSWORD})[0] == 429


def test_one_refresh_token_sent_by_many_at_once_makes_one_pair(start, tmp_path):
    server = start()
    _, pair = server.ask("POST", LOGIN, {"username": "admin", "password": PASSWORD})
    with ThreadPoolExecutor(6) as pool:
        refresh = {"refresh": pair["refresh"]}
        answers = list(pool.map(lambda _: server.ask("POST", "/api/v1/auth/refresh", refresh), range(6)))
    assert {status for status, _ in answers} == {200}
    assert len({answer["refresh"] for _, answer in answers}) == 1
    assert server.ask("GET", "/api/v1/auth/me", None, answers[0][1]["access"])[0] == 200
    with sqlite3.connect(tmp_path / "microscope.sqlite3") as database:
        assert database.execute("SELECT COUNT(*) FROM used_refresh_tokens").fetchone() == (1,)


def test_no_secret_stands_in_a_log(start, tmp_path):
    server = start()
    status, pair = server.ask("POST", LOGIN, {"username": "admin", "password": PASSWORD})
    assert status == 200
    secrets = [PASSWORD, "a-wrong-guess", "a-new-users-word", pair["access"], pair["refresh"]]
    secrets.append((tmp_path / "secret-key").read_text())
    server.ask("POST", LOGIN, {"username": "admin", "password": "a-wrong-guess"})
    server.ask("POST", LOGIN, {"username": "admin", "password": ["a-wrong-guess"]})
    server.ask("POST", LOGIN + "?password=a-wrong-guess", None)
    assert capture(server, pair["access"], "a-1")[0] == 201
    server.ask("POST", "/api/v1/camera/capture", {"note": 5}, pair["access"])
    server.ask("GET", "/api/v1/nothing", None, pair["access"])
    status, next_pair = server.ask("POST", "/api/v1/auth/refresh", {"refresh": pair["refresh"]})
    secrets += next_pair.values()
    server.ask("POST", "/api/v1/auth/refresh", {"refresh": pair["refresh"]})
    with suppress(json.JSONDecodeError):  # it answers nothing
        server.ask("POST", "/api/v1/auth/logout", {"refresh": next_pair["refresh"]}, next_pair["access"])
    server.tell_to_stop()
    server.wait_until_ended()
    with sqlite3.connect(tmp_path / "microscope.sqlite3") as database:
        audit = json.dumps(database.execute("SELECT * FROM audit").fetchall())
        hashes = [row[0] for row in database.execute("SELECT password FROM accounts_user")]
    assert '"sign_in_failed"' in audit and '"captured"' in audit
    for secret in [*secrets, *hashes]:
        assert secret not in server.log()
        assert secret not in audit


def test_a_capture_repeated_at_once_and_after_a_kill_is_made_once(start, tmp_path):
    server = start()
    token = server.log_in("admin", PASSWORD)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: capture(server, token, "a-1", exposure=200), range(8)))
    assert {status for status, _ in answers} == {201}
    assert len({answer["sha256"] for _, answer in answers}) == 1
    server.kill()
    with sqlite3.connect(tmp_path / "microscope.sqlite3") as database:
        database.execute("DELETE FROM images")  # as if the server was killed before the row was committed
    server = start()
    token = server.log_in("admin", PASSWORD)
    status, again = capture(server, token, "a-1", exposure=200)
    assert (status, again["sha256"]) == (201, answers[0][1]["sha256"])
    assert capture(server, token, "a-1", exposure=300)[0] == 409
    assert len(list((tmp_path / "images").rglob("capture_*"))) == 1
