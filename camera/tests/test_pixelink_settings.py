"""Setting a Pixelink camera, reading back what it accepted, and what it does with settings that another program
left."""

from collections.abc import Iterator

import pytest

from camera import errors
from camera.drivers.limits import Range
from camera.drivers.settings import SettingsRequest
from camera.engine.settings.settings_match import matches
from camera.tests.driving import Driving, driving, one_library
from camera.tests.standin.codes import FeatureFlag, FeatureId, PixelFormat, ReturnCode
from camera.tests.standin.settings import Roi, Trigger

MAX_FRAMES = 12


@pytest.fixture(scope="module", autouse=True)
def library_for_all() -> Iterator[None]:
    with one_library():
        yield


def frames_come_to_show(driven: Driving, settings) -> bool:
    return any(matches(driven.grab(), settings) for _ in range(MAX_FRAMES))


class TestUnits:
    def test_limits_are_in_milliseconds_without_rounding_errors_of_32_bit_floats(self):
        with driving(exposure_limits_s=(0.000013, 2.1), gain_limits_db=(0.0, 17.9)) as driven:
            limits = driven.opened().driver.read_limits()
            assert limits.exposure_ms == Range(0.013, 2100.0)
            assert limits.gain_db == Range(0.0, 17.9)

    def test_limits_that_depend_on_settings_are_read_again(self):
        with driving() as driven:
            driven.streaming()
            fast_s = driven.grab().readout_s
            driven.driver.stop()
            driven.camera.leave_behind(roi=Roi(0, 0, 96, 32))
            driven.driver.start()
            assert driven.grab().readout_s == pytest.approx(fast_s / 2)

    def test_exposure_is_sent_in_seconds_and_reported_in_milliseconds(self):
        with driving() as driven:
            accepted = driven.opened().driver.configure(SettingsRequest(exposure_ms=15.0))
            assert driven.camera.settings.exposure_s == 0.014999999664723873
            assert accepted.exposure_ms == 15.0

    def test_what_the_camera_rounded_is_read_back(self):
        with driving() as driven:
            accepted = driven.opened().driver.configure(SettingsRequest(exposure_ms=15.0042, gain_db=1.53))
            assert (accepted.exposure_ms, accepted.gain_db) == (15.0, 1.5)

    def test_a_camera_that_limits_values_by_itself_is_read_back_too(self):
        with driving(out_of_range="clamp") as driven:
            accepted = driven.opened().driver.configure(SettingsRequest(exposure_ms=1e6, gain_db=99.0))
            assert (accepted.exposure_ms, accepted.gain_db) == (10_000.0, 18.0)

    def test_the_settings_tell_region_addressing_and_format(self):
        with driving(addressing_parameter_count=2) as driven:
            left = {"roi": Roi(8, 4, 48, 32), "addressing_x": 2, "addressing_y": 2, "addressing_mode": 2}
            settings = driven.opened(**left, pixel_format=PixelFormat.MONO12_PACKED).driver.read_settings()
            assert (settings.roi.left, settings.roi.top, settings.roi.width, settings.roi.height) == (8, 4, 48, 32)
            assert (settings.binning.x, settings.binning.y, settings.binning.mode) == (2, 2, "bin")
            assert settings.pixel_format == "MONO12_PACKED"


class TestRefusals:
    @pytest.mark.parametrize("out_of_range", ["out_of_range", "invalid_parameter"])
    @pytest.mark.parametrize("wanted", [{"exposure_ms": 1e6}, {"gain_db": 40.0}, {"exposure_ms": 7.0, "gain_db": 40.0}])
    def test_out_of_range_is_refused_and_nothing_changed(self, out_of_range, wanted):
        with driving(out_of_range=out_of_range) as driven:
            before = driven.opened().driver.configure(SettingsRequest(exposure_ms=5.0, gain_db=2.0))
            with pytest.raises(errors.SettingRefused, match="refused"):
                driven.driver.configure(SettingsRequest(**wanted))
            assert driven.driver.read_settings() == before

    @pytest.mark.parametrize("code", [ReturnCode.ApiCameraRejectedValueError, ReturnCode.ApiNotSupportedError])
    def test_other_refusals_name_their_code(self, code):
        with driving() as driven:
            driven.opened().camera.faults.answer("PxLSetFeature", code)
            with pytest.raises(errors.SettingRefused, match=code.name):
                driven.driver.configure(SettingsRequest(exposure_ms=5.0))

    def test_a_camera_that_does_not_answer_has_not_refused(self):
        with driving() as driven:
            driven.opened().camera.faults.answer("PxLSetFeature", ReturnCode.ApiCameraTimeoutError)
            with pytest.raises(errors.CameraNotResponding):
                driven.driver.configure(SettingsRequest(exposure_ms=5.0))

    def test_nonsense_never_reaches_the_library(self):
        with driving() as driven:
            driven.opened().library.calls.clear()
            with pytest.raises(errors.SettingRefused):
                driven.driver.configure(SettingsRequest(exposure_ms=float("nan"), gain_db=1.0))
            assert not driven.library.calls


