"""The bound below which no exposure can have begun, on frames made up by hand."""

import math
import random
from collections import deque

import numpy as np
import pytest

from camera.frame import Descriptor, PixelAddressing, RawFrame, Roi
from camera.freshness import MOST_FRAMES_BEGUN, ExposureClock

READOUT_S = 0.004
CAMERA_IS_BEHIND_S = 950.0


def make_frame(number: int, began_s: float, exposure_s: float, received_s: float, marked: float | None) -> RawFrame:
    descriptor = Descriptor(
        number, exposure_s * 1000, 0.0, Roi(0, 0, 8, 8), PixelAddressing(), "MONO8", 8, camera_time_s=marked
    )
    return RawFrame(descriptor, lambda: np.zeros((8, 8), np.uint8), received_s, READOUT_S)


class MadeUpCamera:
    """A free-running camera. `marks`: which moment its frames' times mean; `pipeline_frames` are held back."""

    def __init__(self, marks: str = "start", pipeline_frames: int = 0, start_s: float = 0.08, drift: float = 0.0):
        self.marks, self.pipeline_frames, self.drift = marks, pipeline_frames, drift
        self.asked_to_start_at_s = 1000.0
        self.began_s = self.asked_to_start_at_s + start_s
        self.clock = ExposureClock(self.asked_to_start_at_s)
        self.number = 0
        self.grab_began_s = self.read_out_s = self.began_s
        self.in_camera: deque[tuple[float, float]] = deque()

    def send(self, exposure_s: float, late_by_s: float = 0.0) -> tuple[RawFrame, float]:
        """The next frame to arrive, observed by the clock, and when its exposure truly began; meanwhile frames of
        this exposure begin. Those that arrive while nobody asks for one are lost."""
        while True:
            self._expose(exposure_s)
            began_s, taken_s = self.in_camera.popleft()
            arrives_s = self.read_out_s
            if arrives_s >= self.grab_began_s:
                break
        received_s = arrives_s + late_by_s
        raw = make_frame(self.number, began_s, taken_s, received_s, self._mark(began_s, taken_s))
        self.clock.observe(raw, self.grab_began_s)
        self.number, self.grab_began_s = self.number + 1, received_s
        return raw, began_s

    def _expose(self, exposure_s: float) -> None:
        while len(self.in_camera) <= self.pipeline_frames:
            began_s = max(self.began_s, self.read_out_s - exposure_s)
            self.in_camera.append((began_s, exposure_s))
            self.began_s = began_s + exposure_s
            self.read_out_s = max(self.began_s, self.read_out_s) + READOUT_S

    def _mark(self, began_s: float, exposure_s: float) -> float | None:
        moments = {"start": began_s, "end": began_s + exposure_s, "read out": began_s + exposure_s + READOUT_S}
        if self.marks in moments:
            return (moments[self.marks] - CAMERA_IS_BEHIND_S) * (1 + self.drift)
        return {"none": None, "zero": 0.0, "milliseconds": began_s * 1000, "frames": float(self.number)}[self.marks]


MARKS = ["start", "end", "read out", "none", "zero", "milliseconds", "frames"]


@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("pipeline_frames", [0, 1, 2, 3])
def test_the_bound_is_never_later_than_the_truth(marks, pipeline_frames):
    camera, chance = MadeUpCamera(marks, pipeline_frames), random.Random(pipeline_frames)
    for _ in range(400):
        exposure_s = chance.choice([0.001, 0.001, 0.02, 0.3])
        _, began_s = camera.send(exposure_s, late_by_s=chance.choice([0, 0, 0, 0.05]))
        assert camera.clock.began_after_s <= began_s + 1e-9


@pytest.mark.parametrize("marks", MARKS)
def test_the_bound_keeps_up_whatever_the_cameras_clock_says(marks):
    camera = MadeUpCamera(marks, pipeline_frames=1)
    for _ in range(100):
        raw, _ = camera.send(0.01)
    assert raw.received_at_s - camera.clock.began_after_s <= (MOST_FRAMES_BEGUN + 3) * 0.01


@pytest.mark.parametrize("marks", ["start", "end"])
def test_with_a_good_clock_a_long_exposure_is_known_to_be_fresh_the_first_time(marks):
    camera = MadeUpCamera(marks)
    for _ in range(10):
        camera.send(0.2)
    asked_s = camera.began_s - 0.1
    camera.send(0.2)
    assert camera.clock.began_after_s >= asked_s


def test_what_was_learned_of_short_exposures_does_not_mislead_about_long_ones():
    camera = MadeUpCamera("start", pipeline_frames=2, start_s=0.0)
    for _ in range(50):
        camera.send(0.001)
    for _ in range(10):
        _, began_s = camera.send(0.1)
        assert camera.clock.began_after_s <= began_s + 1e-9


@pytest.mark.parametrize("drift", [-2e-4, 2e-4])
def test_a_drifting_clock_does_not_mislead(drift):
    camera = MadeUpCamera("start", drift=drift)
    for _ in range(30_000):
        _, began_s = camera.send(0.2)
        assert camera.clock.began_after_s <= began_s + 1e-9


def test_a_frame_that_came_late_is_dated_by_its_own_time():
    camera = MadeUpCamera("start", start_s=0.0)
    for _ in range(20):
        camera.send(0.01)
    _, began_s = camera.send(0.01, late_by_s=0.5)
    assert camera.clock.began_about_s == pytest.approx(began_s, abs=READOUT_S)


@pytest.mark.parametrize("exposure_s", [0.001, 0.3])
def test_the_likely_beginning_lies_between_bound_and_arrival(exposure_s):
    camera = MadeUpCamera("end", pipeline_frames=1)
    for _ in range(30):
        raw, _ = camera.send(exposure_s)
        assert camera.clock.began_after_s <= camera.clock.began_about_s <= raw.received_at_s - exposure_s


def test_a_proof_from_elsewhere_is_believed_and_improves_what_follows():
    camera = MadeUpCamera("start", start_s=2.0)
    camera.send(0.1)
    _, began_s = camera.send(0.1)
    camera.clock.learn(began_s - 0.001)
    assert camera.clock.began_after_s == began_s - 0.001
    _, began_s = camera.send(0.1)
    assert camera.clock.began_after_s == pytest.approx(began_s, abs=0.01)


def test_a_driver_that_knows_is_believed():
    clock = ExposureClock(5.0)
    raw = RawFrame(
        make_frame(0, 0, 0.01, 0, None).descriptor,
        lambda: np.zeros((8, 8), np.uint8),
        received_at_s=7.0,
        exposure_began_at_s=6.5,
    )
    clock.observe(raw, 6.4)
    assert clock.began_after_s == clock.began_about_s == 6.5
    assert math.isclose(clock.next_begins_after_s, 6.51)
