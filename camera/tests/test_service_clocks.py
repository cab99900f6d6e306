"""Promise 5 on many cameras: whatever their clocks do, no frame is kept that was exposed before its request or under
other settings.

PROMISES=long makes about 2,000 captures.
"""

import os
import random
import time
from contextlib import nullcontext
from dataclasses import dataclass

import pytest

from camera.engine.clock.clock_report import ClockReport
from camera.engine.frame_loop import Timing
from camera.frame import Frame
from camera.tests.rig import SHARED, Asking, Rig, rigged, wait_until

IS_LONG = os.environ.get("PROMISES", "") == "long"
CLIENTS = 8
CAPTURES_EACH = 8 if IS_LONG else 2
UNHURRIED = Timing(call_timeout_s=20.0, keep_streaming_s=20.0)
# Some ask for the settings in force, some for those of other requests. Exposure in milliseconds, gain in decibels.
WISHES = [(None, None), (None, None), (None, 3.0), (1.0, 0.0), (4.0, 0.0), (9.0, 6.0), (30.0, 0.0), (120.0, 0.0)]
CLOCKS = ["steady", "fast", "slow", "set", "standing", "of another kind", "unreadable", "unreadable and fast"]
LATCHES = (0, 1, 2, 3)
ALL = [(clock, latch) for clock in CLOCKS for latch in LATCHES]
# A plain run takes half of them: two latches for each kind of clock, and other ones for the next kind.
MODELS = (
    ALL if IS_LONG else [(clock, latch) for place, (clock, latch) in enumerate(ALL) if (place // 4 + latch) % 4 < 2]
)


@dataclass(frozen=True, slots=True)
class Captured:
    exposure_ms: float
    gain_db: float
    asked_at_s: float
    answered_at_s: float
    frame: Frame


def arrange(rig: Rig, clock: str, latch_frames: int, chance: random.Random) -> None:
    camera = rig.camera
    camera.stream.settings_latency_frames = latch_frames
    camera.stream.pipeline_frames = chance.choice((0, 1, 2))
    camera.stream_start_s = chance.uniform(0.0, 0.3)
    camera.frame_time_marks = chance.choice(("start", "end", "read out"))
    camera.time.drift_ppm = {"fast": 200.0, "slow": -200.0, "unreadable and fast": 200.0}.get(clock, 0.0)
    if clock == "standing":
        camera.time.stop(camera.clock.now() + 0.5)
    if clock == "of another kind":
        camera.frame_time_unit_s = 0.001
    if clock.startswith("unreadable"):
        rig.library.missing_functions.add("PxLGetCurrentTimestamp")


def capture(rig: Rig, exposure_ms: float | None, gain_db: float | None) -> Captured:
    asked_at_s = time.perf_counter()
    frame = rig.service.capture(exposure_ms, gain_db)
    asked = (SHARED.exposure_ms if exposure_ms is None else exposure_ms, SHARED.gain_db if gain_db is None else gain_db)
    return Captured(*asked, asked_at_s, time.perf_counter(), frame)


def capture_often(rig: Rig, clock: str, seed: int) -> list[Captured]:
    """Capture, with pauses in which the program may read the camera's clock."""
    chance, captured = random.Random(seed), []
    for _ in range(CAPTURES_EACH):
        captured.append(capture(rig, *chance.choice(WISHES)))
        if clock == "set" and seed % CLIENTS == 0:
            rig.camera.time.set_forward(chance.choice((-0.3, -0.02, 0.004, 0.02, 0.05, 0.3)), time.perf_counter())
        until_s = time.perf_counter() + chance.choice((0.0, 0.0, 0.05, 0.2))
        wait_until(lambda until_s=until_s: time.perf_counter() >= until_s)
    return captured


def assert_true(rig: Rig, one: Captured) -> None:
    exposure = rig.exposure_of(one.frame, one.answered_at_s)
    assert exposure.exposure_s * 1000 == pytest.approx(one.exposure_ms, rel=1e-4), one
    assert exposure.gain_db == pytest.approx(one.gain_db, abs=0.001), one
    early_ms = (one.asked_at_s - exposure.started_at) * 1000
    assert early_ms <= 0, f"exposed {early_ms:.3f} ms before it was asked for"


@pytest.mark.parametrize(("clock", "latch_frames"), MODELS)
def test_no_frame_is_stale_or_has_other_settings(tmp_path, clock, latch_frames):
    seed = ALL.index((clock, latch_frames))
    chance = random.Random(seed)
    with rigged(tmp_path, UNHURRIED, row_time_s=chance.choice((1e-5, 8e-5))) as rig:
        arrange(rig, clock, latch_frames, chance)
        capture(rig, None, None)
        with rig.service.watching() if chance.random() < 0.5 else nullcontext():
            people = [Asking(lambda one=one: capture_often(rig, clock, CLIENTS * seed + one)) for one in range(CLIENTS)]
            captured = [one for person in people for one in person.join(120.0).answer()]
        for one in captured:
            assert_true(rig, one)
        assert len({(one.frame.descriptor.frame_number, one.frame.captured_at) for one in captured}) == len(captured)


def found_by(rig: Rig) -> ClockReport:
    """Return the report after the camera was watched for a while."""
    with rig.service.watching():
        return rig.wait_for_status(lambda status: status.clock and status.clock.settle_frames, 60.0).clock


@pytest.mark.parametrize("marks", ["start", "end"])
def test_what_was_found_is_reported(tmp_path, marks):
    with rigged(tmp_path, UNHURRIED, row_time_s=5e-4) as rig:
        rig.camera.frame_time_marks, rig.camera.stream_start_s = marks, 0.2
        rig.camera.time.set_forward(1000.0, rig.camera.clock.now())
        found = found_by(rig)
        before_s, camera_s, after_s = time.perf_counter(), rig.camera.timestamp_s, time.perf_counter()
    # The clocks may have drifted since the report, so allow 10 ms.
    assert found.offset.least_s - 0.01 <= after_s - camera_s
    assert before_s - camera_s <= found.offset.most_s + 0.01
    assert found.restart_ms >= 200
    # At least two frames. A long exposure begins during the read-out of the frame before, up to one frame earlier.
    assert found.settle_frames > 1.0
    assert found.step_ms > 0
    assert found.readout_ms == pytest.approx(32, abs=1)
    assert found.contradictions == 0


def test_if_the_clock_cannot_be_read_a_probe_dates_the_frames(tmp_path):
    with rigged(tmp_path, UNHURRIED, row_time_s=5e-4) as rig:
        rig.library.missing_functions.add("PxLGetCurrentTimestamp")
        rig.camera.stream_start_s = 2.0
        found = found_by(rig)
    assert found.offset is None
    assert 0 < found.step_ms <= 0.1 + 1e-6
    assert found.uncertainty_ms < 1000, "as much as the stream took to start"


def test_a_camera_that_takes_no_step_is_dated_safely(tmp_path):
    with rigged(tmp_path, UNHURRIED, exposure_limits_s=(0.002, 0.002)) as rig:
        rig.library.missing_functions.add("PxLGetCurrentTimestamp")
        with rig.service.watching():
            found = rig.wait_for_status(lambda status: status.clock).clock
            for _ in range(10):
                assert_true(rig, capture(rig, None, None))
    assert found.step_ms is None


def test_a_coarse_step_is_found(tmp_path):
    with rigged(tmp_path, UNHURRIED, exposure_step_s=0.002) as rig:
        rig.library.missing_functions.add("PxLGetCurrentTimestamp")
        assert found_by(rig).step_ms == pytest.approx(2.0)


@pytest.mark.parametrize("is_readable", [True, False])
def test_nobody_sees_a_frame_of_a_probe(tmp_path, is_readable):
    with rigged(tmp_path, UNHURRIED, row_time_s=1e-4) as rig:
        if not is_readable:
            rig.library.missing_functions.add("PxLGetCurrentTimestamp")
        seen, newest = set(), 0
        with rig.service.watching():
            while not (rig.service.status().clock and rig.service.status().clock.settle_frames):
                frame = rig.service.wait_for_newest(newest, 10.0)
                newest = frame.count
                seen.add(frame.raw.descriptor.exposure_ms)
        exposed_ms = {round(exposure.exposure_s * 1000, 3) for exposure in rig.camera.exposures}
    assert seen == {2.0}
    assert len(exposed_ms) > 1
