"""Nobody who follows events misses one, in whatever order they are committed."""

import queue
import random
import threading
import time
from collections.abc import Callable

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, connections, transaction

from microscope.events.kinds import IS_EVENT
from microscope.events.order import Settling, settle
from microscope.models import AuditEntry
from microscope.tests.events import follow, happen, numbers

pytestmark = pytest.mark.django_db(transaction=True)
WRITERS, ROUNDS = 4, 20
PATIENCE_S = 60.0


class Writer:
    """One transaction on a connection of its own. It does what it is told, and waits."""

    def __init__(self) -> None:
        self._steps: queue.Queue[Callable[[], object] | None] = queue.Queue()
        self._is_done = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def run(self, step: Callable[[], object]) -> None:
        self._steps.put(step)
        assert self._is_done.acquire(timeout=60)

    def end(self, *, is_undone: bool = False) -> None:
        """May be called twice."""
        if is_undone:
            self.run(lambda: transaction.set_rollback(True))
        self._steps.put(None)
        self._thread.join(60)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        try:
            with transaction.atomic():
                while step := self._steps.get():
                    step()
                    self._is_done.release()
        finally:
            connections.close_all()


@pytest.fixture
def begin():
    """begin() begins a transaction. All are ended after the test, so that none holds up the next one."""
    writers: list[Writer] = []

    def begin_one() -> Writer:
        writers.append(Writer())
        return writers[-1]

    yield begin_one
    for writer in writers:
        writer.end()


def ids() -> list[int]:
    return list(AuditEntry.objects.filter(IS_EVENT).order_by("pk").values_list("pk", flat=True))


@pytest.mark.on_postgresql
class TestOnPostgresql:
    def test_an_event_waits_for_one_with_a_lower_number_that_is_committed_later(self, begin):
        slow = begin()
        slow.run(lambda: happen(1))
        happen(2)
        (second,) = ids()
        page = follow(0)
        assert (page.events, page.next) == ([], 0)
        slow.end()
        page = follow(0)
        assert [event["imageId"] for event in page.events] == [1, 2]
        assert page.next == second

    def test_also_if_the_one_with_the_lower_number_began_later(self, begin, make_user):
        """Then its transaction has the higher number: to compare these would lose the event."""
        early, late = begin(), begin()
        user = make_user("grace")
        early.run(lambda: get_user_model().objects.filter(pk=user.pk).update(first_name="x"))
        late.run(lambda: happen(1))
        early.run(lambda: happen(2))
        before = settle(0)
        early.end()
        assert follow(0).events == [] and before is None
        late.end()
        assert [event["imageId"] for event in follow(0).events] == [1, 2]

    def test_what_is_rolled_back_holds_up_nothing(self, begin):
        lost = begin()
        lost.run(lambda: happen(1))
        happen(2)
        lost.end(is_undone=True)
        assert [event["imageId"] for event in follow(0).events] == [2]

    def test_who_waits_gets_it_once_the_other_one_is_over(self, begin):
        slow = begin()
        slow.run(lambda: happen(1))
        happen(2)
        threading.Timer(0.2, slow.end).start()
        assert [event["imageId"] for event in follow(0, PATIENCE_S).events] == [1, 2]

    def test_new_writers_without_end_hold_up_nothing(self, begin):
        """There is a writer at each moment, and yet what was written before is handed out."""
        settling, writer = Settling(), begin()
        writer.run(lambda: happen(1))
        assert settling.newest() is None
        for _ in range(3):
            following = begin()
            following.run(lambda: happen(2))
            writer.end()
            writer = following
            before = ids()[-1]
            settling.newest()
        assert settling.is_behind
        writer.end()
        assert (settling.newest() or 0) >= before

    def test_nobody_says_from_where_to_follow_while_that_is_open(self, begin, api, viewer):
        slow = begin()
        slow.run(lambda: happen(1))
        refused = api(viewer).get("/api/v1/events")
        assert (refused.status_code, refused.json()["code"]) == (503, "events_unsettled")
        slow.end()
        assert api(viewer).get("/api/v1/events").json()["next"] == ids()[-1]

    def test_a_follower_never_makes_a_writer_wait(self, begin):
        slow = begin()
        slow.run(lambda: happen(1))
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1ms'")
        follow(0)
        happen(2)
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout")
        slow.end()

    def test_a_private_entry_that_is_not_committed_holds_up_no_event(self, begin):
        private = begin()
        private.run(lambda: AuditEntry.objects.create(what="signed_in"))
        happen(2)
        assert [event["imageId"] for event in follow(0).events] == [2]
        private.end()


def write_at_random(seed: int) -> None:
    chance = random.Random(seed)
    try:
        for round_ in range(ROUNDS):
            with transaction.atomic():
                happen(seed * ROUNDS + round_)
                time.sleep(chance.random() / 100)
                if chance.random() < 0.5:
                    happen(seed * ROUNDS + round_, "changed")
                transaction.set_rollback(chance.random() < 0.2)
    finally:
        connections.close_all()


@pytest.mark.on_postgresql
def test_a_follower_gets_every_event_once_and_in_order_however_they_are_written():
    writers = [threading.Thread(target=write_at_random, args=(seed,)) for seed in range(WRITERS)]
    for writer in writers:
        writer.start()
    found, after = [], 0
    while any(writer.is_alive() for writer in writers) or follow(after).events:
        page = follow(after, wait_s=0.1, most=7)
        found += numbers(page)
        after = page.next
    assert found == ids() != []


@pytest.mark.on_sqlite
def test_sqlite_gives_no_number_twice():
    happen(1)
    (first,) = ids()
    AuditEntry.objects.all().delete()
    happen(2)
    assert ids()[0] > first
