"""`manage.py serve` as a user starts it: a process of its own, asked over HTTP."""

import hashlib
import http.client
import re
import threading
import time
import urllib.request
from pathlib import Path

import psycopg
import pytest

from microscope.tests.server_process import ColdStart, FirstStart, ServerProcess

pytestmark = pytest.mark.long


@pytest.fixture
def start(tmp_path):
    """start() starts a server with SQLite in the data folder of this test. All are ended after the test."""
    servers = []

    def begin(kind: type[ServerProcess] = ServerProcess, **environment: str) -> ServerProcess:
        servers.append(kind(tmp_path, **{"DATABASE_URL": "", **environment}))
        return servers[-1]

    yield begin
    for server in servers:
        server.kill()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server for tests that only ask."""
    server = ServerProcess(tmp_path_factory.mktemp("asked"), DATABASE_URL="")
    yield server.wait_until_ready()
    server.kill()


@pytest.fixture
def postgres_url(needs_postgres):
    """Return the address of an empty database that only this test uses."""
    name = "microscope_serve_test"
    with psycopg.connect(f"{needs_postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    yield f"{needs_postgres}/{name}"
    with psycopg.connect(f"{needs_postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def printed_password(server: ServerProcess) -> str:
    found = re.search(r"first administrator was made: user admin, password (\S+)", server.log())
    assert found, server.log()
    return found[1]


def assert_captures(server: ServerProcess, token: str) -> dict:
    status, answer = server.ask("POST", "/api/v1/camera/capture", {"exposure": 20, "gain": 1.5}, token)
    assert status == 201, answer
    assert answer["success"] and answer["databaseSaved"]
    assert (answer["exposureTime"], answer["gain"]) == (20, 1.5)
    assert hashlib.sha256(Path(answer["filepath"]).read_bytes()).hexdigest() == answer["sha256"]
    return answer


def test_a_start_says_where_the_database_is_if_it_is_outside_the_data_folder(start, tmp_path_factory):
    place = tmp_path_factory.mktemp("elsewhere") / "lab.sqlite3"
    elsewhere = start(FirstStart, DATABASE_URL=f"sqlite:///{place}").wait_until_ready()
    assert f"The database is {place}, outside the data folder" in elsewhere.log()
    elsewhere.kill()
    assert "outside the data folder" not in start().wait_until_ready().log()


def test_the_first_start_prints_a_password_that_works_and_the_second_prints_none(start):
    first = start(FirstStart).wait_until_ready()
    password = printed_password(first)
    assert_captures(first, first.log_in("admin", password))
    first.tell_to_stop()
    assert first.wait_until_ended() == 0
    second = start().wait_until_ready()
    assert "password" not in second.log()
    assert_captures(second, second.log_in("admin", password))


def test_the_first_administrator_can_come_from_the_environment(start):
    server = start(FirstStart, ADMIN_USERNAME="grace", ADMIN_PASSWORD="a-long-secret-word").wait_until_ready()
    assert_captures(server, server.log_in("grace", "a-long-secret-word"))
    assert "a-long-secret-word" not in server.log()


def test_it_serves_from_postgresql(start, postgres_url):
    server = start(FirstStart, DATABASE_URL=postgres_url).wait_until_ready()
    answer = assert_captures(server, server.log_in("admin", printed_password(server)))
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT filename, exposure_time, gain FROM images WHERE id = %s", [answer["imageId"]])
        assert row.fetchone() == (answer["filename"], 20, 1.5)


@pytest.mark.parametrize("end", ["tell_to_stop", "interrupt"])
def test_ending_lets_a_capture_in_progress_finish_and_frees_the_camera(start, end):
    server, token = signed_in(start(ColdStart, ADMIN_PASSWORD="a-long-secret-word"))
    answers = []
    wanted = {"exposure": 1500, "gain": 0}
    capture = threading.Thread(
        target=lambda: answers.append(server.ask("POST", "/api/v1/camera/capture", wanted, token))
    )
    capture.start()
    wait_for_exposure(server, token)
    getattr(server, end)()
    capture.join()
    assert server.wait_until_ended() == 0
    assert answers[0][0] == 201, answers
    assert "the camera is free" in server.log()
    assert_captures(*signed_in(start()))


def wait_for_exposure(server: ServerProcess, token: str) -> None:
    """Wait until the capture has started the stream."""
    while server.ask("GET", "/api/v1/camera", token=token)[1]["state"] != "streaming":
        pass


def signed_in(server: ServerProcess) -> tuple[ServerProcess, str]:
    server.wait_until_ready()
    return server, server.log_in("admin", "a-long-secret-word")


def test_ending_does_not_wait_for_those_who_watch(start):
    server, token = signed_in(start(ColdStart, ADMIN_PASSWORD="a-long-secret-word"))
    request = urllib.request.Request(
        server.address("/api/v1/camera/live"), headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=10) as stream:
        assert stream.read(1000)
        server.tell_to_stop()
        assert server.wait_until_ended(8) == 0


def test_a_second_server_says_which_process_has_the_camera(start):
    first, _ = signed_in(start(ADMIN_PASSWORD="a-long-secret-word"))
    second, token = signed_in(start())
    status, answer = second.ask("POST", "/api/v1/camera/capture", {}, token)
    assert status == 503
    assert answer["code"] == "camera_in_use"
    assert f"process {first.process_id}" in answer["message"]
    first.kill()
    until_s = time.monotonic() + 10
    while status == 503 and time.monotonic() < until_s:
        status, answer = second.ask("POST", "/api/v1/camera/capture", {}, token)
    assert status == 201, answer


def test_a_killed_server_leaves_nothing_that_hinders_the_next(start):
    server, token = signed_in(start(ADMIN_PASSWORD="a-long-secret-word"))
    kept = assert_captures(server, token)
    server.kill()
    after, token = signed_in(start())
    status, image = after.ask("GET", f"/api/v1/images/{kept['imageId']}", token=token)
    assert (status, image["sha256"]) == (200, kept["sha256"])
    assert_captures(after, token)


def test_a_port_that_is_taken_is_said_in_a_sentence(start):
    first, _ = signed_in(start(ADMIN_PASSWORD="a-long-secret-word"))
    second = start(PORT=str(first.port))
    assert second.wait_until_ended() == 1
    assert f"127.0.0.1:{first.port} cannot be served" in second.log()
    assert "Traceback" not in second.log()


@pytest.mark.parametrize("path", ["/sign-in", "/health", "/api/v1/camera", "/not-there", "/static/microscope/base.css"])
def test_an_answer_to_head_has_no_body_that_the_next_request_would_get(server, path):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    connection.connect()
    host = f"Host: localhost:{server.port}\r\n"
    connection.sock.sendall(f"HEAD {path} HTTP/1.1\r\n{host}\r\nGET /health HTTP/1.0\r\n{host}\r\n".encode())
    received = b"".join(iter(lambda: connection.sock.recv(65536), b""))
    head, _, rest = received.partition(b"\r\n\r\n")
    assert int(re.search(rb"(?i)content-length: (\d+)", head)[1]) > 0
    assert rest.startswith(b"HTTP/1.1 200")
    connection.close()
