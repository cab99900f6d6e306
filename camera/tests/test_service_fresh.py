"""Promise 5: the frame that is kept was exposed wholly after the request, with the requested settings."""

import random
import time
from datetime import UTC, datetime
from itertools import count

import pytest

from camera.drivers.pixelink.driver import PixelinkDriver
from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import DriverSelection
from camera.drivers.simulated.driver import SimulatedDriver
from camera.engine.process_lock import CameraLock
from camera.engine.requests import SettingsRequest
from camera.service import Camera
from camera.tests.captured import Captured, assert_true, capture
from camera.tests.rig import UNHURRIED, Asking, Rig, rigged, wait_until

OWN_WISHES = [(1.0, 0.0), (1.0, 6.0), (3.0, 0.0), (None, 3.0), (5.0, None), (None, None), (None, None)]


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path, UNHURRIED) as rig:
        yield rig


def capture_often(camera: Camera, seed: int, times: int) -> list[Captured]:
    chance = random.Random(seed)
    return [capture(camera, *chance.choice(OWN_WISHES)) for _ in range(times)]


def arrange(rig: Rig, latency_frames: int, pipeline_frames: int, marks: str, clock_says: str) -> None:
    rig.camera.stream.settings_latency_frames = latency_frames
    rig.camera.stream.pipeline_frames = pipeline_frames
    rig.camera.frame_time_marks = marks
    if clock_says != "the time":
        rig.library.missing_functions.add("PxLGetCurrentTimestamp")
        rig.camera.faults.garble_descriptors(100_000, {"dFrameTime": float(clock_says)})


@pytest.mark.parametrize("clock_says", ["the time", "nan", "0"])
@pytest.mark.parametrize(
    ("latency_frames", "pipeline_frames", "marks"),
    [(0, 0, "start"), (0, 2, "end"), (1, 1, "start"), (2, 0, "end"), (3, 2, "start")],
)
def test_every_frame_of_many_people_is_their_own_and_new(rig, latency_frames, pipeline_frames, marks, clock_says):
    arrange(rig, latency_frames, pipeline_frames, marks, clock_says)
    with rig.service.watching():
        people = [Asking(lambda seed=seed: capture_often(rig.service, seed, times=3)) for seed in range(8)]
        captured = [one for person in people for one in person.answer()]
    exposures = [assert_true(rig, one) for one in captured]
    assert len({exposure.frame_number for exposure in exposures}) == len(captured) == 24
    assert rig.count("PxLSetStreamState") == 1


def test_without_a_timestamp_function_frames_are_as_fresh(rig):
    rig.library.missing_functions.add("PxLGetCurrentTimestamp")
    for captured in capture_often(rig.service, seed=1, times=40):
        assert_true(rig, captured)


def test_a_long_pipeline_filled_by_short_exposures_gives_no_old_frame_at_long_ones(rig):
    rig.camera.stream.pipeline_frames = 2
    rig.service.configure(1.0)
    for _ in range(5):
        rig.service.capture()
    rig.service.configure(60.0)
    for _ in range(4):
        captured = capture(rig.service)
        assert rig.exposure_of(captured.frame, captured.answered_at_s).started_at >= captured.asked_at_s


def test_settings_that_come_back_at_once_do_not_make_an_older_frame_pass_for_new(rig):
    rig.camera.stream.settings_latency_frames = 3
    with rig.service.watching():
        for _ in range(15):
            rig.service.configure(7.0)
            rig.service.configure(2.0)
            assert_true(rig, capture(rig.service, 7.0))


def test_a_change_of_gain_alone_proves_nothing_about_the_time_of_exposure(rig):
    rig.camera.stream.settings_latency_frames = 0
    gain_db = count(1)
    for _ in range(15):
        assert_true(rig, capture(rig.service, None, float(next(gain_db))))


def test_nobody_starves_between_people_who_ask_all_the_time(rig):
    finished: list[int] = []

    def insist(person: int) -> None:
        for _ in range(15):
            rig.service.capture(1.0 + person)
            finished.append(person)

    for one in [Asking(lambda person=person: insist(person)) for person in range(4)]:
        one.answer()
    at_half = [finished[:30].count(person) for person in range(4)]
    assert min(at_half) >= 3, at_half


