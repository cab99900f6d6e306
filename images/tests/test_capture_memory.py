"""Only a few frames have pixels at once, no frame keeps them too long, and no client gets another's frame."""

import gc
import os
import resource
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import numpy as np
import pytest
from django.db import connections
from PIL import Image as Picture

from camera.registry import the_instrument
from camera.results.taken_frame import TakenFrame
from camera.tests.rig import wait_until
from images.capture.capture import capture_image
from images.errors import StorageUnavailable
from images.index import thumbnails
from images.library import the_library
from images.tests.frames import TAKEN_AT, make_frame, make_taken
from images.tests.test_storage import limited

CLIENTS = 8
AT_ONCE = max(os.cpu_count() or 1, 1)
# One frame is with the thumbnail thread, and others wait for that thread.
FOR_THUMBNAILS = thumbnails.MAX_WAITING + 1


class CountingCamera:
    """Hands out frames, each filled with the next value, and counts the frames whose pixels exist."""

    def __init__(self, frames_wanted: int) -> None:
        self._together = threading.Barrier(frames_wanted)
        # Reentrant, because the garbage collector may call _note_end while this thread holds the lock.
        self._lock = threading.RLock()
        self._taken = 0
        self.alive = self.most_alive = 0

    def take(self, *asked: float | None) -> TakenFrame:
        """Return when all clients have a frame, so that they would all develop at once if the program let them."""
        with self._lock:
            self._taken += 1
            value = self._taken
        self._together.wait(30)
        frame = make_frame(taken_at=TAKEN_AT + timedelta(seconds=value), frame_number=value)
        return make_taken(frame, lambda: self._develop(value))

    def _develop(self, value: int) -> np.ndarray:
        pixels = np.full((48, 64, 3), value, np.uint8)
        with self._lock:
            self.alive += 1
            self.most_alive = max(self.alive, self.most_alive)
        weakref.finalize(pixels, self._note_end)
        return pixels

    def _note_end(self) -> None:
        with self._lock:
            self.alive -= 1


@pytest.fixture
def counting(camera, archive) -> CountingCamera:
    the_instrument().camera = CountingCamera(CLIENTS)
    return the_instrument().camera


def capture_together(operator, image_format: str) -> list:
    """Return what each client got: a record or an error."""

    def capture(_: int):
        try:
            return capture_image(by=operator, image_format=image_format)
        except StorageUnavailable as problem:
            return problem
        finally:
            connections.close_all()

    with ThreadPoolExecutor(CLIENTS) as clients:
        return list(clients.map(capture, range(CLIENTS)))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("image_format", ["jpg", "png", "tiff"])
def test_no_more_frames_have_pixels_than_are_encoded_or_wait_for_a_thumbnail(counting, operator, image_format):
    captured = capture_together(operator, image_format)
    assert 1 <= counting.most_alive <= AT_ONCE + FOR_THUMBNAILS
    wait_until(lambda: gc.collect() >= 0 and counting.alive == 0)
    for one in captured:
        with Picture.open(the_library().archive.path_of(one.kept.filename)) as picture:
            assert np.abs(np.asarray(picture).astype(int) - one.record["frame"]["number"]).max() <= 1


@pytest.mark.django_db(transaction=True)
def test_after_a_fault_nobody_keeps_pixels(counting, operator):
    with limited(resource.RLIMIT_FSIZE, 2_000):
        answers = capture_together(operator, "tiff")
    assert all(isinstance(answer, StorageUnavailable) for answer in answers)
    del answers
    wait_until(lambda: gc.collect() >= 0 and counting.alive == 0)
