"""How far the camera's clock is behind ours, computed from invented readings."""

import pytest

from camera.drivers.base import ClockReading
from camera.engine.clock.camera_clock import MAX_CONTRADICTIONS, SHARP_TRIES, CameraClock

BEHIND_S = 950.0


class MadeUpClock:
    """A clock that is read at `now_s`. A reading takes `slowness_s`; the camera looks at its clock in the middle of
    it."""

    def __init__(self, drift: float = 0.0) -> None:
        self.now_s, self.drift, self.set_by_s = 1000.0, drift, 0.0
        self.slowness_s = [0.0005]
        self.readings = 0
        self.is_there = self.is_running = True
        self.clock = CameraClock(self.read)

    def read(self) -> ClockReading | None:
        slowness_s = self.slowness_s[self.readings % len(self.slowness_s)]
        self.readings += 1
        if not self.is_there:
            return None
        asked_s, self.now_s = self.now_s, self.now_s + slowness_s
        return ClockReading(self.time_at(asked_s + slowness_s / 2), asked_s, self.now_s)

    def time_at(self, moment_s: float) -> float:
        return (moment_s - BEHIND_S) * (1 + self.drift) + self.set_by_s if self.is_running else 7.0

    def read_after(self, seconds: float) -> bool:
        self.now_s += seconds
        return self.clock.read()


def test_the_offset_lies_between_its_bounds():
    made_up = MadeUpClock()
    assert made_up.read_after(0.0)
    offset = made_up.clock.offset_at(made_up.now_s)
    assert offset.least_s <= BEHIND_S <= offset.most_s
    assert offset.most_s - offset.least_s == pytest.approx(0.0005)


@pytest.mark.parametrize("drift", [-2e-4, 0.0, 5e-5, 2e-4])
def test_a_drift_is_measured_and_the_truth_lies_within_its_margin(drift):
    made_up = MadeUpClock(drift)
    for _ in range(60):
        assert made_up.read_after(1.0)
        offset = made_up.clock.offset_at(made_up.now_s)
        truth_s = made_up.now_s - made_up.time_at(made_up.now_s)
        assert offset.least_s <= truth_s <= offset.most_s
        assert offset.most_s - offset.least_s < 0.001
    found = made_up.clock.drift
    assert abs(found.ppm - drift * 1e6) <= found.margin_ppm
    assert found.margin_ppm < 10


def test_a_reading_that_took_long_is_repeated():
    made_up = MadeUpClock()
    made_up.slowness_s = [0.05, 0.02, 0.0005]
    made_up.read_after(0.0)
    offset = made_up.clock.offset_at(made_up.now_s)
    assert offset.most_s - offset.least_s < 0.001 + 1e-4


@pytest.mark.parametrize("by_s", [-3.0, -0.002, 0.002, 3.0])
def test_a_clock_that_was_set_contradicts_itself_and_is_steady_from_then_on(by_s):
    made_up = MadeUpClock()
    made_up.read_after(0.0)
    made_up.set_by_s = by_s
    assert not made_up.read_after(1.0)
    assert made_up.clock.steady_since_s == made_up.now_s
    assert made_up.read_after(1.0)
    offset = made_up.clock.offset_at(made_up.now_s)
    assert offset.least_s <= BEHIND_S - by_s <= offset.most_s


def test_a_clock_that_stands_still_is_not_trusted():
    made_up = MadeUpClock()
    made_up.is_running = False
    for _ in range(MAX_CONTRADICTIONS + 2):
        made_up.read_after(1.0)
    assert made_up.clock.offset_at(made_up.now_s) is None
    assert made_up.clock.drift is None


def test_a_clock_that_cannot_be_read_is_not_asked_for_ever():
    made_up = MadeUpClock()
    made_up.is_there = False
    for _ in range(20):
        assert made_up.read_after(1.0)
    assert made_up.readings == SHARP_TRIES
    assert made_up.clock.offset_at(made_up.now_s) is None
