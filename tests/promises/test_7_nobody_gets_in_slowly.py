"""Promise 7: slow clients keep nobody else out. A real server, few threads, real sockets."""

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from microscope.http.request_buffer import CLIENT_TIMEOUT_S
from microscope.tests.server_process import ServerProcess

pytestmark = pytest.mark.long

THREADS = 9
PASSWORD = "a-long-secret-word"
ESTABLISHED = "01"  # the state in Linux's table of connections
HEAD = b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GET = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with fewer threads than there are slow clients."""
    environment = {"DATABASE_URL": "", "SERVER_THREADS": str(THREADS), "LIVE_MAX_WATCHERS": "1"}
    environment |= {"CAMERA_DRIVER": "simulated", "SIMULATED_CAMERA": "mono-5mp-12bit"}
    environment |= {"SERVICE_TIMEOUT": "60000"}  # on a busy machine even a healthy camera is slow
    server = ServerProcess(tmp_path_factory.mktemp("slow"), ADMIN_PASSWORD=PASSWORD, **environment)
    yield server.wait_until_ready()
    server.kill()


@pytest.fixture(scope="module")
def token(server):
    return server.log_in("admin", PASSWORD)


@pytest.fixture(scope="module")
def large_file(server, token):
    """The address of a file too large for the system's socket buffers, so that sending waits for the client to read."""
    status, image = server.ask("POST", "/api/v1/camera/capture", {"format": "tiff"}, token)
    assert status == 201 and image["fileSize"] > 8_000_000
    return image["url"]


def connect(server: ServerProcess, said: bytes = b"", address: str = "127.0.0.1") -> socket.socket:
    """`address`: the client's address. All of 127.x.x.x are this computer."""
    client = socket.create_connection(("127.0.0.1", server.port), 30, (address, 0))
    client.sendall(said)
    return client


def ask_and_never_read(server: ServerProcess, path: str, token: str) -> socket.socket:
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", server.port))
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode())
    client.settimeout(30)
    return client


