"""What every driver must do: the simulated one, the Pixelink driver on a stand-in library, and that of a real camera.

`-m hardware` adds the Pixelink camera that is plugged in. A new driver joins in `subjects.py`.
"""

import time
from collections.abc import Iterator
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest

from camera.drivers.base import Driver
from camera.drivers.settings import Settings, SettingsRequest
from camera.engine.settings.settings_match import matches
from camera.errors import SETTING_REFUSALS, FrameTimeout
from camera.frame import RawFrame
from camera.tests.driving import InThread, one_library
from camera.tests.subjects import ALL, LONG_MS, Subject

SETTLE_FRAMES = 12


@pytest.fixture(scope="module", autouse=True)
def library_for_all() -> Iterator[None]:
    with one_library():
        yield


@pytest.fixture(params=ALL)
def subject(request) -> Iterator[Subject]:
    with request.param() as subject:
        yield subject
        subject.close()


@pytest.fixture
def driver(subject) -> Driver:
    driver = subject.make()
    driver.open()
    return driver


@pytest.fixture
def streaming(driver) -> Driver:
    driver.configure(SettingsRequest(exposure_ms=driver.read_limits().exposure_ms.clamp(2.0), gain_db=0.0))
    driver.start()
    return driver


def grab_until_shown(driver: Driver, settings: Settings) -> RawFrame:
    for _ in range(SETTLE_FRAMES):
        raw = driver.grab()
        if matches(raw, settings):
            return raw
    raise AssertionError(f"no frame shows {settings} within {SETTLE_FRAMES}")


class TestOpening:
    def test_tells_which_camera_it_is(self, subject):
        identity = subject.make().open()
        assert identity.model
        assert identity.serial_number

    def test_a_closed_driver_opens_again(self, driver):
        before = driver.read_settings()
        driver.close()
        assert driver.open().model
        assert driver.read_settings() == before

    def test_opening_an_open_driver_does_not_lock_the_camera_out(self, driver):
        driver.open()
        driver.start()
        assert driver.grab().descriptor.exposure_ms > 0

    def test_closing_may_come_twice_or_before_opening(self, subject, driver):
        subject.make().close()
        driver.close()
        driver.close()

    def test_closing_ends_a_stream(self, subject, streaming):
        streaming.close()
        another = subject.make()
        another.open()
        with pytest.raises(FrameTimeout):
            another.grab()

    def test_an_open_camera_answers(self, driver):
        assert driver.is_answering()
        assert not driver.has_disconnected


