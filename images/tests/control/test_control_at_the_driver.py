"""C1, C2, C3, C5 and C7 where they count: at the driver of the camera, with a clock that the test sets.

Six clients act at random. What they ask waits in the real queue of the real camera's thread, because the driver is held
at a gate; meanwhile control passes on. Then the gate opens, and the driver says who changed it, under which fence.
"""

import random
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

from camera.errors import CameraError, ControlLost, ControlRefused
from camera.tests.rig import Asking, wait_until
from images.control import hand_over
from images.control.control import Control
from images.control.errors import ControlError
from images.control.lease import Holder, Terms
from images.tests.clocks import SetClock
from images.tests.control.lab import ADA, BEN, CLIENTS, CY, ENDS, JOB, MANAGER, PASSES_ON, MemoryRow
from images.tests.control.recording import PATIENCE_S, Recorded, recorded_camera

# A busy machine is no fault, and an example takes real time at the camera.
AT_LEISURE = effort(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
client = st.integers(0, len(CLIENTS) - 1)
STEPS = st.one_of(
    st.tuples(st.sampled_from(["set", "set", "capture", "take", "release", "ask", "give", "take over"]), client),
    st.tuples(st.sampled_from(["job begins", "job ends"]), st.just(0)),
    st.tuples(st.just("wait"), st.sampled_from([20, 61, 91, 700])),
    st.tuples(st.just("let through"), st.just(0)),
)


class Lab:
    def __init__(self, recorded: Recorded) -> None:
        self.clock, self.row = SetClock(), MemoryRow()
        self.control = Control(self.clock, self.row)
        self.recorded, self.camera = recorded, recorded.camera
        self.waiting: list[tuple[float, Asking]] = []
        recorded.begin(self.control)
        self.block()

    def block(self) -> None:
        """Something of the engine is at the driver; all that is asked now waits behind it."""
        self.recorded.gate.clear()
        self.blocker = Asking(partial(self.camera.configure, exposure_ms=self.recorded.new_exposure_ms()))
        assert self.recorded.driver.is_at_gate.wait(PATIENCE_S)

    def let_through(self, _: Holder | None = None) -> None:
        """The camera's thread serves all that waits. Nothing else happens meanwhile."""
        self.recorded.gate.set()
        self.blocker.answer()
        for exposure_ms, asking in self.waiting:
            asking.join()
            was_at_driver = any(call.exposure_ms == exposure_ms for call in self.recorded.witness.calls)
            # Whoever is refused has changed nothing; whoever is not has.
            assert was_at_driver == (asking.problem is None), asking.problem
            assert asking.problem is None or isinstance(asking.problem, ControlLost)
        self.waiting.clear()
        self.check()
        self.block()

    def check(self) -> None:
        calls = self.recorded.own_calls()
        for call in calls:
            # C1 and C3: at each change its requester had control, under the fence of the request.
            assert (call.fence, call.user_id) == self.recorded.admitted[call.exposure_ms]
        # C2: at the driver fences never fall.
        assert [call.fence for call in calls] == sorted(call.fence for call in calls)
        # C5: each fence that reached the driver is one entry, and each entry is one change of hands.
        taken = self.row.fences_of(PASSES_ON)
        assert taken == list(range(1, self.control._state.fence + 1))
        assert {call.fence for call in calls} <= set(taken)
        ended = self.row.fences_of(ENDS)
        assert ended == sorted(set(ended))

    def end(self) -> None:
        self.let_through()
        self.recorded.gate.set()
        self.blocker.answer()

    def do(self, what: str, number: int) -> None:
        if what == "wait":
            self.clock.run(timedelta(seconds=number))
            return
        with suppress(ControlRefused, ControlError):
            getattr(self, what.replace(" ", "_"))(CLIENTS[number])

    def _ask_camera(self, act, who: Holder) -> None:
        permit = self.control.admit(who)
        exposure_ms = self.recorded.new_exposure_ms()
        self.recorded.note_admission(exposure_ms, self.control._state.fence, who)
        self.waiting.append((exposure_ms, Asking(partial(act, exposure_ms=exposure_ms, permit=permit))))

    def set(self, who: Holder) -> None:
        self._ask_camera(self.camera.configure, who)

    def capture(self, who: Holder) -> None:
        self._ask_camera(self.camera.take, who)

    def take(self, who: Holder) -> None:
        self.control.take(who, Terms(minutes=30))

    def release(self, who: Holder) -> None:
        self.control.release(who)

    def ask(self, who: Holder) -> None:
        hand_over.ask(self.control, who, "please", may_queue=True)

    def give(self, who: Holder) -> None:
        hand_over.give(self.control, who)

    def take_over(self, who: Holder) -> None:
        hand_over.take_over(self.control, who, "sample change", is_manager=who is MANAGER, instead_of=None)

    def job_begins(self, _: Holder) -> None:
        hand_over.hold_for_job(self.control, JOB, "night", None)

    def job_ends(self, _: Holder) -> None:
        self.control.release(JOB)


def test_c1_c2_c3_c5_only_the_holder_reaches_the_driver(tmp_path):
    with recorded_camera(tmp_path) as recorded:

        @given(st.lists(STEPS, min_size=10, max_size=40))
        @AT_LEISURE
        def run(steps: list[tuple[str, int]]) -> None:
            lab = Lab(recorded)
            try:
                for what, number in steps:
                    lab.do(what, number)
            finally:
                lab.end()

        run()


def test_c1_what_waited_while_control_passed_on_never_reaches_the_driver(tmp_path):
    with recorded_camera(tmp_path) as recorded:
        lab = Lab(recorded)
        lab.take(ADA)
        lab.set(ADA)
        lab.capture(ADA)
        lab.ask(BEN)
        lab.give(ADA)
        lab.set(BEN)
        lab.end()
        assert [call.user_id for call in recorded.own_calls()] == [BEN.user_id]


def test_c1_c2_c5_threads_that_take_and_change_at_once_leave_one_line_of_holders_at_the_driver(tmp_path):
    """No gate: the turns come while control passes on."""
    with recorded_camera(tmp_path) as recorded:
        row = MemoryRow()
        control = Control(SetClock(), row)
        recorded.begin(control)

        def work(number: int) -> None:
            who, chance = CLIENTS[number], random.Random(number)
            for _ in range(60):
                with suppress(ControlError, CameraError):
                    act = chance.choice(["set", "set", "set", "release", "pass on"])
                    if act == "release":
                        control.release(who)
                    elif act == "pass on":
                        control.pass_on(who, "control_given", who)
                    else:
                        change(who)

        def change(who: Holder) -> None:
            permit = control.admit(who)
            exposure_ms = recorded.new_exposure_ms()
            asked.add(exposure_ms)
            recorded.camera.configure(exposure_ms=exposure_ms, permit=permit)

        asked: set[float | None] = set()
        with ThreadPoolExecutor(len(CLIENTS)) as clients:
            list(clients.map(work, range(len(CLIENTS))))
        calls = [call for call in recorded.witness.calls if call.exposure_ms in asked]
        assert len(calls) > 10
        # Control may pass on while the driver is at work, but never back.
        fences = [call.fence for call in calls if call.fence is not None]
        assert fences == sorted(fences)
        assert row.fences_of(PASSES_ON) == list(range(1, control._state.fence + 1))
        assert set(fences) <= set(row.fences_of(PASSES_ON))


@pytest.fixture
def recorded(tmp_path):
    with recorded_camera(tmp_path) as recorded:
        yield recorded


def count_frames_until_changed(recorded: Recorded, control: Control, *, with_keep: bool) -> int:
    """Return how many frames the driver delivers from the request of the holder until it is changed. With a keep: that
    of a watcher is at its turn when the holder asks."""
    camera, witness = recorded.camera, recorded.witness
    starts, calls = witness.starts, len(witness.calls)
    keep = let_keep(recorded, control) if with_keep else None
    exposure_ms, first = 40.0 + recorded.new_exposure_ms(), witness.frames
    camera.configure(exposure_ms=exposure_ms, permit=control.admit(ADA))
    if keep is not None:
        keep.answer()
    assert witness.starts == starts
    changed = witness.calls[calls:]
    assert [call.exposure_ms for call in changed] == [exposure_ms], "the keep changed a setting"
    return changed[0].frames - first


def let_keep(recorded: Recorded, control: Control) -> Asking:
    """Ben keeps the next frame; returns once the camera's thread is at it."""
    is_at_it = threading.Event()
    permit = control.admit_to_keep(BEN, lambda: recorded.camera.status().state == "streaming")

    def require() -> None:
        permit()
        is_at_it.set()

    keep = Asking(partial(recorded.camera.take, permit=require))
    assert is_at_it.wait(PATIENCE_S)
    return keep


def test_c7_a_keep_changes_no_setting_starts_no_stream_and_holds_the_driver_up_by_a_frame_at_most(recorded):
    """Frames are counted, not time."""
    control = Control(SetClock(), MemoryRow())
    recorded.begin(control)
    control.take(ADA, Terms(minutes=30))
    with recorded.camera.watching():
        recorded.camera.configure(exposure_ms=60.0, permit=control.admit(ADA))
        wait_until(lambda: recorded.witness.frames > 2)
        without = [count_frames_until_changed(recorded, control, with_keep=False) for _ in range(5)]
        with_keep = [count_frames_until_changed(recorded, control, with_keep=True) for _ in range(5)]
    # The frame in progress, and with the keep one more. Where a thread of the test is held up, more frames pass by.
    assert min(without) <= 1
    assert min(with_keep) <= 2


def test_c7_a_keep_never_starts_the_stream(recorded):
    control = Control(SetClock(), MemoryRow())
    recorded.begin(control)
    control.take(ADA, Terms(minutes=30))
    wait_until(lambda: recorded.camera.status().state == "ready")
    starts, calls = recorded.witness.starts, len(recorded.witness.calls)
    with pytest.raises(ControlRefused, match="No live picture to keep"):
        control.admit_to_keep(BEN, lambda: recorded.camera.status().state == "streaming")
    assert (recorded.witness.starts, len(recorded.witness.calls)) == (starts, calls)


def test_c3_nobody_changes_the_driver_without_a_lease(recorded):
    """Free: the change itself takes one. Held by another: it is refused, and the driver hears nothing."""
    control = Control(SetClock(), MemoryRow())
    recorded.begin(control)
    for who, is_allowed in [(ADA, True), (BEN, False), (CY, False), (ADA, True)]:
        exposure_ms, before = recorded.new_exposure_ms(), len(recorded.witness.calls)
        try:
            recorded.camera.configure(exposure_ms=exposure_ms, permit=control.admit(who))
        except ControlRefused:
            assert not is_allowed
            assert len(recorded.witness.calls) == before
            continue
        assert is_allowed
        assert recorded.witness.calls[-1].user_id == who.user_id
        assert control.current().holder == who
