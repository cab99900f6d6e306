"""One process at a time uses the camera, and an installation remembers that it has had a real one."""

import logging
import os
import threading

import pytest

from camera import errors
from camera.drivers.seen_camera import SeenCamera
from camera.engine.process_lock import CameraLock
from camera.frame import CameraIdentity

IDENTITY = CameraIdentity("PixeLINK", "PL-D725", "725001234")


def test_the_second_process_is_told_who_has_the_camera(tmp_path):
    first, second = CameraLock(tmp_path), CameraLock(tmp_path)
    first.acquire("the server")
    with pytest.raises(errors.CameraInUse, match=rf"process {os.getpid()} \(the server\)"):
        second.acquire("a command")
    first.release()
    second.acquire("a command")
    second.release()


def test_taking_it_twice_is_having_it_once(tmp_path):
    lock = CameraLock(tmp_path)
    lock.acquire("a test")
    lock.acquire("a test")
    assert lock.is_held
    lock.release()
    lock.release()
    assert not lock.is_held
    assert not (tmp_path / "camera.holder.json").exists()


def test_another_thread_may_give_it_back(tmp_path):
    lock = CameraLock(tmp_path)
    lock.acquire("a test")
    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()
    CameraLock(tmp_path).acquire("the next")


def test_a_holder_that_left_no_readable_name_is_still_a_holder(tmp_path):
    lock = CameraLock(tmp_path)
    lock.acquire("a test")
    (tmp_path / "camera.holder.json").write_text("{")
    with pytest.raises(errors.CameraInUse, match="another process"):
        CameraLock(tmp_path).acquire("the next")
    lock.release()


def test_a_folder_that_cannot_be_is_said_in_a_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(errors.CameraUnavailable, match="data folder cannot be written"):
        CameraLock(tmp_path / "file").acquire("a test")


def test_a_camera_once_seen_is_known_after_a_restart(tmp_path):
    assert SeenCamera(tmp_path).recall() is None
    SeenCamera(tmp_path).remember(IDENTITY)
    assert SeenCamera(tmp_path).recall() == "PL-D725 725001234"


def test_a_spoilt_memory_counts_as_one(tmp_path):
    (tmp_path / "camera-seen.json").write_text("[]")
    assert SeenCamera(tmp_path).recall() == "a real camera"


def test_a_memory_that_cannot_be_written_lasts_for_this_run(tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    seen = SeenCamera(tmp_path / "file")
    with caplog.at_level(logging.ERROR):
        seen.remember(IDENTITY)
    assert seen.recall() == "PL-D725 725001234"
    assert "Cannot write" in caplog.text