class TestSettings:
    def test_limits_are_ranges_in_milliseconds_and_decibels(self, driver):
        limits = driver.read_limits()
        assert 0 < limits.exposure_ms.minimum < limits.exposure_ms.maximum
        assert limits.exposure_ms.maximum > 10
        assert limits.gain_db.minimum <= limits.gain_db.maximum < 100

    def test_the_camera_is_within_its_limits(self, driver):
        settings, limits = driver.read_settings(), driver.read_limits()
        assert settings.exposure_ms in limits.exposure_ms
        assert settings.gain_db in limits.gain_db
        assert min(settings.roi.width, settings.roi.height, settings.binning.x, settings.binning.y) >= 1

    @pytest.mark.parametrize("asked_ms", [3.3333333, 123.456])
    def test_configuring_answers_what_was_accepted(self, driver, asked_ms):
        accepted = driver.configure(SettingsRequest(exposure_ms=asked_ms, gain_db=1.04))
        assert accepted == driver.read_settings()
        assert accepted.exposure_ms == pytest.approx(asked_ms, rel=0.02)
        assert accepted.gain_db == pytest.approx(1.04, abs=0.5)

    def test_what_was_accepted_is_accepted_again(self, driver):
        accepted = driver.configure(SettingsRequest(exposure_ms=7.1234567, gain_db=1.23))
        assert driver.configure(SettingsRequest(accepted.exposure_ms, accepted.gain_db)) == accepted

    def test_what_it_is_set_to_is_accepted_as_a_whole(self, driver):
        """If a change is refused midway, the engine sets all settings back, also those that the camera cannot
        change."""
        settings = driver.read_settings()
        assert driver.configure(SettingsRequest.from_settings(settings)) == settings

    def test_limits_themselves_are_accepted(self, driver):
        limits = driver.read_limits()
        lowest = driver.configure(SettingsRequest(limits.exposure_ms.minimum, limits.gain_db.minimum))
        assert lowest.exposure_ms == pytest.approx(limits.exposure_ms.minimum, rel=1e-3)
        highest = driver.configure(SettingsRequest(limits.exposure_ms.maximum, limits.gain_db.maximum))
        assert highest.exposure_ms == pytest.approx(limits.exposure_ms.maximum, rel=1e-3)
        assert highest.gain_db == pytest.approx(limits.gain_db.maximum, abs=0.1)

    def test_what_is_not_named_stays(self, driver):
        before = driver.configure(SettingsRequest(exposure_ms=4.0, gain_db=1.0))
        assert driver.configure(SettingsRequest()) == before
        assert driver.configure(SettingsRequest(gain_db=2.0)).exposure_ms == before.exposure_ms
        assert driver.configure(SettingsRequest(exposure_ms=5.0)).gain_db == pytest.approx(2.0, abs=0.5)

    @pytest.mark.parametrize("nonsense", [float("nan"), float("-inf")])
    def test_what_is_no_number_is_refused_with_nothing_changed(self, driver, nonsense):
        before = driver.configure(SettingsRequest(exposure_ms=4.0, gain_db=1.0))
        for wanted in ({"exposure_ms": nonsense}, {"exposure_ms": 9.0, "gain_db": nonsense}):
            with pytest.raises(SETTING_REFUSALS):
                driver.configure(SettingsRequest(**wanted))
        assert driver.read_settings() == before

    @pytest.mark.parametrize("wanted", [{"exposure_ms": 1e9}, {"exposure_ms": 9.0, "gain_db": 1e6}, {"gain_db": -1e6}])
    def test_what_is_out_of_range_is_refused_with_nothing_changed_or_brought_within(self, driver, wanted):
        before, limits = driver.configure(SettingsRequest(exposure_ms=4.0, gain_db=1.0)), driver.read_limits()
        try:
            accepted = driver.configure(SettingsRequest(**wanted))
        except SETTING_REFUSALS:
            assert driver.read_settings() == before
        else:
            assert accepted.exposure_ms in limits.exposure_ms
            assert accepted.gain_db in limits.gain_db


class TestStream:
    def test_starting_and_stopping_may_come_twice(self, driver):
        driver.stop()
        driver.start()
        driver.start()
        assert driver.grab()
        driver.stop()
        driver.stop()

    def test_there_is_no_frame_with_the_stream_off(self, driver):
        with pytest.raises(FrameTimeout):
            driver.grab()
        driver.start()
        driver.stop()
        with pytest.raises(FrameTimeout):
            driver.grab()

    def test_frame_numbers_rise_and_start_again_with_the_stream(self, streaming):
        numbers = [streaming.grab().descriptor.frame_number for _ in range(5)]
        assert all(later > earlier for earlier, later in pairwise(numbers))
        streaming.stop()
        streaming.start()
        assert streaming.grab().descriptor.frame_number < numbers[-1]

    def test_times_rise_on_both_clocks(self, streaming):
        frames = [streaming.grab() for _ in range(4)]
        for earlier, later in pairwise(frames):
            assert later.received_at_s > earlier.received_at_s
            times_s = earlier.descriptor.camera_time_s, later.descriptor.camera_time_s
            assert times_s == (None, None) or times_s[0] < times_s[1], "a camera may have no clock"

    def test_a_frame_takes_its_exposure(self, driver):
        driver.configure(SettingsRequest(exposure_ms=30.0))
        began_s = time.perf_counter()
        driver.start()
        assert driver.grab().received_at_s - began_s >= 0.030

    def test_frames_come_to_show_new_settings(self, streaming):
        for exposure_ms, gain_db in [(4.0, 2.0), (1.0, 0.0), (4.0, 0.0), (4.0, 3.0)]:
            accepted = streaming.configure(SettingsRequest(exposure_ms, gain_db))
            raw = grab_until_shown(streaming, accepted)
            assert raw.descriptor.roi == accepted.roi
            assert raw.descriptor.binning == accepted.binning
            assert matches(streaming.grab(), accepted)

    def test_what_a_frame_does_not_say_itself_is_as_set_from_the_first_frame_on(self, streaming):
        """Only the order of the calls shows that such a setting holds."""
        as_set = streaming.grab().descriptor.as_set
        assert as_set <= {field.name for field in fields(Settings)}
        accepted = streaming.configure(SettingsRequest(exposure_ms=4.0, gain_db=2.0))
        taken = streaming.grab().descriptor
        assert {name: getattr(taken, name) for name in as_set} == {name: getattr(accepted, name) for name in as_set}


