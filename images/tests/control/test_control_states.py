"""Six clients at random, with a clock that the test sets: what reaches the camera, and under whose control.

The queue of the camera is a list here; its turns come at random, so control may have passed on meanwhile.
"""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from camera.errors import ControlRefused
from images.control import hand_over
from images.control.control import Control
from images.control.errors import ControlError
from images.control.lease import PATIENCE_S, Holder, Kind, Terms
from images.control.leaving import forget_user
from images.control.line import MAX_IN_LINE
from images.tests.clocks import SetClock
from images.tests.control.lab import CLIENTS, ENDS, JOB, MANAGER, PASSES_ON, MemoryRow

# A busy machine is no fault.
AT_LEISURE = effort(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
client = st.integers(0, len(CLIENTS) - 1)
WAITS = st.tuples(st.just("wait"), st.sampled_from([1, 20, 61, 89, 91, 130, 700]))
STEPS = st.one_of(
    st.tuples(st.sampled_from(["change", "take", "release", "ask", "withdraw", "give", "refuse", "take over"]), client),
    st.tuples(st.sampled_from(["keep", "sign out", "see"]), client),
    st.tuples(st.just("turn"), st.integers(0, 3)),
    WAITS,
    st.tuples(st.sampled_from(["job begins", "job ends"]), st.just(0)),
)


class Lab:
    """What the six may do, and what the camera saw."""

    def __init__(self) -> None:
        self.clock, self.row = SetClock(), MemoryRow()
        self.control = Control(self.clock, self.row)
        self.waiting: list = []
        self.seen: list[tuple[int, int]] = []
        self.last_sign_s = dict.fromkeys(range(1, 5), float("-inf"))

    def do(self, what: str, number: int) -> None:
        who = CLIENTS[number] if what not in ("turn", "wait") else None
        try:
            getattr(self, what.replace(" ", "_"))(who or number)
        except (ControlRefused, ControlError):
            return

    def change(self, who: Holder) -> None:
        permit = self.control.admit(who)
        fence = self.control.current().fence
        self.last_sign_s[who.user_id] = self.clock.seconds
        self.waiting.append((who, fence, permit))

    def turn(self, number: int) -> None:
        """The camera's thread takes the next requests."""
        for _ in range(min(number, len(self.waiting))):
            who, fence, permit = self.waiting.pop(0)
            try:
                permit()
            except ControlRefused:
                continue
            lease = self.control._state.lease
            # C1: whoever changes the camera has control at this very moment.
            assert lease is not None
            assert (lease.fence, lease.holder.user_id) == (fence, who.user_id)
            self.last_sign_s[who.user_id] = self.clock.seconds
            self.seen.append((fence, who.user_id))

    def wait(self, seconds: int) -> None:
        self.clock.run(timedelta(seconds=seconds))

    def take(self, who: Holder) -> None:
        self.control.take(who, Terms(minutes=30))
        self.last_sign_s[who.user_id] = self.clock.seconds

    def keep(self, who: Holder) -> None:
        before = self.control._state.lease
        self.control.admit_to_keep(who, lambda: True)()
        # C7: it takes nothing and prolongs nothing.
        assert self.control._state.lease is before

    def see(self, who: Holder) -> None:
        self.control.note_sight(who.user_id)
        self.last_sign_s[who.user_id] = self.clock.seconds

    def release(self, who: Holder) -> None:
        self.control.release(who)

    def ask(self, who: Holder) -> None:
        if hand_over.ask(self.control, who, "please", may_queue=True):
            self.last_sign_s[who.user_id] = self.clock.seconds

    def withdraw(self, who: Holder) -> None:
        hand_over.withdraw(self.control, who)

    def give(self, who: Holder) -> None:
        asked = self.control.current_ask()
        hand_over.give(self.control, who)
        self.last_sign_s[asked.who.user_id] = self.clock.seconds

    def refuse(self, who: Holder) -> None:
        hand_over.refuse(self.control, who, "later")

    def take_over(self, who: Holder) -> None:
        hand_over.take_over(self.control, who, "sample change", is_manager=who is MANAGER, instead_of=None)
        self.last_sign_s[who.user_id] = self.clock.seconds

    def sign_out(self, who: Holder) -> None:
        forget_user(self.control, who.user_id, "signed out", only_browser=True)

    def job_begins(self, _: Holder) -> None:
        hand_over.hold_for_job(self.control, JOB, "night", None)

    def job_ends(self, _: Holder) -> None:
        self.control.release(JOB)

    def look(self) -> None:
        lease = self.control.current()
        if lease is not None and lease.holder.kind is not Kind.JOB:
            # C4: nobody has control for longer than this without a sign of life.
            assert self.clock.seconds - self.last_sign_s[lease.holder.user_id] < PATIENCE_S
        line = self.control.current_line()
        assert len(line) <= MAX_IN_LINE
        assert len({one.who.user_id for one in line}) == len(line)
        # C2: fences never fall, neither in the row nor at the camera.
        assert self.row.fences == sorted(self.row.fences)
        fences = [fence for fence, _ in self.seen]
        assert fences == sorted(fences)


@given(st.lists(STEPS, min_size=25, max_size=80))
@AT_LEISURE
def test_only_whoever_has_control_changes_the_camera(steps):
    lab = Lab()
    for what, number in steps:
        lab.do(what, number)
        lab.look()
        # C5: each change of hands is one entry, and each end is one.
        assert lab.row.fences_of(PASSES_ON) == list(range(1, lab.control._state.fence + 1))
        ended = lab.row.fences_of(ENDS)
        assert len(set(ended)) == len(ended)
    lab.turn(len(lab.waiting))
    lab.look()


@given(st.lists(st.one_of(st.just(("change", 0)), st.just(("change", 4)), WAITS)))
@AT_LEISURE
def test_a_user_who_is_alone_is_never_refused(steps):
    """C8."""
    lab = Lab()
    for what, number in steps:
        if what == "wait":
            lab.wait(number)
        else:
            lab.control.admit(CLIENTS[number])()


@pytest.mark.parametrize("others", [1, 2, 4, 5])
def test_of_many_who_take_it_at_once_one_has_it(others):
    lab = Lab()

    def take(number: int) -> int | None:
        try:
            return lab.control.take(CLIENTS[number % 4], Terms(minutes=5)).holder.user_id
        except ControlRefused:
            return None

    with ThreadPoolExecutor(8) as clients:
        winners = {one for one in clients.map(take, range(4 * others)) if one is not None}
    assert len(winners) == 1
    assert lab.row.fences[-1] == 1
