"""Promise 4 for the camera: users are told of a fault, it does no harm, and it ends by itself when its cause is
gone."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from camera import errors
from camera.engine.frame_loop import Timing
from camera.tests.rig import PATIENCE_S, STEADY, Asking, holder_of, rigged, took_s, wait_until
from camera.tests.standin.codes import ReturnCode
from camera.tests.standin.loading import no_library


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path, STEADY) as rig:
        yield rig


class TestTries:
    @pytest.mark.parametrize("failures", [1, 2, 3])
    @pytest.mark.parametrize("fault", ["time_out", "break_frames", "garble_descriptors"])
    def test_a_passing_failure_costs_a_try(self, rig, fault, failures):
        rig.service.limits()
        getattr(rig.camera.faults, fault)(failures)
        assert rig.service.capture().tries == failures + 1

    @pytest.mark.parametrize("fault", ["time_out", "break_frames"])
    def test_four_failures_are_an_error_and_the_next_capture_works(self, rig, fault):
        rig.service.limits()
        getattr(rig.camera.faults, fault)(4)
        with pytest.raises(errors.CaptureFailed, match="4 tries"):
            rig.service.capture()
        assert rig.service.status().is_well
        assert rig.service.capture().tries == 1
        assert rig.count("PxLInitializeEx") == 1

    def test_others_in_line_are_not_harmed(self, rig):
        rig.service.limits()
        rig.camera.faults.time_out(4, after_s=0.02)
        unlucky = Asking(lambda: rig.service.capture(5.0))
        wait_until(lambda: rig.count("PxLGetNextFrame"))
        lucky = Asking(lambda: rig.service.capture(3.0))
        assert isinstance(unlucky.join().problem, errors.CaptureFailed)
        assert lucky.answer().tries == 1

    def test_lost_frames_are_a_success_that_is_recorded(self, rig):
        rig.camera.faults.lose_frames(2, grabs=50)
        frame = rig.service.capture()
        assert (frame.tries, frame.descriptor.driver_status) == (1, "ApiSuccessWithFrameLoss")

    def test_a_camera_that_never_shows_the_settings_is_an_error(self, rig):
        rig.service.limits()
        rig.camera.faults.garble_descriptors(1000, {"Shutter.fValue": 0.009})
        with pytest.raises(errors.CaptureFailed, match=r"was set to 2 ms .* frames say 9 ms"):
            rig.service.capture()
        rig.camera.faults.clear()
        assert rig.service.capture().descriptor.exposure_ms == 2.0

    def test_a_camera_that_always_fails_is_reopened_slowly(self, rig):
        rig.service.limits()
        rig.camera.faults.time_out(10_000)
        with rig.service.watching():
            status = rig.wait_for_state("fault", "reopening")
        assert status.cause.code == "camera_lost"
        assert rig.count("PxLInitializeEx") <= 2
        rig.camera.faults.clear()
        rig.wait_for_state("ready", "streaming")
        assert rig.service.capture()


class TestUnplugged:
    def test_while_closed(self, rig):
        rig.library.unplug(rig.camera)
        with pytest.raises(errors.CameraNotFound, match="No camera"):
            rig.service.capture()
        rig.library.plug(rig.camera)
        wait_until(lambda: rig.service.status().state == "ready")
        assert rig.service.capture()

    def test_an_idle_camera_that_is_lost_is_noticed_and_reopened(self, tmp_path):
        with rigged(tmp_path, Timing(call_timeout_s=5.0, keep_streaming_s=0.0)) as rig:
            rig.service.limits()
            rig.wait_for_state("ready")
            rig.library.unplug(rig.camera)
            status = rig.wait_for_state("fault", "reopening")
            assert isinstance(status.cause, errors.CameraUnavailable)
            since = status.since
            wait_until(lambda: rig.count("PxLInitializeEx") >= 2)
            again = rig.service.status()
            assert again.cause is not None
            assert abs((again.since - since).total_seconds()) < 0.4
            rig.library.plug(rig.camera)
            assert rig.wait_for_state("ready", "streaming").cause is None

    def test_while_streaming_it_ends_the_watching_with_the_cause(self, rig):
        with rig.service.watching():
            seen = rig.service.wait_for_newest(0, PATIENCE_S)
            rig.library.unplug(rig.camera)
            rig.wait_for_state("fault", "reopening")
            with pytest.raises(errors.CameraUnavailable):
                rig.service.wait_for_newest(seen.count - 1, PATIENCE_S)
            rig.library.plug(rig.camera)
            rig.wait_for_state("streaming")
            assert rig.service.wait_for_newest(seen.count, PATIENCE_S)

    @pytest.mark.parametrize(
        "code",
        [
            ReturnCode.ApiNoCameraError,
            ReturnCode.ApiInvalidHandleError,
            ReturnCode.ApiHardwareError,
            ReturnCode.ApiIOError,
            ReturnCode.ApiNoDeviceError,
        ],
    )
    def test_in_the_middle_of_an_exposure(self, rig, code):
        rig.camera.unplugged_code = code
        request = Asking(lambda: rig.service.capture(9000.0))
        assert rig.camera.wait_until_grabbing()
        rig.library.unplug(rig.camera)
        assert isinstance(request.join().problem, errors.CameraLost)
        assert request.took_s < 6
        assert rig.service.status().cause

    @pytest.mark.parametrize("function", ["PxLSetFeature", "PxLGetFeature", "PxLSetStreamState"])
    def test_in_the_middle_of_a_call(self, rig, function):
        rig.service.limits()
        rig.camera.hang(function)
        request = Asking(lambda: rig.service.capture(7.0))
        assert rig.camera.gates.wait_until_hanging(function)
        rig.library.unplug(rig.camera)
        rig.camera.release()
        assert isinstance(request.join().problem, errors.CameraUnavailable)
        rig.library.plug(rig.camera)
        rig.wait_for_state("ready", "streaming")

    def test_the_shared_settings_are_in_force_again_after_it_came_back(self, rig):
        rig.service.configure(4.0, 6.0)
        rig.service.capture()
        rig.library.unplug(rig.camera)
        rig.wait_for_state("fault", "reopening")
        rig.library.plug(rig.camera)
        rig.wait_for_state("ready", "streaming")
        assert rig.camera.settings.exposure_s == pytest.approx(0.004)
        taken = rig.service.capture().descriptor
        assert (taken.exposure_ms, taken.gain_db) == (4.0, 6.0)

    def test_a_real_camera_that_was_seen_is_never_replaced_by_a_drawing(self, tmp_path):
        with rigged(tmp_path, STEADY, mode="auto") as rig:
            assert not rig.service.capture().is_simulated
            rig.library.unplug(rig.camera)
            rig.wait_for_state("fault", "reopening")
            with pytest.raises(errors.CameraUnavailable):
                rig.service.capture()
            rig.library.plug(rig.camera)
            rig.wait_for_state("ready", "streaming")
            assert not rig.service.capture().is_simulated

    def test_a_frame_keeps_its_source_when_the_camera_goes_before_it_is_developed(self, rig):
        frame = rig.service.capture()
        rig.library.unplug(rig.camera)
        rig.wait_for_state("fault", "reopening")
        assert (frame.driver, frame.camera.serial_number) == ("pixelink", str(rig.camera.serial))

    def test_what_was_lost_is_forgotten_however_often(self, rig):
        for _ in range(4):
            rig.service.capture()
            rig.library.unplug(rig.camera)
            rig.wait_for_state("fault", "reopening")
            rig.library.plug(rig.camera)
            rig.wait_for_state("ready", "streaming")
        rig.wait_until_former_drivers_are_forgotten()


class TestNoCamera:
    def test_every_request_gets_the_cause_within_a_second_and_the_library_is_not_hammered(self, tmp_path):
        with rigged(tmp_path, Timing(), is_plugged=False) as rig:
            until_s = time.perf_counter() + 1
            asked = 0
            while time.perf_counter() < until_s:
                with pytest.raises(errors.CameraNotFound):
                    assert took_s(rig.service.capture) < 3
                asked += 1
            assert asked > 10
            assert rig.count("PxLInitializeEx") <= 1 / 0.25 + 2

    def test_without_requests_it_is_tried_less_and_less_often(self, tmp_path):
        with rigged(tmp_path, Timing(), is_plugged=False) as rig:
            rig.service.open_soon()
            waits_s = []
            for tries in (1, 2, 3):
                wait_until(lambda tries=tries: rig.count("PxLInitializeEx") >= tries)
                waits_s.append(rig.wait_for_state("fault").next_try_in_s)
            assert 0.2 < waits_s[0] <= 0.5 < waits_s[1] <= 1.0 < waits_s[2] <= 2.0

    def test_the_library_is_installed_later(self, tmp_path):
        with rigged(tmp_path, STEADY) as rig:
            with no_library():
                with pytest.raises(errors.CameraLibraryMissing):
                    rig.service.capture()
                assert rig.service.status().cause.code == "camera_library_missing"
            rig.wait_for_state("ready")
            assert rig.service.capture()

    def test_an_error_that_many_threads_raise_does_not_grow(self, tmp_path):
        with rigged(tmp_path, STEADY, is_plugged=False) as rig:
            for _ in range(5):
                with pytest.raises(errors.CameraNotFound):
                    rig.service.capture()
            assert rig.service.status().cause.__traceback__ is None or _depth(rig.service.status().cause) < 20


class TestTaken:
    def test_by_another_program(self, rig):
        rig.camera.in_use_elsewhere = True
        with pytest.raises(errors.CameraInUse, match="Another program"):
            rig.service.capture()
        rig.camera.in_use_elsewhere = False
        rig.wait_for_state("ready")
        assert rig.service.capture()

    def test_by_another_process_which_is_named(self, rig):
        with OtherProcess(rig.folder) as other:
            assert holder_of(rig.folder) == other.pid
            with pytest.raises(errors.CameraInUse, match=rf"in use by process {other.pid} \(the other one\)"):
                rig.service.capture()
            assert rig.count("PxLInitializeEx") == 0
        assert rig.wait_for_state("ready")
        assert rig.service.capture()


_HOLD = """
import sys, pathlib
from camera.engine.process_lock import CameraLock
lock = CameraLock(pathlib.Path(sys.argv[1]))
lock.acquire("the other one")
print("held", flush=True)
sys.stdin.read()
"""


class OtherProcess:
    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def __enter__(self) -> subprocess.Popen:
        assert self._process.stdout.readline() == "held\n"
        return self._process

    def __exit__(self, *_) -> None:
        self._process.kill()
        self._process.communicate()


def _depth(problem: BaseException) -> int:
    trace, depth = problem.__traceback__, 0
    while trace is not None:
        trace, depth = trace.tb_next, depth + 1
    return depth
