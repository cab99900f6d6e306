"""The line of those who ask: the holder answers the first, and then the next one is first."""

from datetime import timedelta

import pytest

from images.control import hand_over
from images.control.control import Control
from images.control.errors import AskedByOther, LineFull, NothingAsked
from images.control.lease import ANSWER_WITHIN_S, Holder, Kind, Terms
from images.control.leaving import forget_user
from images.control.line import LAPSES_AFTER_S, MAX_IN_LINE
from images.control.words import show_time
from images.tests.clocks import START, SetClock
from images.tests.control.lab import ADA, BEN, CY, MANAGER, MemoryRow


class Lab:
    def __init__(self) -> None:
        self.clock, self.row = SetClock(), MemoryRow()
        self.control = Control(self.clock, self.row)
        self.control.take(ADA, Terms(minutes=400))

    def ask(self, *people: Holder) -> None:
        for who in people:
            hand_over.ask(self.control, who, f"{who.name}, please", may_queue=True)

    def wait(self, seconds: float) -> None:
        """The holder keeps the camera; those who ask have a page open."""
        for _ in range(int(seconds // 60)):
            self.clock.run(timedelta(seconds=60))
            self.control.renew(self.control.current().holder)
            for asked in self.control.current_line():
                self.control.note_asker(asked.who.user_id)

    @property
    def names(self) -> list[str]:
        return [one.who.name for one in self.control.current_line()]


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_a_second_asker_is_told_who_asks_and_since_when(lab):
    lab.ask(BEN)
    lab.wait(120)
    with pytest.raises(AskedByOther) as refused:
        hand_over.ask(lab.control, CY, "me too")
    assert str(refused.value).startswith(f"Ben has asked since {show_time(START)} and has no answer yet.")
    assert refused.value.details == {"ask": {"name": "Ben", "at": START.isoformat(), "inLine": 1}}
    assert lab.names == ["Ben"]


def test_the_line_is_bounded(lab):
    people = [Holder(number, f"user {number}", f"User {number}", Kind.PERSON, "browser") for number in range(10, 20)]
    lab.ask(*people[:MAX_IN_LINE])
    with pytest.raises(LineFull, match="5 people stand in line"):
        lab.ask(people[MAX_IN_LINE])
    lab.ask(people[0])
    assert len(lab.names) == MAX_IN_LINE


def test_whoever_asks_again_keeps_the_place_and_the_time(lab):
    lab.ask(BEN, CY)
    before = lab.control.current_line()
    lab.wait(60)
    hand_over.ask(lab.control, BEN, "only one picture", may_queue=True)
    after = lab.control.current_line()
    assert [one.message for one in after] == ["only one picture", "Cy, please"]
    assert [one.at for one in after] == [one.at for one in before]


@pytest.mark.parametrize("who", [BEN, CY])
def test_who_withdraws_leaves_the_line(lab, who):
    lab.ask(BEN, CY, MANAGER)
    hand_over.withdraw(lab.control, who)
    assert lab.names == [name for name in ("Ben", "Cy", "Dora") if name != who.name]
    assert lab.row.changes[-1].what == "control_withdrawn"


def test_who_is_refused_leaves_the_line_and_the_next_one_is_answered(lab):
    lab.ask(BEN, CY)
    hand_over.refuse(lab.control, ADA, "later")
    assert lab.names == ["Cy"]
    hand_over.give(lab.control, ADA)
    assert lab.control.current().holder == CY
    assert lab.names == []


def test_those_behind_ask_whoever_was_given_control(lab):
    lab.ask(BEN, CY, MANAGER)
    hand_over.give(lab.control, ADA)
    assert (lab.control.current().holder, lab.names) == (BEN, ["Cy", "Dora"])
    hand_over.give(lab.control, BEN)
    assert (lab.control.current().holder, lab.names) == (CY, ["Dora"])


def test_those_who_ask_ask_whoever_took_it_over(lab):
    lab.ask(BEN, MANAGER)
    hand_over.take_over(lab.control, MANAGER, "sample change", is_manager=True, instead_of=None)
    assert lab.names == ["Ben"]


def test_a_free_camera_has_no_line(lab):
    lab.ask(BEN, CY)
    lab.control.release(ADA)
    assert lab.names == []
    with pytest.raises(NothingAsked):
        hand_over.give(lab.control, ADA)
    lab.ask(CY)
    assert lab.control.current().holder == CY


def test_an_ask_without_a_sign_of_its_asker_lapses_and_the_next_one_is_first(lab):
    lab.ask(BEN, CY)
    for _ in range(int(LAPSES_AFTER_S // 60)):
        lab.clock.run(timedelta(seconds=60))
        lab.control.renew(ADA)
        lab.control.note_asker(CY.user_id)
    assert lab.names == ["Cy"]
    entry = lab.row.changes[-1]
    assert (entry.what, entry.by, entry.details) == ("control_withdrawn", BEN, {"why": "no page was open any more"})


def test_the_holder_has_a_minute_for_each_of_them(lab):
    """Whoever comes first now was not the one to be answered before."""
    lab.ask(BEN, CY)
    lab.wait(180)
    lease = lab.control.current()
    assert hand_over.may_take(lab.control, lease, BEN) == lease.is_away(lab.control.now_s)
    hand_over.withdraw(lab.control, BEN)
    lab.clock.run(timedelta(seconds=ANSWER_WITHIN_S - 1))
    assert not hand_over.may_take(lab.control, lab.control.current(), CY)
    lab.clock.run(timedelta(seconds=2))
    away = lab.control.current()
    assert away.is_away(lab.control.now_s)
    assert hand_over.may_take(lab.control, away, CY)


def test_only_the_first_takes_it_from_somebody_who_is_away(lab):
    lab.ask(BEN, CY)
    lab.wait(180)
    lab.clock.run(timedelta(seconds=20))
    lease = lab.control.current()
    assert hand_over.may_take(lab.control, lease, BEN)
    assert not hand_over.may_take(lab.control, lease, CY)


def test_an_idle_camera_goes_to_the_first_in_line(lab):
    lab.ask(BEN)
    lab.wait(660)
    lab.ask(CY)
    assert (lab.control.current().holder, lab.names) == (ADA, ["Ben", "Cy"])
    lab.ask(BEN)
    assert (lab.control.current().holder, lab.names) == (BEN, ["Cy"])


def test_who_signs_out_leaves_the_line(lab):
    lab.ask(BEN, CY)
    forget_user(lab.control, CY.user_id, "signed out")
    assert lab.names == ["Ben"]
