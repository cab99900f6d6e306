"""A call into the vendor's library that does not return: every user gets an answer in time, and no restart is
needed."""

import threading
from itertools import count

import pytest

from camera import errors
from camera.engine.frame_loop import MAX_STUCK_THREADS
from camera.tests.rig import PATIENCE_S, QUICK, Asking, rigged, took_s, wait_until

BOUND_S = 3.0  # generous for a busy machine; without the watchdog the wait would not end


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path) as rig:
        yield rig


def assert_hang_is_told(rig, function: str) -> None:
    rig.camera.hang(function)
    exposure_ms = count(3)
    people = [Asking(lambda: rig.service.capture(float(next(exposure_ms)))) for _ in range(3)]
    # Whoever asks only after the camera was given up is told that the call which hangs still has it.
    kinds = {type(person.join().problem) for person in people}
    assert errors.CameraNotResponding in kinds and kinds <= {errors.CameraNotResponding, errors.CameraInUse}
    assert all(person.took_s < QUICK.call_timeout_s + BOUND_S for person in people)
    status = rig.wait_for_state("fault", "reopening")
    assert isinstance(status.cause, errors.CameraUnavailable)


def watch_to_the_end(rig) -> None:
    seen = 0
    while frame := rig.service.wait_for_newest(seen, PATIENCE_S):
        seen = frame.count


def assert_refused_in_time(rig) -> None:
    request = Asking(rig.service.capture).join()
    assert isinstance(request.problem, errors.CameraUnavailable)
    assert request.took_s < BOUND_S


def assert_works_again(rig) -> None:
    rig.camera.release()
    rig.wait_for_state("ready", "streaming")
    assert rig.service.capture(5.0).descriptor.exposure_ms == 5.0
    wait_until(lambda: len(rig.library.open_handles) == 1)


@pytest.mark.parametrize(
    "function", ["PxLInitializeEx", "PxLGetCameraInfoEx", "PxLGetFeature", "PxLSetFeature", "PxLSetStreamState"]
)
def test_while_opening(rig, function):
    assert_hang_is_told(rig, function)
    assert_works_again(rig)


@pytest.mark.parametrize("function", ["PxLGetFeature", "PxLSetFeature", "PxLGetNextFrame"])
def test_while_streaming(rig, function):
    rig.service.capture()
    assert_hang_is_told(rig, function)
    assert_works_again(rig)


@pytest.mark.parametrize("function", ["PxLSetStreamState", "PxLUninitialize"])
def test_while_giving_back_a_lost_camera(rig, function):
    rig.service.capture()
    rig.camera.hang(function)
    rig.library.unplug(rig.camera)
    assert rig.camera.gates.wait_until_hanging(function)
    assert_refused_in_time(rig)
    rig.library.plug(rig.camera)
    assert_works_again(rig)


def test_stopping_an_idle_stream(rig):
    rig.service.capture()
    rig.camera.hang("PxLSetStreamState")
    assert rig.camera.gates.wait_until_hanging("PxLSetStreamState")
    assert rig.wait_for_state("fault", "reopening").cause.code in ("camera_not_responding", "camera_in_use")
    assert_works_again(rig)


def test_the_status_shows_it_without_a_request(rig):
    rig.service.limits()
    rig.camera.hang("PxLSetFeature")
    Asking(lambda: rig.service.configure(9.0))
    assert rig.camera.gates.wait_until_hanging("PxLSetFeature")
    status = rig.wait_for_state("fault")
    assert status.cause.code == "camera_not_responding"
    assert took_s(rig.service.status) < BOUND_S


def test_watchers_get_an_error_and_then_frames_again(rig):
    with rig.service.watching():
        seen = rig.service.wait_for_newest(0, PATIENCE_S)
        rig.camera.hang("PxLGetNextFrame")
        watching = Asking(lambda: watch_to_the_end(rig))
        assert isinstance(watching.join().problem, errors.CameraUnavailable)
        rig.camera.release()
        rig.wait_for_state("streaming")
        last = rig.service.newest_count
        assert last >= seen.count
        assert rig.service.wait_for_newest(last, PATIENCE_S).count > last
    assert rig.service.status().watchers == 0
    rig.wait_for_state("ready")


def test_requests_meanwhile_get_the_cause_at_once_or_in_time(rig):
    rig.service.limits()
    assert_hang_is_told(rig, "PxLSetFeature")
    for _ in range(3):
        assert_refused_in_time(rig)
    assert_works_again(rig)


def test_the_number_of_hanging_threads_is_limited(rig):
    rig.camera.hang("PxLInitializeEx")
    for _ in range(8):
        assert_refused_in_time(rig)
    assert rig.count("PxLInitializeEx") <= MAX_STUCK_THREADS + 1
    camera_threads = [thread for thread in threading.enumerate() if thread.name == "camera"]
    assert len(camera_threads) <= MAX_STUCK_THREADS + 1
    assert_works_again(rig)


def test_what_was_given_up_is_forgotten_once_it_returns(rig):
    for _ in range(4):
        rig.service.capture()
        assert_hang_is_told(rig, "PxLGetNextFrame")
        assert_works_again(rig)
    rig.wait_until_former_drivers_are_forgotten()


def test_a_long_exposure_is_no_hang(rig):
    assert rig.service.capture(2500.0).descriptor.exposure_ms == 2500.0


def test_ending_the_program_while_a_call_hangs(rig):
    rig.service.limits()
    rig.camera.hang("PxLSetFeature")
    request = Asking(lambda: rig.service.capture(9.0))
    assert rig.camera.gates.wait_until_hanging("PxLSetFeature")
    assert took_s(lambda: rig.service.close(timeout_s=0.2)) < BOUND_S
    assert isinstance(request.join().problem, errors.CameraUnavailable)
    rig.camera.release()
    wait_until(lambda: not rig.library.open_handles)


def test_ending_the_program_does_not_wait_for_a_call_that_opens(rig):
    rig.camera.hang("PxLInitializeEx")
    rig.service.open_soon()
    assert rig.camera.gates.wait_until_hanging("PxLInitializeEx", PATIENCE_S)
    an_hour_s = 3600
    assert Asking(lambda: rig.service.close(an_hour_s)).join().problem is None