def test_those_who_ask_for_the_same_share_a_turn_and_each_gets_a_frame(rig):
    rig.service.capture(20.0)
    calls_before = rig.count("PxLSetFeature")
    people = [Asking(lambda: rig.service.capture(20.0)) for _ in range(6)]
    frames = [person.answer() for person in people]
    assert len({frame.descriptor.frame_number for frame in frames}) == 6
    assert rig.count("PxLSetFeature") - calls_before <= 2


class TestTheStream:
    def test_stays_on_between_captures(self, rig):
        for _ in range(10):
            rig.service.capture()
        assert rig.count("PxLSetStreamState") == 1

    def test_stops_when_idle_and_keeps_the_handle(self, tmp_path):
        with rigged(tmp_path) as rig:
            rig.service.capture()
            assert rig.service.status().state == "streaming"
            rig.wait_for_state("ready")
            assert rig.count("PxLSetStreamState") == 2
            assert len(rig.library.open_handles) == 1
            rig.service.capture()
            assert rig.count("PxLSetStreamState") == 3
            assert rig.count("PxLInitializeEx") == 1

    def test_stays_on_while_anyone_watches(self, tmp_path):
        with rigged(tmp_path) as rig, rig.service.watching():
            until_s = time.perf_counter() + 2 * rig.timing.keep_streaming_s
            seen = 0
            while time.perf_counter() < until_s:
                seen = rig.service.wait_for_newest(seen, 5).count
            assert rig.count("PxLSetStreamState") == 1

    def test_counts_frames_on_through_a_stop(self, tmp_path):
        with rigged(tmp_path) as rig:
            rig.service.capture()
            rig.wait_for_state("ready")
            before = rig.service.newest_count
            with rig.service.watching():
                assert rig.service.wait_for_newest(before, 5).count > before


def test_watchers_see_frames_under_the_shared_settings_only(rig):
    seen: list[float] = []

    def watch() -> None:
        newest = 0
        while busy.is_waiting:
            frame = rig.service.wait_for_newest(newest, 5)
            if frame:
                newest = frame.count
                seen.append(frame.raw.descriptor.exposure_ms)

    with rig.service.watching():
        rig.service.wait_for_newest(0, 5)
        busy = Asking(lambda: [rig.service.capture(ms) for ms in (5.0, 9.0, 2.0) * 8])
        Asking(watch).answer()
        busy.answer()
    assert set(seen) == {2.0}


def test_a_frame_rate_left_low_by_another_program_is_waited_for(rig):
    rig.camera.leave_behind(frame_rate_hz=20.0)
    for _ in range(3):
        assert_true(rig, capture(rig.service))
    wait_until(lambda: rig.service.status().frame_rate_hz)


class TestRequestsThatWereReadForAWhile:
    def test_a_frame_that_began_meanwhile_will_do(self, tmp_path):
        selection = DriverSelection("simulated", PixelinkDriver, SimulatedDriver, SeenCamera(tmp_path))
        camera = Camera(selection, CameraLock(tmp_path), SettingsRequest(40.0, 0.0), UNHURRIED)
        outcomes = [capture_after_reading(camera, reading_s=0.06) for _ in range(10)]
        camera.close()
        assert all(asked_at <= captured_at for asked_at, _, captured_at in outcomes)
        assert any(captured_at < read_at for _, read_at, captured_at in outcomes)


def capture_after_reading(camera: Camera, reading_s: float) -> tuple[datetime, datetime, datetime]:
    """Return when the capture was requested, when the request had been read, and when the exposure began."""
    camera.capture()
    asked_at, asked_at_s = datetime.now(UTC), time.perf_counter()
    wait_until(lambda: time.perf_counter() > asked_at_s + reading_s)
    read_at = datetime.now(UTC)
    return asked_at, read_at, camera.capture(asked_at_s=asked_at_s).captured_at
