"""A simulated camera gives way to a real one that was plugged in later, if somebody looks for it."""

import threading

import pytest

from camera.tests.rig import STEADY, rigged, wait_until


@pytest.fixture
def rig(tmp_path):
    """No camera is plugged in, and the service may simulate one."""
    with rigged(tmp_path, STEADY, mode="auto") as rig:
        rig.library.unplug(rig.camera)
        rig.service.limits()
        assert rig.service.status().is_simulated
        yield rig


def is_real(rig) -> bool:
    status = rig.service.status()
    return status.driver == "pixelink" and status.state in ("ready", "streaming")


def test_a_camera_that_was_plugged_in_is_found_without_a_restart(rig):
    rig.library.plug(rig.camera)
    rig.service.look_again()
    wait_until(lambda: is_real(rig))
    assert not rig.service.capture().is_simulated


def test_if_there_is_still_none_the_simulated_one_goes_on(rig):
    before = rig.service.status().since
    rig.service.look_again()
    wait_until(lambda: rig.service.status().since > before and rig.service.status().state == "ready")
    assert rig.service.status().is_simulated
    assert rig.service.capture() is not None


def test_captures_that_wait_meanwhile_are_taken(rig):
    frames = []
    askers = [threading.Thread(target=lambda: frames.append(rig.service.capture())) for _ in range(4)]
    for asker in askers:
        asker.start()
    rig.service.look_again()
    for asker in askers:
        asker.join(30)
    assert len(frames) == 4


def test_a_watcher_sees_the_real_camera_then(rig):
    with rig.service.watching():
        assert rig.service.wait_for_newest(after=0, timeout_s=20)
        rig.library.plug(rig.camera)
        rig.service.look_again()
        wait_until(lambda: is_real(rig))
        newest = rig.service.wait_for_newest(after=rig.service.newest_count, timeout_s=20)
    assert newest and not newest.source.is_simulated


def test_a_real_camera_stays_open(rig):
    rig.library.plug(rig.camera)
    rig.service.look_again()
    wait_until(lambda: is_real(rig))
    opened = rig.count("PxLInitializeEx")
    rig.service.look_again()
    rig.service.capture()
    assert rig.count("PxLInitializeEx") == opened


def test_a_closed_camera_is_not_looked_for(rig):
    rig.service.close()
    rig.service.look_again()
    assert rig.service.status().state == "closed"
