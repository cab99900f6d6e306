"""Geometry and colours of a Pixelink camera: limits are found by trying, and all changes need one stop."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from camera import errors
from camera.drivers.limits import Range
from camera.drivers.settings import SettingsRequest
from camera.engine.settings.settings_match import matches
from camera.frame import Binning, Roi
from camera.tests.driving import Driving, driving, one_library
from camera.tests.standin.codes import FeatureFlag, FeatureId, PixelFormat
from camera.tests.standin.settings import Roi as SensorRoi

MAX_FRAMES = 12
BINNED = Binning(2, 2, "bin")


@pytest.fixture(scope="module", autouse=True)
def library_for_all() -> Iterator[None]:
    with one_library():
        yield


def grab_shown(driven: Driving, settings):
    for _ in range(MAX_FRAMES):
        raw = driven.grab()
        if matches(raw, settings):
            return raw
    raise AssertionError(f"no frame shows {settings}: {raw.descriptor}")


class TestLimits:
    @pytest.mark.parametrize("rounding", ["down", "nearest", "up", "refuse"])
    @pytest.mark.parametrize("step", [(1, 1), (2, 4), (8, 2), (32, 8)])
    def test_steps_of_the_region_are_found_whatever_the_camera_does_between_them(self, rounding, step):
        size = {"sensor_width": 256, "sensor_height": 128, "roi_minimum": (64, 16)}
        with driving(roi_step=step, roi_rounding=rounding, **size) as driven:
            roi = driven.opened(roi=SensorRoi(64, 32, 128, 64)).driver.read_limits().roi
            assert (roi.step_left, roi.step_top) == (roi.step_width, roi.step_height) == step
            assert (roi.sensor_width, roi.sensor_height, roi.minimum_width, roi.minimum_height) == (256, 128, 64, 16)
            assert driven.camera.settings.roi == (64, 32, 128, 64)

    @pytest.mark.parametrize("parameter_count", [2, 4])
    def test_only_the_addressing_that_is_really_taken_is_offered(self, parameter_count):
        with driving(
            addressing_values=frozenset({1, 2, 4}),
            addressing_modes=(0, 2),
            addressing_parameter_count=parameter_count,
        ) as driven:
            found = driven.opened(addressing_x=2, addressing_y=2).driver.read_limits().binning
            assert (found.values, found.modes) == ((1, 2, 4), ("decimate", "bin"))
            assert found.may_differ == (parameter_count == 4)
            assert driven.camera.settings.addressing_x == 2

    def test_mono_formats_by_depth(self):
        with driving(significant_bits=12) as driven:
            offered = driven.opened().driver.read_limits().pixel_formats
            assert [(each.name, each.bits) for each in offered] == [
                ("MONO8", 8),
                ("MONO10_PACKED_MSFIRST", 10),
                ("MONO12_PACKED", 12),
                ("MONO12_PACKED_MSFIRST", 12),
                ("MONO16", 12),
            ]

    def test_a_bayer_packing_is_offered_once_and_not_by_its_pattern(self):
        with driving(is_colour=True) as driven:
            offered = driven.opened().driver.read_limits().pixel_formats
            assert {each.name for each in offered} >= {"BAYER8", "BAYER16", "BAYER12_PACKED"}
            assert all(each.is_colour for each in offered)
            assert driven.driver.read_settings().pixel_format == "BAYER8"

    def test_it_is_tried_once_for_each_opening_with_the_stream_off_and_on_again(self):
        with driving() as driven:
            driven.streaming().driver.read_limits()
            assert driven.camera.stream.starts == 2
            assert driven.grab()
            calls = driven.library.calls.count("PxLSetFeature")
            driven.driver.read_limits()
            assert driven.library.calls.count("PxLSetFeature") == calls
            assert driven.camera.stream.starts == 2

    def test_a_camera_left_with_a_format_of_no_use_gets_a_useful_one(self, caplog):
        with driving() as driven:
            driven.opened(pixel_format=PixelFormat.STOKES4_12).driver.read_limits()
            assert driven.camera.settings.pixel_format == PixelFormat.MONO8
            driven.driver.start()
            assert driven.grab()
        assert "STOKES4_12" in caplog.text

    def test_what_a_camera_lacks_is_not_offered(self):
        lacking = {FeatureId.FLIP, FeatureId.ROTATE, FeatureId.GAMMA, FeatureId.PIXEL_ADDRESSING}
        with driving(absent_features=frozenset(lacking)) as driven:
            limits = driven.opened().driver.read_limits()
            assert (limits.may_flip, limits.rotations_deg, limits.gamma, limits.binning) == (False, (0,), None, None)
            assert limits.white_balance is None
            before = driven.driver.read_settings()
            for wanted in (
                SettingsRequest(flip_vertical=True),
                SettingsRequest(rotation_deg=90),
                SettingsRequest(gamma=2.0),
                SettingsRequest(binning=BINNED),
                SettingsRequest(white_balance=(1.0, 1.0, 2.0)),
            ):
                with pytest.raises(errors.SettingRefused, match="This camera cannot"):
                    driven.driver.configure(wanted)
            neutral = SettingsRequest(binning=Binning(), flip_vertical=False, rotation_deg=0, gamma=1.0)
            assert driven.driver.configure(neutral) == before

    def test_exposure_limits_are_read_again(self):
        with driving(exposure_limits_s=(0.001, 2.0)) as driven:
            assert driven.opened().driver.read_limits().exposure_ms == Range(1.0, 2000.0)
            driven.camera.characteristics = replace(driven.camera.characteristics, exposure_limits_s=(0.001, 1.0))
            assert driven.driver.read_limits().exposure_ms == Range(1.0, 1000.0)


class TestPixels:
    @pytest.mark.parametrize("rotation_deg", [0, 90, 180, 270])
    @pytest.mark.parametrize("flip_horizontal", [False, True])
    @pytest.mark.parametrize("pixel_format", ["MONO8", "MONO16", "MONO12_PACKED"])
    def test_are_the_sensors_own_cut_binned_flipped_and_turned(self, pixel_format, flip_horizontal, rotation_deg):
        with driving() as driven:
            wanted = SettingsRequest(
                roi=Roi(16, 8, 48, 32),
                binning=Binning(2, 2, "average"),
                pixel_format=pixel_format,
                flip_horizontal=flip_horizontal,
                rotation_deg=rotation_deg,
            )
            raw = grab_shown(driven, driven.streaming(exposure_s=0.004).driver.configure(wanted))
            assert raw.develop().shape == ((24, 16) if rotation_deg in (90, 270) else (16, 24))
            assert np.array_equal(raw.develop(), driven.expected(raw))

    def test_a_region_reported_as_rotated_is_returned_in_sensor_coordinates(self):
        with driving() as driven:
            accepted = driven.streaming().driver.configure(SettingsRequest(roi=Roi(16, 8, 48, 32), rotation_deg=90))
            driven.camera.faults.garble_descriptors(MAX_FRAMES, {"Roi.fWidth": 32.0, "Roi.fHeight": 48.0})
            raw = grab_shown(driven, accepted)
            assert raw.descriptor.roi == Roi(16, 8, 48, 32)
            assert raw.develop().shape == (48, 32)

    def test_gamma_bends_them_and_off_leaves_them(self):
        with driving() as driven:
            accepted = driven.streaming(exposure_s=0.004).driver.configure(SettingsRequest(gamma=2.0))
            bent = grab_shown(driven, accepted).develop()
            straight = grab_shown(driven, driven.driver.configure(SettingsRequest(gamma=1.0))).develop()
            assert bent.mean() > straight.mean() * 1.2

    @pytest.mark.parametrize("told", [2.2, 0.0, float("nan")])
    def test_frames_that_tell_of_a_gamma_that_is_off_are_not_believed_in_that(self, told):
        with driving(gamma_told_while_off=told) as driven:
            raw = grab_shown(driven, driven.streaming().driver.read_settings())
            assert raw.descriptor.gamma == 1.0


class TestStops:
    def test_all_that_needs_it_is_set_in_one_stop(self):
        with driving() as driven:
            wanted = SettingsRequest(roi=Roi(16, 8, 48, 32), binning=BINNED, pixel_format="MONO16", rotation_deg=180)
            grab_shown(driven, driven.streaming().driver.configure(wanted))
            assert driven.camera.stream.starts == 2

    def test_what_the_camera_takes_while_streaming_is_set_so(self):
        with driving(is_colour=True) as driven:
            wanted = SettingsRequest(flip_horizontal=True, white_balance=(1.5, 1.0, 0.5))
            grab_shown(driven, driven.streaming().driver.configure(wanted))
            assert driven.camera.stream.starts == 1

    def test_what_is_set_already_is_not_set_again(self):
        with driving() as driven:
            settings = driven.streaming().driver.read_settings()
            assert driven.driver.configure(SettingsRequest.from_settings(settings)) == settings
            assert driven.camera.stream.starts == 1

    def test_a_refusal_in_the_midst_sets_all_back_and_the_stream_goes_on(self):
        with driving(read_only_features=frozenset({FeatureId.ROTATE})) as driven:
            before = driven.streaming().driver.read_settings()
            wanted = SettingsRequest(9.0, 3.0, Roi(16, 8, 48, 32), BINNED, "MONO16", rotation_deg=90)
            with pytest.raises(errors.SettingRefused):
                driven.driver.configure(wanted)
            assert driven.driver.read_settings() == before
            assert grab_shown(driven, before)


class TestWhiteBalance:
    def test_one_push_waits_until_the_camera_is_done(self):
        with driving(is_colour=True) as driven:
            found = driven.streaming().driver.balance_white().white_balance
            assert found == pytest.approx(driven.camera.settings.white_shading)
            assert found[0] != 1.0
            assert grab_shown(driven, driven.driver.read_settings()).descriptor.white_balance == pytest.approx(found)

    def test_one_that_never_ends_is_given_up_and_the_gains_are_as_before(self):
        with driving(is_colour=True, white_balance_frames=10**9) as driven:
            driven.driver.white_balance_patience_s = 0.1
            driven.streaming(white_shading=(1.25, 1.0, 1.5))
            with pytest.raises(errors.SettingRefused, match="found no white balance"):
                driven.driver.balance_white()
            assert driven.driver.read_settings().white_balance == (1.25, 1.0, 1.5)
            assert driven.camera.settings.white_shading_mode == FeatureFlag.MANUAL

    def test_it_needs_the_stream(self):
        with driving(is_colour=True) as driven, pytest.raises(errors.FrameTimeout):
            driven.opened().driver.balance_white()
