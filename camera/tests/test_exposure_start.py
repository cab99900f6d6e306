"""The bound before which no exposure can have begun, computed from invented frames."""

import math
import random
from collections import deque

import numpy as np
import pytest

from camera.drivers.base import ClockReading
from camera.engine.clock.camera_clock import CameraClock
from camera.engine.clock.exposure_start import MAX_FRAMES_BEGUN, ExposureStartEstimator
from camera.frame import Binning, Descriptor, RawFrame, Roi

READOUT_S = 0.004
CAMERA_IS_BEHIND_S = 950.0


def make_frame(
    number: int,
    began_s: float,
    exposure_s: float,
    received_s: float,
    marked: float | None,
    readout_s: float = READOUT_S,
) -> RawFrame:
    descriptor = Descriptor(
        number, exposure_s * 1000, 0.0, Roi(0, 0, 8, 8), Binning(), "MONO8", 8, camera_time_s=marked
    )
    return RawFrame(descriptor, lambda: np.zeros((8, 8), np.uint8), received_s, readout_s)


class MadeUpCamera:
    """A camera that runs freely. `marks`: the moment that the times of its frames mean. `pipeline_frames`: how many
    frames it holds back. After each frame its clock is read, if that is possible."""

    def __init__(
        self,
        marks: str = "start",
        pipeline_frames: int = 0,
        start_s: float = 0.08,
        drift: float = 0.0,
        is_readable: bool = False,
    ) -> None:
        self.marks, self.pipeline_frames, self.drift = marks, pipeline_frames, drift
        self.readout_s = READOUT_S
        self.asked_to_start_at_s = 1000.0
        self.now_s = self.asked_to_start_at_s - 0.1
        self.began_s = self.asked_to_start_at_s + start_s
        self.set_at: list[tuple[float, float]] = []
        self.camera_clock = CameraClock(self.read if is_readable else lambda: None)
        self.camera_clock.read()
        self.clock = ExposureStartEstimator(self.asked_to_start_at_s, self.camera_clock)
        self.number = 0
        self.grab_began_s = self.read_out_s = self.began_s
        self.in_camera: deque[tuple[float, float]] = deque()

    def send(self, exposure_s: float, late_by_s: float = 0.0) -> tuple[RawFrame, float]:
        """Return the next frame to arrive, after the clock has observed it, and the true start of its exposure. The
        frames that begin meanwhile have this exposure. Frames that arrive before the grab begins are lost."""
        while True:
            self._expose(exposure_s)
            began_s, taken_s = self.in_camera.popleft()
            arrives_s = self.read_out_s
            if arrives_s >= self.grab_began_s:
                break
        received_s = arrives_s + late_by_s
        raw = make_frame(self.number, began_s, taken_s, received_s, self._mark(began_s, taken_s), self.readout_s)
        self.now_s = received_s
        if not self.camera_clock.read():
            self.clock.forget_marks()
        self.clock.observe(raw, self.grab_began_s)
        self.number, self.grab_began_s = self.number + 1, received_s
        return raw, began_s

    def time_at(self, moment_s: float) -> float:
        """Return what the camera's clock shows at that moment."""
        set_s = sum(by_s for at_s, by_s in self.set_at if at_s <= moment_s)
        return (moment_s - CAMERA_IS_BEHIND_S) * (1 + self.drift) + set_s

    def read(self) -> ClockReading:
        return ClockReading(self.time_at(self.now_s + 0.0002), self.now_s, self.now_s + 0.0005)

    def _expose(self, exposure_s: float) -> None:
        while len(self.in_camera) <= self.pipeline_frames:
            began_s = max(self.began_s, self.read_out_s - exposure_s)
            self.in_camera.append((began_s, exposure_s))
            self.began_s = began_s + exposure_s
            self.read_out_s = max(self.began_s, self.read_out_s) + self.readout_s

    def _mark(self, began_s: float, exposure_s: float) -> float | None:
        moments = {"start": began_s, "end": began_s + exposure_s, "read out": began_s + exposure_s + self.readout_s}
        if self.marks in moments:
            return self.time_at(moments[self.marks])
        return {"none": None, "zero": 0.0, "milliseconds": began_s * 1000, "frames": float(self.number)}[self.marks]


MARKS = ["start", "end", "read out", "none", "zero", "milliseconds", "frames"]