def is_held(server: ServerProcess, client: socket.socket) -> bool:
    """Return True if the server's end of this connection is still open. Only on Linux."""
    # Both ports: a program beside this one may talk to another server from the same port.
    wanted = f":{server.port:04X}", f":{client.getsockname()[1]:04X}"
    ends = [line.split()[1:4] for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return any((ours[-5:], theirs[-5:]) == wanted and state == ESTABLISHED for ours, theirs, state in ends)


def status_of(client: socket.socket) -> int:
    """Read the next answer completely and return its status."""
    answer = http.client.HTTPResponse(client)
    answer.begin()
    answer.read()
    return answer.status


def time_of_an_answer_s(server: ServerProcess) -> float:
    began_s = time.monotonic()
    # Whether the camera is well is another question.
    assert server.ask("GET", "/api/v1/auth/me")[0] == 401
    return time.monotonic() - began_s


def assert_others_are_served(server: ServerProcess) -> None:
    # Whoever waits for the slow ones waits for at least as long as these may take.
    assert max(time_of_an_answer_s(server) for _ in range(5)) < CLIENT_TIMEOUT_S / 2


def wait_until(is_so: Callable[[], bool], within_s: float) -> None:
    until_s = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def resident_mb(server: ServerProcess) -> float:
    """Linux."""
    lines = Path(f"/proc/{server.process_id}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1000 for line in lines if line.startswith("VmRSS"))


def close_all(clients: list[socket.socket]) -> None:
    for client in clients:
        client.close()


def answer_of(client: socket.socket) -> bytes:
    """Return everything that comes until the server closes the connection."""
    received = b""
    with suppress(ConnectionResetError):
        while block := client.recv(65536):
            received += block
    return received


def trickle(client: socket.socket, every_s: float = 0.5) -> float:
    """Send a byte now and then until the server closes the connection. Returns how many seconds that took."""
    began_s = time.monotonic()
    client.settimeout(every_s)
    while time.monotonic() - began_s < 60:
        try:
            client.sendall(b"x")
            if not client.recv(65536):
                break
        except TimeoutError:
            continue
        except OSError:
            break
    return time.monotonic() - began_s


def test_a_thousand_idle_connections_stop_nobody_from_capturing(server, token):
    idle = [connect(server) for _ in range(1000)]
    assert len({client.getsockname() for client in idle}) == 1000
    assert_others_are_served(server)
    for _ in range(3):
        assert server.ask("POST", "/api/v1/camera/capture", {"format": "jpg"}, token)[0] == 201
    close_all(idle)


def test_a_thousand_requests_that_never_end_stop_nobody(server):
    half_sent = [connect(server, HEAD) for _ in range(1000)]
    assert_others_are_served(server)
    close_all(half_sent)


def test_a_head_that_trickles_is_dropped_in_time(server):
    client = connect(server, b"GET /health HTTP/1.1\r\nX-Slow: ")
    assert trickle(client) < CLIENT_TIMEOUT_S + 5
    assert_others_are_served(server)


@pytest.mark.parametrize("length", [1000, 2_000_000])
def test_a_hundred_bodies_that_trickle_stop_nobody_and_are_dropped_in_time(server, length):
    clients = [connect(server, HEAD + b"Content-Length: %d\r\n\r\n{" % length) for _ in range(100)]
    took_s: list[float] = []
    threads = [threading.Thread(target=lambda one=one: took_s.append(trickle(one))) for one in clients]
    for thread in threads:
        thread.start()
    assert_others_are_served(server)
    assert not took_s, "those that trickle are still there"
    for thread in threads:
        thread.join()
    assert max(took_s) < CLIENT_TIMEOUT_S + 5
    assert "Internal Server Error" not in server.log()


def test_who_floods_the_program_with_halves_pushes_out_nobody_else(server):
    slow = connect(server, GET[:-4], "127.0.0.2")
    flood = [connect(server, HEAD) for _ in range(1000)]
    slow.sendall(GET[-4:])
    assert slow.recv(65536).startswith(b"HTTP/1.1 200")
    close_all(flood)


def test_large_bodies_that_never_end_hold_no_more_than_some_memory(server):
    before_mb = resident_mb(server)
    clients = []
    for _ in range(40):
        client = connect(server, HEAD + b"Content-Length: 5000000\r\n\r\n")
        with suppress(OSError):  # the server dropped it meanwhile
            client.sendall(b"{" * 4_000_000)
        clients.append(client)
    assert_others_are_served(server)
    assert resident_mb(server) - before_mb < 100  # all bodies together would be 160
    close_all(clients)


def test_who_asks_for_a_large_file_and_never_reads_is_dropped_in_time(server, token, large_file):
    began_s = time.monotonic()
    client = ask_and_never_read(server, large_file, token)
    # Three times: the system may take some bytes more meanwhile, for which the client gets its time anew.
    wait_until(lambda: not is_held(server, client), within_s=3 * CLIENT_TIMEOUT_S)
    assert time.monotonic() - began_s > CLIENT_TIMEOUT_S / 2, "while nobody waits, one may take breath"
    assert len(answer_of(client)) < 8_000_000


@pytest.mark.parametrize("path", ["", "/api/v1/images/zip?format=tiff"])
def test_many_who_never_read_give_way_to_others(server, token, large_file, path):
    """More clients than threads. Each could hold a thread for as long as a client may pause."""
    clients = [ask_and_never_read(server, path or large_file, token) for _ in range(5 * THREADS)]
    began_s = time.monotonic()
    assert time_of_an_answer_s(server) < CLIENT_TIMEOUT_S
    assert_others_are_served(server)
    assert time.monotonic() - began_s < 2 * CLIENT_TIMEOUT_S
    close_all(clients)


def test_who_waits_to_be_told_to_send_the_body_is_told(server):
    body = json.dumps({"username": "nobody", "password": "x"}).encode()
    client = connect(server, HEAD + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body))
    assert client.recv(65536).startswith(b"HTTP/1.1 100 Continue\r\n\r\n")
    client.sendall(body)
    assert b"HTTP/1.1 401" in client.recv(65536) + client.recv(65536)


def test_a_request_in_pieces_is_answered(server):
    client = connect(server)
    for piece in (GET[:5], GET[5:30], GET[30:]):
        client.sendall(piece)
        time.sleep(0.1)
    assert client.recv(65536).startswith(b"HTTP/1.1 200")


def test_a_body_in_pieces_is_read_whole(server):
    body = json.dumps({"username": "admin", "password": PASSWORD}).encode()
    client = connect(server, HEAD + b"Content-Length: %d\r\n\r\n" % len(body))
    for piece in (body[:1], body[1:20], body[20:]):
        time.sleep(0.1)
        client.sendall(piece)
    assert status_of(client) == 200


def test_the_beginning_of_a_request_behind_another_keeps_no_thread(server):
    clients = [connect(server, GET + GET[:20]) for _ in range(2 * THREADS)]
    assert [status_of(client) for client in clients] == [200] * len(clients)
    assert_others_are_served(server)
    for client in clients:
        client.sendall(GET[20:])
    assert [status_of(client) for client in clients] == [200] * len(clients)
    close_all(clients)


def test_requests_behind_one_another_on_one_connection_are_all_answered(server):
    client = connect(server, GET * 3)
    client.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
    assert answer_of(client).count(b"HTTP/1.1 200") == 4


@pytest.mark.parametrize(
    ("said", "answered"),
    [
        (HEAD + b"Content-Length: 99999999\r\n\r\n{", b"413"),
        (HEAD + b"Content-Length: 3000000\r\n\r\n" + b"{" * 3_000_000, b"400"),
        (HEAD + b"Content-Length: -5\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Length: many\r\n\r\n{}", b"400"),
        (GET[:-2] + b"Content-Length: 0\r\nContent-Length: 2\r\n\r\n{}", b"400"),
        (GET[:-2] + b"Content-Length: 2\r\nContent-Length: 0\r\n\r\n{}", b"400"),
        (GET[:-2] + b"Content-Length: +2\r\n\r\n{}", b"400"),
        (HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}", b"411"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", b"411"),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}", b"411"),
        (b"GET /health HTTP/1.1\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", b"413"),
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n", b"4"),
        (b"NONSENSE\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET /health HTTP/1.1\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
    ],
)
def test_what_is_too_large_or_nonsense_is_refused_and_others_are_served(server, said, answered):
    client = connect(server)
    with suppress(OSError):  # the server may refuse it before all of it was sent
        client.sendall(said)
        client.shutdown(socket.SHUT_WR)
    assert answer_of(client).split(b" ")[1].startswith(answered)
    assert_others_are_served(server)


def test_the_log_has_no_server_error(server):
    assert "Internal Server Error" not in server.log()