class TestWhileStreaming:
    def test_exposure_and_gain_are_set_without_stopping_if_the_camera_can(self):
        with driving() as driven:
            accepted = driven.streaming().driver.configure(SettingsRequest(exposure_ms=2.0, gain_db=3.0))
            assert frames_come_to_show(driven, accepted)
            assert driven.camera.stream.starts == 1

    @pytest.mark.parametrize("feature", [FeatureId.EXPOSURE, FeatureId.GAIN])
    def test_the_stream_is_stopped_if_the_flag_says_so(self, feature):
        with driving(stopped_only_features=frozenset({feature})) as driven:
            accepted = driven.streaming().driver.configure(SettingsRequest(exposure_ms=2.0, gain_db=3.0))
            assert frames_come_to_show(driven, accepted)
            assert driven.camera.stream.starts == 2

    def test_the_stream_is_stopped_if_only_the_return_code_says_so(self):
        with driving() as driven:
            driven.streaming().camera.faults.answer("PxLSetFeature", ReturnCode.ApiNotPermittedWhileStreaming)
            accepted = driven.driver.configure(SettingsRequest(exposure_ms=2.0))
            assert frames_come_to_show(driven, accepted)
            assert driven.camera.stream.starts == 2

    def test_the_stream_is_on_again_after_a_refusal(self):
        with driving(stopped_only_features=frozenset({FeatureId.EXPOSURE})) as driven:
            before = driven.streaming().driver.read_settings()
            with pytest.raises(errors.SettingRefused):
                driven.driver.configure(SettingsRequest(exposure_ms=1e6))
            assert frames_come_to_show(driven, before)

    def test_with_the_stream_off_it_stays_off(self):
        with driving(stopped_only_features=frozenset({FeatureId.EXPOSURE})) as driven:
            driven.opened().driver.configure(SettingsRequest(exposure_ms=2.0))
            assert driven.camera.stream.starts == 0


