"""A database that gives no connection is asked by one thread, and everybody else is refused at once."""

import threading

import psycopg
import pytest
from django.db import OperationalError
from django.db.utils import ConnectionHandler

from images.tests.conftest import wait_until
from microscope.postgresql.base import DatabaseWrapper
from microscope.postgresql.gate import Gate
from microscope.start.database.address import POSTGRESQL
from microscope.tests.server_process import find_free_port


class Server:
    """`is_away`: it refuses each connection. Counts how often it was asked."""

    def __init__(self) -> None:
        self.is_away = True
        self.asked = 0
        self.times_back = 0

    def give(self) -> None:
        self.asked += 1
        if self.is_away:
            raise psycopg.OperationalError("connection refused")

    def note_back(self) -> None:
        self.times_back += 1


@pytest.fixture
def server():
    server = Server()
    yield server
    server.is_away = False  # ends the thread


def test_nobody_passes_until_the_server_is_back(server):
    gate = Gate(try_every_s=0.01)
    gate.require_open()
    gate.shut(server.give, server.note_back)
    wait_until(lambda: server.asked > 2)
    with pytest.raises(psycopg.OperationalError, match="tries again"):
        gate.require_open()
    server.is_away = False
    wait_until(lambda: not gate.is_shut)
    gate.require_open()
    assert server.times_back == 1


def test_one_thread_tries_however_many_shut_it(server):
    gate = Gate(try_every_s=30)
    before = threading.active_count()
    for _ in range(20):
        gate.shut(server.give, server.note_back)
    assert threading.active_count() <= before + 1
    wait_until(lambda: server.asked == 1)


def test_a_server_that_was_only_busy_keeps_its_connections(server):
    server.is_away = False
    gate = Gate()
    gate.shut(server.give, server.note_back)
    wait_until(lambda: not gate.is_shut)
    assert (server.asked, server.times_back) == (1, 0)


def test_an_error_of_another_kind_leaves_no_gate_shut():
    def fail() -> None:
        raise psycopg.ProgrammingError("unknown option")

    gate = Gate()
    gate.shut(fail, lambda: None)
    wait_until(lambda: not gate.is_shut)


def test_after_the_first_refusal_a_query_fails_at_once(monkeypatch, django_db_blocker):
    gate = Gate(try_every_s=0.05)
    monkeypatch.setattr(DatabaseWrapper, "gate", gate)
    address = {"ENGINE": POSTGRESQL, "NAME": "x", "HOST": "127.0.0.1", "PORT": find_free_port(), "USER": "x"}
    options = {"OPTIONS": {"pool": {"min_size": 0, "max_size": 2, "timeout": 3}}}
    connection = ConnectionHandler({"default": {**address, **options}})["default"]
    with django_db_blocker.unblock():
        with pytest.raises(OperationalError):
            connection.ensure_connection()
        assert gate.is_shut
        with pytest.raises(OperationalError, match="tries again"):
            connection.ensure_connection()
        connection.close_pool()
