"""A burst: every frame of the stream comes out of it, or is told as lost, by the camera's own numbers."""

import time
from itertools import pairwise

import pytest

from camera.engine.bursting import SHOW_EVERY_S
from camera.engine.frame_ring import LossCause, LostFrames
from camera.errors import CameraBusy, CameraError, CameraLost, SettingOutOfRange
from camera.results.burst import Burst
from camera.results.taken_frame import TakenFrame
from camera.tests.rig import PATIENCE_S, STEADY, rigged, wait_until


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path, STEADY) as rig:
        yield rig


def take_all(burst: Burst) -> list[TakenFrame | LostFrames]:
    """Until it is over. Raises what the camera raised."""
    items = []
    until_s = time.perf_counter() + PATIENCE_S
    while (item := burst.take(1.0)) is not None or not burst.is_over:
        assert time.perf_counter() < until_s, "it did not end in time"
        items += [item] if item else []
    return items


def numbers_of(items: list[TakenFrame | LostFrames]) -> list[int]:
    found: list[int] = []
    for item in items:
        is_lost = isinstance(item, LostFrames)
        found += range(item.first_number, item.last_number + 1) if is_lost else [item.raw.descriptor.frame_number]
    return found


def assert_consecutive(items: list[TakenFrame | LostFrames], count: int) -> None:
    numbers = numbers_of(items)
    assert numbers == list(range(numbers[0], numbers[0] + count))


def test_every_frame_of_the_stream_is_taken_or_told_as_lost(rig):
    burst = rig.service.begin_burst(60, 60, 3.0, 6.0)
    items = take_all(burst)
    assert_consecutive(items, 60)
    frames = [item for item in items if isinstance(item, TakenFrame)]
    assert {(one.raw.descriptor.exposure_ms, round(one.raw.descriptor.gain_db, 3)) for one in frames} == {(3.0, 6.0)}
    assert [one.captured_at for one in frames] == sorted(one.captured_at for one in frames)
    for one in frames:
        exposure = rig.exposure_of(one.develop())
        assert exposure.exposure_s * 1000 == pytest.approx(3.0, rel=1e-4)


def test_frames_that_the_camera_lost_come_out_with_their_numbers(rig):
    burst = rig.service.begin_burst(60, 60)
    first = burst.take(PATIENCE_S)
    assert isinstance(first, TakenFrame)
    rig.camera.faults.lose_frames(4)
    items = [first, *take_all(burst)]
    assert_consecutive(items, 60)
    lost = [item for item in items if isinstance(item, LostFrames)]
    assert {one.cause for one in lost} == {LossCause.CAMERA}
    assert any(one.count >= 4 for one in lost)


def test_a_full_ring_never_holds_up_the_stream_and_what_it_cannot_hold_is_told(rig):
    burst = rig.service.begin_burst(80, 5)
    wait_until(lambda: burst.is_over)  # nobody took a frame meanwhile
    items = take_all(burst)
    assert_consecutive(items, 80)
    assert sum(isinstance(item, TakenFrame) for item in items) == 5
    lost = [item for item in items if isinstance(item, LostFrames)]
    assert sum(one.count for one in lost) == 75
    assert LossCause.MEMORY in {one.cause for one in lost}


def test_while_a_burst_runs_others_are_told_that_the_camera_is_busy(rig):
    burst = rig.service.begin_burst(100_000, 10)
    assert isinstance(burst.take(PATIENCE_S), TakenFrame)
    for ask in (rig.service.capture, rig.service.configure):
        with pytest.raises(CameraBusy):
            ask(4.0)
    burst.close()
    wait_until(lambda: captures(rig))


def test_watchers_see_some_frames_of_a_burst_with_an_exposure_of_its_own(rig):
    with rig.service.watching():
        burst = rig.service.begin_burst(100_000, 10, 4.0, 6.0)
        first = burst.take(PATIENCE_S)
        seen, count = [], rig.service.newest_count
        while sum(one.raw.descriptor.exposure_ms == 4.0 for one in seen) < 2:
            newest = rig.service.wait_for_newest(count, PATIENCE_S)
            assert newest is not None, "the picture stands still"
            count, seen = newest.count, [*seen, newest]
        shown = [one.raw for one in seen if one.raw.descriptor.exposure_ms == 4.0]
        assert all(raw.descriptor.frame_number >= first.raw.descriptor.frame_number for raw in shown)
        assert all(later.received_at_s - raw.received_at_s >= SHOW_EVERY_S for raw, later in pairwise(shown))
        burst.close()


def captures(rig) -> bool:
    try:
        return rig.service.capture(4.0).descriptor.exposure_ms == 4.0
    except CameraBusy:
        return False


def test_after_the_camera_was_unplugged_its_last_frames_come_out_and_then_the_error(rig):
    burst = rig.service.begin_burst(100_000, 1000)
    assert isinstance(burst.take(PATIENCE_S), TakenFrame)
    rig.library.unplug(rig.camera)
    with pytest.raises(CameraLost):
        take_all(burst)


def test_a_stream_that_counts_anew_ends_the_burst(rig):
    burst = rig.service.begin_burst(100_000, 1000)
    assert isinstance(burst.take(PATIENCE_S), TakenFrame)
    rig.camera.faults.time_out(grabs=4)
    with pytest.raises(CameraError):
        take_all(burst)
    assert rig.service.capture().descriptor.exposure_ms == 2.0


def test_nonsense_is_refused_before_anything_begins(rig):
    rig.service.limits()
    with pytest.raises(SettingOutOfRange):
        rig.service.begin_burst(10, 10, -1.0)