@pytest.mark.parametrize("is_readable", [False, True])
@pytest.mark.parametrize("marks", MARKS)
@pytest.mark.parametrize("pipeline_frames", [0, 1, 2, 3])
def test_the_bound_is_never_later_than_the_truth(marks, pipeline_frames, is_readable):
    camera, chance = MadeUpCamera(marks, pipeline_frames, is_readable=is_readable), random.Random(pipeline_frames)
    for _ in range(400):
        exposure_s = chance.choice([0.001, 0.001, 0.02, 0.3])
        _, began_s = camera.send(exposure_s, late_by_s=chance.choice([0, 0, 0, 0.05]))
        assert camera.clock.began_after_s <= began_s + 1e-9


@pytest.mark.parametrize("marks", MARKS)
def test_the_bound_keeps_up_whatever_the_cameras_clock_says(marks):
    camera = MadeUpCamera(marks, pipeline_frames=1)
    for _ in range(100):
        raw, _ = camera.send(0.01)
    assert raw.received_at_s - camera.clock.began_after_s <= (MAX_FRAMES_BEGUN + 3) * 0.01


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


@pytest.mark.parametrize("marks", ["start", "end", "read out"])
@pytest.mark.parametrize("drift", [0.0, -2e-4, 2e-4])
def test_with_a_clock_that_is_read_frames_are_dated_to_exposure_and_readout_at_any_age_of_the_stream(marks, drift):
    camera = MadeUpCamera(marks, drift=drift, is_readable=True)
    for _ in range(10_000):
        _, began_s = camera.send(0.02)
        assert -1e-9 <= began_s - camera.clock.began_after_s <= 0.02 + READOUT_S + 0.001


@pytest.mark.parametrize(("marks", "share"), [("start", 0.0), ("end", 1.0), ("read out", 1.0)])
def test_once_it_is_known_what_times_mark_frames_are_dated_to_the_readout(marks, share):
    camera = MadeUpCamera(marks, is_readable=True)
    for _ in range(5):
        camera.send(0.005)
    camera.send(0.1)
    _, began_s = camera.send(0.1)
    camera.clock.learn(began_s - 0.02)
    assert camera.clock.believed_share == share
    for exposure_s in (0.001, 0.005, 0.3):
        camera.send(exposure_s)
        _, began_s = camera.send(exposure_s)
        assert -1e-9 <= began_s - camera.clock.began_after_s <= READOUT_S + 0.001


@pytest.mark.parametrize("is_readable", [False, True])
@pytest.mark.parametrize("marks", ["start", "end", "read out"])
@pytest.mark.parametrize("by_s", [-0.5, -0.01, 0.001, 0.003, 0.01, 0.02, 0.1, 5.0])
def test_a_clock_that_is_set_does_not_mislead(marks, by_s, is_readable):
    camera, chance = MadeUpCamera(marks, 1, start_s=0.0, is_readable=is_readable), random.Random(3)
    for number in range(300):
        if number % 60 == 40:
            camera.set_at.append((camera.began_s + chance.uniform(-0.02, 0.02), by_s))
        _, began_s = camera.send(0.01)
        assert camera.clock.began_after_s <= began_s + 1e-6


def test_a_clock_that_was_set_once_is_trusted_again_after_some_frames():
    camera = MadeUpCamera("start", is_readable=True)
    for _ in range(20):
        camera.send(0.01)
    camera.set_at.append((camera.began_s, 0.3))
    for _ in range(MAX_FRAMES_BEGUN + 4):
        camera.send(0.01)
    _, began_s = camera.send(0.01)
    assert began_s - camera.clock.began_after_s <= 0.01 + READOUT_S + 0.001


def test_a_longer_readout_does_not_mislead_if_times_mark_its_end():
    camera = MadeUpCamera("read out", start_s=0.0, is_readable=True)
    for _ in range(20):
        camera.send(0.01)
    camera.readout_s = 0.05
    for _ in range(20):
        _, began_s = camera.send(0.01)
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
    clock = ExposureStartEstimator(5.0)
    raw = RawFrame(
        make_frame(0, 0, 0.01, 0, None).descriptor,
        lambda: np.zeros((8, 8), np.uint8),
        received_at_s=7.0,
        exposure_began_at_s=6.5,
    )
    clock.observe(raw, 6.4)
    assert clock.began_after_s == clock.began_about_s == 6.5
    assert math.isclose(clock.next_begins_after_s, 6.51)
