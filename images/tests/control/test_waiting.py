"""Waiting until the camera is free: bounded places, in order, and nobody takes control who has gone."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest

from camera.errors import ControlHeld, ControlLost
from camera.tests.rig import wait_until
from images.control.control import Control
from images.control.errors import TooManyWaiting, WaitEnded
from images.control.lease import Holder, Lease, Terms
from images.control.waiting import MAX_WAITING, WaitingRoom, take_when_free
from images.tests.clocks import SetClock
from images.tests.control.lab import ADA, BEN, CLIENTS, CY, MANAGER, MemoryRow

# A test that is right never waits so long.
LONG_S = 120.0


class Hall:
    """The camera, held by Ada, and whoever waits for it in threads of their own."""

    def __init__(self) -> None:
        self.clock, self.room = SetClock(), WaitingRoom()
        self.control = Control(self.clock, MemoryRow())
        self.control.take(ADA, Terms(minutes=30))
        self.threads = ThreadPoolExecutor(MAX_WAITING)
        self.gone: set[str] = set()
        self.refused: set[str] = set()

    def take(self, who: Holder, wait_s: float = LONG_S) -> Lease:
        def require_right() -> None:
            if who.username in self.refused:
                raise PermissionError

        return take_when_free(
            self.control,
            who,
            Terms(minutes=5),
            wait_s,
            room=self.room,
            require_right=require_right,
            has_hung_up=lambda: who.username in self.gone,
        )

    def let_wait(self, who: Holder) -> Future[Lease]:
        places = self.room.waiting
        asking = self.threads.submit(self.take, who)
        wait_until(lambda: self.room.waiting > places)
        return asking


@pytest.fixture
def hall() -> Iterator[Hall]:
    hall = Hall()
    yield hall
    hall.room.close()
    hall.threads.shutdown()


def test_whoever_waits_has_it_when_the_holder_releases_it(hall):
    ben = hall.let_wait(BEN)
    hall.control.release(ADA)
    assert ben.result(LONG_S).holder == BEN
    assert hall.control.current().holder == BEN
    assert hall.room.waiting == 0


def test_a_lease_that_ends_by_itself_ends_the_wait_too(hall):
    ben = hall.let_wait(BEN)
    hall.clock.run(timedelta(seconds=91))
    assert ben.result(LONG_S).holder == BEN


def test_they_have_it_in_the_order_in_which_they_came(hall):
    waiting = [hall.let_wait(who) for who in (CY, MANAGER, BEN)]
    hall.control.release(ADA)
    for who, asking in zip((CY, MANAGER, BEN), waiting, strict=True):
        assert asking.result(LONG_S).holder == who
        hall.control.release(who)


def test_who_waits_in_vain_is_told_who_has_it(hall):
    with pytest.raises(ControlHeld, match="Ada controls the camera"):
        hall.take(BEN, wait_s=0.05)
    assert hall.room.waiting == 0


def test_without_a_wait_the_answer_comes_at_once_and_needs_no_place(hall):
    hall.room.close()
    with pytest.raises(ControlHeld):
        hall.take(BEN, wait_s=0)
    assert hall.take(ADA).holder == ADA
    hall.control.release(ADA)
    assert hall.take(BEN).holder == BEN


def test_a_lease_that_was_lost_does_not_wait(hall):
    lost = Holder(2, "ben", "Ben", CLIENTS[5].kind, "script", lease_id="no-lease")
    with pytest.raises(ControlLost):
        hall.take(lost)


def test_there_are_few_places(hall):
    places = [hall.let_wait(who) for who in (BEN, CY, MANAGER, CLIENTS[5])]
    assert len(places) == MAX_WAITING
    with pytest.raises(TooManyWaiting):
        hall.take(Holder(9, "eve", "Eve", CLIENTS[5].kind, "script"))
    hall.room.close()


def test_whoever_has_hung_up_frees_the_place_and_never_has_control(hall):
    ben = hall.let_wait(BEN)
    cy = hall.let_wait(CY)
    hall.gone.add("ben")
    with pytest.raises(WaitEnded):
        ben.result(LONG_S)
    assert hall.room.waiting == 1
    hall.control.release(ADA)
    assert cy.result(LONG_S).holder == CY


def test_the_end_of_the_program_ends_every_wait_and_takes_nothing(hall):
    waiting = [hall.let_wait(who) for who in (BEN, CY)]
    hall.room.close()
    for asking in waiting:
        with pytest.raises(WaitEnded):
            asking.result(LONG_S)
    assert hall.room.waiting == 0
    assert hall.control.current().holder == ADA


def test_whoever_lost_the_right_meanwhile_does_not_get_it(hall):
    ben, cy = hall.let_wait(BEN), hall.let_wait(CY)
    hall.refused.add("ben")
    hall.control.release(ADA)
    with pytest.raises(PermissionError):
        ben.result(LONG_S)
    assert cy.result(LONG_S).holder == CY
