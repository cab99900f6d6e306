"""The camera as the process sees it: it opens at its first use, its settings are shared, and it closes for good."""

import math
from dataclasses import replace

import pytest

from camera import errors
from camera.engine.frame_loop import Timing
from camera.tests.rig import PATIENCE_S, STEADY, Asking, rigged, took_s, wait_until
from camera.tests.standin.codes import FeatureId, ReturnCode

NONSENSE = [
    ({"exposure_ms": math.nan}, "exposure"),
    ({"exposure_ms": math.inf}, "exposure"),
    ({"exposure_ms": 0.0}, "exposure"),
    ({"exposure_ms": -5.0}, "exposure"),
    ({"exposure_ms": 0.009}, "exposure"),
    ({"exposure_ms": 10_001.0}, "exposure"),
    ({"gain_db": math.nan}, "gain"),
    ({"gain_db": -math.inf}, "gain"),
    ({"gain_db": -0.1}, "gain"),
    ({"gain_db": 18.1}, "gain"),
]


@pytest.fixture
def rig(tmp_path):
    with rigged(tmp_path, STEADY) as rig:
        yield rig


class TestOpening:
    def test_building_a_camera_opens_nothing(self, rig):
        assert rig.service.status().state == "closed"
        assert list(rig.library.calls) == []
        assert list(rig.folder.iterdir()) == []

    def test_it_opens_at_first_use(self, rig):
        assert rig.service.limits().exposure_ms.maximum == 10_000
        assert rig.service.status().state in ("ready", "streaming")
        assert rig.count("PxLInitializeEx") == 1

    def test_it_can_be_opened_ahead_of_use(self, rig):
        rig.service.open_soon()
        status = rig.wait_for_state("ready")
        assert (status.driver, status.identity.serial_number) == ("pixelink", str(rig.camera.serial))
        assert status.settings.exposure_ms == 2.0

    def test_defaults_beyond_the_cameras_limits_become_its_limits(self, tmp_path):
        with rigged(tmp_path, STEADY, exposure_limits_s=(0.005, 1.0)) as rig:
            assert rig.service.capture().descriptor.exposure_ms == 5.0

    def test_a_camera_that_refuses_the_defaults_keeps_its_own(self, rig):
        rig.camera.faults.answer("PxLSetFeature", ReturnCode.ApiCameraRejectedValueError, calls=1000)
        assert rig.service.capture().descriptor.exposure_ms == 10.0


class TestSettings:
    @pytest.mark.parametrize(("wish", "field"), NONSENSE)
    def test_nonsense_is_refused_with_the_limits_and_changes_nothing(self, rig, wish, field):
        before = rig.service.configure(4.0, 3.0)
        for ask in (rig.service.configure, rig.service.capture):
            with pytest.raises(errors.SettingOutOfRange) as refused:
                ask(**wish)
            assert list(refused.value.fields) == [field]
            limits = "0.01 and 10000 ms" if field == "exposure" else "0 and 18 dB"
            assert limits in str(refused.value)
        assert rig.service.status().settings == before
        assert rig.camera.settings.exposure_s == pytest.approx(0.004)

    def test_nonsense_is_refused_before_the_camera_was_ever_used(self, rig):
        with pytest.raises(errors.SettingOutOfRange):
            rig.service.capture(math.nan)

    def test_both_wrong_are_both_named(self, rig):
        with pytest.raises(errors.SettingOutOfRange) as refused:
            rig.service.configure(-1, -1)
        assert set(refused.value.fields) == {"exposure", "gain"}

    def test_what_the_camera_made_of_a_value_is_answered(self, rig):
        assert rig.service.configure(1.2345678).exposure_ms == 1.23

    def test_later_captures_without_values_use_them(self, rig):
        rig.service.capture()
        rig.service.configure(6.0, 3.0)
        taken = rig.service.capture().descriptor
        assert (taken.exposure_ms, taken.gain_db) == (6.0, 3.0)

    def test_one_alone_leaves_the_other(self, rig):
        rig.service.configure(6.0, 3.0)
        assert rig.service.configure(gain_db=1.0).exposure_ms == 6.0
        assert rig.service.configure().gain_db == 1.0

    def test_own_settings_of_a_capture_are_not_for_others(self, rig):
        rig.service.capture(9.0, 6.0)
        assert rig.service.status().settings.exposure_ms == 2.0
        taken = rig.service.capture().descriptor
        assert (taken.exposure_ms, taken.gain_db) == (2.0, 0.0)

    @pytest.mark.parametrize("ask", ["configure", "capture"])
    def test_a_gain_refused_after_the_exposure_was_taken_sets_both_back(self, rig, ask):
        # Frames without a time: otherwise a probe would run meanwhile, and would read the limits again.
        rig.camera.faults.garble_descriptors(100_000, {"dFrameTime": float("nan")})
        rig.service.capture()
        rig.camera.characteristics = replace(rig.camera.characteristics, gain_limits_db=(0.0, 6.0))
        with pytest.raises(errors.SettingRefused):
            getattr(rig.service, ask)(7.0, 12.0)
        assert rig.camera.settings.exposure_s == pytest.approx(0.002)
        assert rig.service.status().settings.exposure_ms == 2.0
        frame = rig.service.capture()
        assert (frame.descriptor.exposure_ms, frame.descriptor.gain_db, frame.tries) == (2.0, 0.0, 1)

    def test_a_camera_without_gain_takes_exposures(self, tmp_path):
        with rigged(tmp_path, STEADY, absent_features=frozenset({FeatureId.GAIN})) as rig:
            assert rig.service.capture(5.0).descriptor.exposure_ms == 5.0
            with pytest.raises(errors.SettingOutOfRange):
                rig.service.capture(5.0, 3.0)


