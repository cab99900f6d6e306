"""The network of the tests goes on, whatever the programs at its two ends do."""

import socket
from contextlib import closing, suppress

import pytest

from microscope.tests.relay import Relay
from microscope.tests.server_process import find_free_port


@pytest.fixture
def port() -> int:
    return find_free_port()


@pytest.fixture
def relay(port):
    with closing(Relay(port)) as relay:
        yield relay


def ask(relay: Relay) -> bytes:
    """Say hello, and return what comes back. Nothing, if the connection ends."""
    with suppress(ConnectionError), socket.create_connection(("127.0.0.1", relay.port), timeout=60) as line:
        line.sendall(b"hello")
        return line.recv(100)
    return b""


def answer_once(listener: socket.socket) -> None:
    with listener.accept()[0] as line:
        line.sendall(line.recv(100).upper())


def test_a_program_that_was_away_for_a_while_is_reached_again(relay, port):
    assert ask(relay) == b""
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(60)
        with socket.create_connection(("127.0.0.1", relay.port), timeout=60) as line:
            line.sendall(b"hello")
            answer_once(listener)
            assert line.recv(100) == b"HELLO"