class TestLeftBehind:
    """Settings that the last program left must neither stop the frames nor falsify them."""

    @pytest.mark.parametrize(
        "left",
        [
            {"trigger": Trigger(True, 0, 2)},
            {"trigger": Trigger(True, 0, 1)},
            {"frame_rate_hz": 0.01},
            {"exposure_mode": FeatureFlag.AUTO, "exposure_s": 8.0},
            {"exposure_mode": FeatureFlag.ONEPUSH},
            {"gamma": 2.2},
            {"white_shading": (1.3, 1.0, 0.7)},
            {"pixel_format": PixelFormat.MONO10_PACKED_MSFIRST, "roi": Roi(8, 2, 40, 22), "rotation_degrees": 270},
        ],
        ids=["trigger", "software trigger", "frame rate", "auto", "one push", "gamma", "white", "everything"],
    )
    def test_frames_come_under_our_settings(self, left):
        with driving() as driven:
            driven.opened(**left)
            accepted = driven.driver.configure(SettingsRequest(exposure_ms=3.0, gain_db=1.0))
            driven.driver.start()
            assert frames_come_to_show(driven, accepted)
            raw = driven.grab()
            assert (raw.develop() == driven.expected(raw)).all()

    @pytest.mark.parametrize("mode", [FeatureFlag.AUTO, FeatureFlag.ONEPUSH])
    def test_automatic_exposure_ends_with_the_opening_even_if_nothing_is_set(self, mode):
        with driving() as driven:
            driven.streaming(exposure_mode=mode, exposure_s=0.002)
            told = {driven.grab().descriptor.exposure_ms for _ in range(8)}
            assert told == {2.0}
            assert driven.camera.settings.exposure_mode == FeatureFlag.MANUAL

    def test_a_frame_rate_that_cannot_be_turned_off_is_raised(self):
        with driving() as driven:
            driven.camera.faults.answer("PxLSetFeature", ReturnCode.ApiNotSupportedError)
            driven.opened(frame_rate_hz=0.01)
            assert driven.camera.settings.frame_rate_hz > 100

    def test_a_trigger_that_cannot_be_turned_off_is_warned_of(self, caplog):
        with driving() as driven:
            driven.camera.faults.answer("PxLSetFeature", ReturnCode.ApiNotSupportedError)
            driven.opened(trigger=Trigger(True, 0, 2))
        assert "trigger could not be turned off" in caplog.text

    def test_flips_and_regions_are_left_alone(self):
        with driving() as driven:
            driven.opened(flip_horizontal=True, roi=Roi(8, 2, 40, 22))
            assert driven.camera.settings.flip_horizontal
            assert driven.camera.settings.roi == Roi(8, 2, 40, 22)

    @pytest.mark.parametrize(
        "pixel_format", [PixelFormat.STOKES4_12, PixelFormat.POLAR4_12, PixelFormat.POLAR_RAW4_12, PixelFormat.HSV4_12]
    )
    def test_formats_of_polarisation_cameras_give_their_own_error(self, pixel_format):
        with driving() as driven:
            driven.opened(pixel_format=pixel_format)
            assert driven.driver.read_settings().pixel_format == pixel_format.name
            with pytest.raises(errors.PixelFormatUnsupported, match=rf"{pixel_format.name}.*Set it to"):
                driven.driver.start()


class TestWhatCamerasLack:
    @pytest.mark.parametrize(
        "feature",
        [
            FeatureId.TRIGGER,
            FeatureId.FRAME_RATE,
            FeatureId.GAIN,
            FeatureId.FLIP,
            FeatureId.ROTATE,
            FeatureId.PIXEL_ADDRESSING,
            FeatureId.SENSOR_TEMPERATURE,
            FeatureId.MAX_PIXEL_SIZE,
        ],
    )
    def test_pictures_come_without(self, feature):
        with driving(absent_features=frozenset({feature})) as driven:
            driven.opened(pixel_format=PixelFormat.MONO16)
            accepted = driven.driver.configure(SettingsRequest(exposure_ms=3.0, gain_db=0.0))
            driven.driver.start()
            assert frames_come_to_show(driven, accepted)
            raw = driven.grab()
            assert (raw.develop() == driven.expected(raw)).all()

    def test_without_gain_there_is_none_to_set(self):
        with driving(absent_features=frozenset({FeatureId.GAIN})) as driven:
            assert driven.opened().driver.read_limits().gain_db == Range(0.0, 0.0)
            with pytest.raises(errors.SettingRefused):
                driven.driver.configure(SettingsRequest(gain_db=3.0))

    def test_without_a_frame_rate_the_read_out_is_unknown(self):
        with driving(absent_features=frozenset({FeatureId.FRAME_RATE})) as driven:
            assert driven.streaming().grab().readout_s is None

    def test_without_a_pixel_depth_no_bit_is_thrown_away(self):
        with driving(absent_features=frozenset({FeatureId.MAX_PIXEL_SIZE})) as driven:
            raw = driven.streaming(pixel_format=PixelFormat.MONO16, exposure_s=0.004).grab()
            assert raw.descriptor.significant_bits == 16
            assert (raw.develop() == driven.expected(raw)).all()

    def test_without_a_thermometer_there_is_no_temperature(self):
        with driving(absent_features=frozenset({FeatureId.SENSOR_TEMPERATURE})) as driven:
            assert driven.streaming().grab().descriptor.sensor_temperature_c is None
        with driving() as driven:
            assert driven.streaming().grab().descriptor.sensor_temperature_c == 41.5

    def test_exposure_with_three_parameters_takes_one(self):
        with driving(exposure_parameter_count=3) as driven:
            assert (
                driven.opened(exposure_mode=FeatureFlag.AUTO)
                .driver.configure(SettingsRequest(exposure_ms=4.0))
                .exposure_ms
                == 4.0
            )