class TestAStreamThatNobodyUses:
    def test_few_of_its_frames_are_taken_so_that_the_processor_is_free(self, tmp_path):
        with rigged(tmp_path, Timing(keep_streaming_s=0.5)) as rig:
            rig.service.capture()
            before = rig.count("PxLGetNextFrame")
            rig.wait_for_state("ready")
            assert rig.count("PxLGetNextFrame") - before < 20  # of the 250 frames that the camera exposed


class TestClosing:
    def test_a_camera_never_used(self, rig):
        rig.service.close()
        assert rig.count("PxLInitializeEx") == 0

    @pytest.mark.parametrize("exposure_ms", [None, 5000.0])
    def test_it_ends_soon_whatever_it_does(self, rig, exposure_ms):
        rig.service.capture()
        request = Asking(lambda: rig.service.capture(exposure_ms or 5000.0)) if exposure_ms else None
        wait_until(lambda: exposure_ms is None or rig.camera.settings.exposure_s == 5.0)
        assert rig.camera.wait_until_grabbing()
        assert took_s(rig.service.close) < 3.5
        assert request is None or isinstance(request.join().problem, errors.CameraClosed)
        assert rig.library.open_handles == []
        assert rig.service.status().state == "closed"

    def test_it_ends_soon_when_idle(self, tmp_path):
        with rigged(tmp_path, Timing(keep_streaming_s=0.0)) as rig:
            rig.service.limits()
            rig.wait_for_state("ready")
            assert took_s(rig.service.close) < 3.5
            assert rig.library.open_handles == []

    def test_waiting_requests_get_the_error(self, rig):
        people = [Asking(lambda ms=ms: rig.service.capture(ms)) for ms in (4000.0, 3000.0, 2.0)]
        assert rig.camera.wait_until_grabbing()
        rig.service.close()
        assert all(isinstance(person.join().problem, errors.CameraClosed) for person in people)

    def test_watchers_are_told(self, rig):
        with rig.service.watching():
            rig.service.wait_for_newest(0, PATIENCE_S)
            rig.service.close()
            with pytest.raises(errors.CameraClosed):
                rig.service.wait_for_newest(0, PATIENCE_S)

    def test_it_is_for_good(self, rig):
        rig.service.limits()
        rig.service.close()
        rig.service.close()
        rig.service.open_soon()
        with pytest.raises(errors.CameraClosed):
            rig.service.capture()
        assert rig.count("PxLInitializeEx") == 1

    def test_another_can_have_the_camera_then(self, rig):
        other = rig.make_service()
        assert rig.service.capture()
        with pytest.raises(errors.CameraInUse):
            other.capture()
        rig.service.close()
        wait_until(lambda: other.status().state == "ready")
        assert other.capture()
        other.close()
