import gc
import socket
import threading
import time
import weakref

import pytest

from microscope.http.connections import CROWDED_TIMEOUT_S, Connection, DeadlineSocket, send_all
from microscope.http.request_buffer import CLIENT_TIMEOUT_S
from microscope.http.server import Server


class WithoutSendmsg:
    """A socket of a system that cannot send several parts in one call."""

    def __init__(self, connection: socket.socket) -> None:
        self.send = connection.send


@pytest.fixture
def pair():
    ours, theirs = socket.socketpair()
    ours.settimeout(0.2)
    theirs.settimeout(10)
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("wrap", [lambda connection: connection, WithoutSendmsg])
def test_all_parts_arrive_in_order_however_many_sends_they_take(pair, wrap):
    ours, theirs = pair
    parts = [b"%x\r\n" % 3_000_000, bytes(range(256)) * 11_719, b"", b"\r\n"]
    received = bytearray()

    def receive() -> None:
        while block := theirs.recv(65536):
            received.extend(block)

    receiver = threading.Thread(target=receive)
    receiver.start()
    send_all(wrap(ours), parts)
    ours.shutdown(socket.SHUT_WR)
    receiver.join()
    assert bytes(received) == b"".join(parts)


def test_nothing_to_send_sends_nothing(pair):
    ours, theirs = pair
    send_all(ours, [b""])
    ours.shutdown(socket.SHUT_WR)
    assert theirs.recv(1) == b""


def test_one_who_reads_nothing_is_given_up_in_the_connections_own_time(pair):
    ours, _theirs = pair
    with pytest.raises(TimeoutError):
        send_all(ours, [b"x" * 50_000_000])


def test_one_who_reads_nothing_is_given_up_sooner_while_others_wait(pair):
    ours, _theirs = pair
    began_s = time.monotonic()
    with pytest.raises(TimeoutError):
        send_all(DeadlineSocket(ours, is_crowded=lambda: True), [b"x" * 50_000_000])
    assert CROWDED_TIMEOUT_S <= time.monotonic() - began_s < CLIENT_TIMEOUT_S / 2


def test_one_who_reads_steadily_gets_everything_while_others_wait(pair):
    ours, theirs = pair
    content = b"x" * 10_000_000
    received: list[bytes] = []
    receiver = threading.Thread(target=lambda: received.extend(iter(lambda: theirs.recv(65536), b"")))
    receiver.start()
    send_all(DeadlineSocket(ours, is_crowded=lambda: True), [content])
    ours.shutdown(socket.SHUT_WR)
    receiver.join()
    assert b"".join(received) == content


def test_a_connection_that_was_served_leaves_nothing_to_the_garbage_collector(pair):
    """Thousands of connections would wait for it, each with its buffers and its last request."""
    ours, theirs = pair
    answered: list[str] = []

    def application(environ, start_response):
        answered.append(environ["PATH_INFO"])
        start_response("200 OK", [("Content-Length", "2")])
        return [b"ok"]

    server = Server(("127.0.0.1", 0), application)
    server.ready = True
    gc.disable()
    try:
        connection = Connection(server, ours)
        theirs.sendall(b"GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert connection.receive()
        connection.communicate()
        connection.close()
        remains = [weakref.ref(connection), weakref.ref(connection.wfile.raw), weakref.ref(connection.rfile)]
        del connection
        assert answered == ["/a"] and theirs.recv(65536).endswith(b"ok")
        assert [one() for one in remains] == [None, None, None]
    finally:
        gc.enable()
