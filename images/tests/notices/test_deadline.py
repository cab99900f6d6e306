"""An address that answers a byte at a time ends with its deadline, and holds nothing for ever."""

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from images.notices.channels import NotDelivered, post
from images.notices.deadline import Deadline, deadline_of


@contextmanager
def dripping(context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A server that sends a header without end, byte by byte. Yields its port."""
    is_over = threading.Event()

    def drip(client: socket.socket) -> None:
        with client:
            try:
                client = context.wrap_socket(client, server_side=True) if context else client
                client.recv(1000)
                client.sendall(b"HTTP/1.1 200 OK\r\nX: ")
                while not is_over.wait(0.02):
                    client.sendall(b"x")
            except OSError:
                pass

    def serve() -> None:
        while not is_over.is_set():
            try:
                drip(listening.accept()[0])
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        is_over.set()
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def test_an_answer_without_end_is_given_up():
    with dripping() as port, pytest.raises(NotDelivered, match=r"no whole answer within 0\.3 s"):
        post(f"http://127.0.0.1:{port}/", b"{}", {}, within_s=0.3)


def test_an_encrypted_answer_without_end_is_given_up(certificate, monkeypatch):
    trusted, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with dripping(context) as port, pytest.raises(NotDelivered, match=r"no whole answer within 0\.5 s"):
        post(f"https://127.0.0.1:{port}/", b"{}", {}, within_s=0.5)


def test_what_fails_in_time_keeps_its_own_reason():
    with pytest.raises(ValueError, match="mine"), deadline_of(60):
        raise ValueError("mine")


def test_a_connection_that_stands_after_the_deadline_is_broken_off_at_once():
    deadline = Deadline()
    deadline.end()
    ours, theirs = socket.socketpair()
    with ours, theirs:
        deadline.watch(ours)
        assert theirs.recv(1) == b""
