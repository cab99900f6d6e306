"""Frames that wait for a writer are bounded, by their bytes. The thread that brings them does not wake up for each."""

import threading

import pytest

from images.capture.keep_burst import MAX_WAITING, MIN_WAITING, FrameRoom


@pytest.mark.parametrize(
    ("bytes_per_frame", "places"),
    [(1, MAX_WAITING), (2_000_000, 25), (10_000_000, 5), (40_000_000, MIN_WAITING), (10**9, MIN_WAITING)],
)
def test_small_frames_have_more_places(bytes_per_frame, places):
    assert FrameRoom(bytes_per_frame).places == places


def test_once_all_places_are_taken_the_next_frame_enters_when_half_are_free():
    room = FrameRoom(10_000_000)
    for _ in range(room.places):
        room.enter()
    has_entered = threading.Event()
    threading.Thread(target=lambda: (room.enter(), has_entered.set()), daemon=True).start()
    room.leave()
    room.leave()
    assert not has_entered.wait(0.3)
    room.leave()
    assert has_entered.wait(60)