class TestDeveloping:
    def test_pixels_have_the_shape_the_type_and_the_range_that_the_frame_says(self, streaming):
        raw = streaming.grab()
        pixels, told = raw.develop(), raw.descriptor
        rows, columns = -(-told.roi.height // told.binning.y), -(-told.roi.width // told.binning.x)
        assert pixels.shape in ((rows, columns), (rows, columns, 3))
        assert pixels.dtype == (np.uint8 if told.significant_bits <= 8 else np.uint16)
        assert pixels.dtype.isnative
        assert pixels.max() < 2**told.significant_bits

    def test_pixels_are_the_same_each_time_and_cannot_be_written(self, streaming):
        raw = streaming.grab()
        assert np.array_equal(raw.develop(), raw.develop())
        assert not raw.develop().flags.writeable

    def test_a_frame_can_be_developed_on_any_thread_with_the_camera_closed(self, streaming):
        raw = streaming.grab()
        at_once = raw.develop().copy()
        streaming.close()
        assert np.array_equal(InThread(raw.develop).answer(), at_once)

    def test_later_frames_leave_earlier_ones_alone(self, streaming):
        held = [streaming.grab() for _ in range(10)]
        pixels = [raw.develop() for raw in held]
        copies = [one.copy() for one in pixels]
        grab_until_shown(streaming, streaming.configure(SettingsRequest(exposure_ms=6.0, gain_db=2.0)))
        for _ in range(12):
            streaming.grab().develop()
        for raw, one, copy in zip(held, pixels, copies, strict=True):
            assert np.array_equal(one, copy)
            assert np.array_equal(raw.develop(), copy)

    def test_frames_can_be_developed_while_others_are_grabbed(self, streaming):
        raws = [streaming.grab() for _ in range(3)]
        developing = [InThread(raw.develop) for raw in raws]
        for _ in range(3):
            streaming.grab()
        shapes = {each.answer().shape for each in developing}
        assert shapes == {raws[0].develop().shape}


class TestInterrupting:
    def test_a_long_exposure_is_broken_off(self, driver):
        driver.configure(SettingsRequest(exposure_ms=LONG_MS))
        driver.start()
        grabbing = InThread(driver.grab)
        driver.interrupt()
        with pytest.raises(FrameTimeout):
            grabbing.answer()

    def test_no_frame_comes_until_the_stream_is_started_again(self, streaming):
        streaming.interrupt()
        with pytest.raises(FrameTimeout):
            streaming.grab()
        with pytest.raises(FrameTimeout):
            streaming.grab()
        streaming.start()
        assert streaming.grab()

    def test_starting_forgets_an_interruption_that_met_no_grab(self, streaming):
        streaming.interrupt()
        streaming.start()
        assert streaming.grab()

    def test_interrupting_does_no_harm_in_any_state(self, subject):
        driver = subject.make()
        driver.interrupt()
        driver.open()
        driver.interrupt()
        driver.start()
        assert driver.grab()
        driver.close()
        driver.interrupt()
