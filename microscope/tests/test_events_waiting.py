"""Programs that wait for events: what wakes them, what ends their wait, and what they hold meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections, transaction

from images.tests.conftest import wait_until
from microscope.events.api import the_waiting_room
from microscope.events.bell import Bell, register_bell, the_bell
from microscope.events.order import settle
from microscope.events.waiting import WaitingRoom
from microscope.models import AuditEntry
from microscope.tests.events import EVENTS, FOREVER_S, follow, happen

pytestmark = pytest.mark.django_db(transaction=True)


class Waiter:
    """Calls a function on a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self.answer: Any = None
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.answer = self._call()
        finally:
            connections.close_all()

    def join(self) -> Any:
        self._thread.join(120)
        assert not self._thread.is_alive(), "it still waits"
        return self.answer


class SpyBell(Bell):
    """Says that somebody waits, and if this thread has a connection to the database then."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waited_for = threading.Event()
        self.held: list[bool] = []

    def wait(self, heard: int, timeout_s: float) -> None:
        self.held.append(connection.connection is not None)
        self.is_waited_for.set()
        super().wait(heard, timeout_s)


@pytest.fixture
def bell():
    before = the_bell()
    register_bell(bell := SpyBell())
    yield bell
    bell.close()
    register_bell(before)


@pytest.fixture
def newest(operator) -> int:
    """The number up to which there are events."""
    happen(1)
    return settle(60)


def wait_for(newest: int, bell: Bell, **fields: Any) -> Waiter:
    asked = {"room": WaitingRoom(look_every_s=FOREVER_S), **fields}
    return Waiter(lambda: follow(newest, FOREVER_S, bell=bell, **asked))


def test_an_event_of_this_process_wakes_who_waits(newest, bell):
    waiter = wait_for(newest, bell)
    assert bell.is_waited_for.wait(60)
    happen(2)
    assert [event["imageId"] for event in waiter.join().events] == [2]


def test_an_event_wakes_nobody_before_it_is_committed(newest, bell):
    waiter = wait_for(newest, bell)
    assert bell.is_waited_for.wait(60)
    with transaction.atomic():
        happen(2)
        assert bell.times == 0
    assert [event["imageId"] for event in waiter.join().events] == [2]


def test_what_is_private_and_what_is_rolled_back_wakes_nobody(newest, bell, make_user):
    make_user("grace")
    with transaction.atomic():
        happen(2)
        transaction.set_rollback(True)
    assert bell.times == 0


def test_an_event_of_another_process_is_found_by_looking(newest, bell):
    waiter = wait_for(newest, bell, room=WaitingRoom(look_every_s=0.05))
    assert bell.is_waited_for.wait(60)
    AuditEntry.objects.create(what="captured", image_id=2)
    assert [event["imageId"] for event in waiter.join().events] == [2]
    assert bell.times == 0


def test_the_end_of_the_program_ends_the_wait(newest, bell):
    waiter = wait_for(newest, bell)
    assert bell.is_waited_for.wait(60)
    bell.close()
    assert waiter.join().events == []


def test_the_wait_is_over_in_the_end(newest, bell):
    assert follow(newest, 0.05, bell=bell).next == newest


@pytest.mark.on_postgresql
def test_who_waits_holds_no_connection(newest, bell):
    waiter = wait_for(newest, bell, room=WaitingRoom(look_every_s=0.01))
    wait_until(lambda: len(bell.held) > 5)
    happen(2)
    waiter.join()
    assert not any(bell.held)


def test_over_http_a_capture_wakes_a_program(newest, bell, api, viewer):
    client = api(viewer)
    waiter = Waiter(lambda: client.get(EVENTS, {"after": newest, "wait": 25}))
    assert bell.is_waited_for.wait(60)
    happen(2)
    assert [event["imageId"] for event in waiter.join().json()["events"]] == [2]


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "x"}, None])
def test_who_loses_the_right_waits_no_longer_and_gets_nothing(newest, bell, api, viewer, change):
    client = api(viewer)
    waiter = Waiter(lambda: client.get(EVENTS, {"after": newest, "wait": 25}))
    assert bell.is_waited_for.wait(60)
    if change:
        type(viewer).objects.filter(pk=viewer.pk).update(**change)
    else:
        viewer.groups.clear()
    happen(2)
    answer = waiter.join()
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_place_is_given_back_whatever_ends_the_wait(newest, bell, api, viewer):
    client = api(viewer)
    for _ in range(20):
        assert client.get(EVENTS, {"after": newest, "wait": 0.01}).status_code == 200
    with the_waiting_room.place():
        pass
