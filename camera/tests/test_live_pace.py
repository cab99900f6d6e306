"""How many pictures a second are shown, and which: the most that are allowed on average, and each while it is new."""

from contextlib import closing

import pytest

from camera.live.view import LiveView, Pace


def shown(fps: float, most_fps: float, seconds: float) -> list[float]:
    pace = Pace(most_fps)
    return [at_s for at_s in (number / fps for number in range(int(fps * seconds))) if pace.lets(at_s)]


@pytest.mark.parametrize("fps", [31, 34, 45, 60, 200])
def test_a_faster_camera_is_shown_at_the_most_that_is_allowed(fps):
    assert len(shown(fps, most_fps=30, seconds=20)) == pytest.approx(600, abs=2)


@pytest.mark.parametrize("fps", [0.5, 10, 29.97, 30])
def test_of_a_camera_that_is_not_faster_no_frame_is_left_out(fps):
    assert len(shown(fps, most_fps=30, seconds=20)) == int(fps * 20)


def test_after_a_pause_there_is_nothing_to_make_up_for():
    pace = Pace(10)
    assert pace.lets(0) and pace.lets(100)
    assert [pace.lets(100 + number / 100) for number in range(20)].count(True) <= 3


def test_a_change_shows_within_two_frames(camera):
    """Two frames after the change may still be old, because the simulated camera applies settings that late."""
    camera.configure(exposure_ms=40.0)
    live = LiveView(camera, most_watchers=1, most_fps=30)
    with closing(live.watch()) as watcher:
        watcher.wait_for_first()
        for exposure_ms in (41.0, 42.0, 43.0, 44.0):
            camera.configure(exposure_ms=exposure_ms)
            before = camera.newest_count
            shown = (next(watcher) for _ in range(20))
            changed = next(one for one in shown if one.raw.descriptor.exposure_ms == exposure_ms)
            assert changed.count - before <= 3  # the frame in progress, and two more
    live.close()
