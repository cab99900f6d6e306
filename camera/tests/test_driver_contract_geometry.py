"""What every driver must do with geometry and colours: report the limits, set values, read them back, show them.

If a camera lacks a feature, the contract is that the driver says so.
"""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from camera.drivers.base import Driver
from camera.drivers.limits import Limits
from camera.drivers.settings import Settings, SettingsRequest, is_same_binning, without_pattern
from camera.drivers.validation import check
from camera.engine.settings.applied_settings import neutral_geometry
from camera.engine.settings.settings_match import matches
from camera.errors import SETTING_REFUSALS, SettingOutOfRange
from camera.frame import Binning, RawFrame, Roi
from camera.tests.driving import one_library
from camera.tests.subjects import ALL, Subject

MAX_FRAMES = 12


@pytest.fixture(scope="module", autouse=True)
def library_for_all() -> Iterator[None]:
    with one_library():
        yield


@pytest.fixture(params=ALL)
def subject(request) -> Iterator[Subject]:
    with request.param() as subject:
        yield subject
        subject.close()


@pytest.fixture(params=["streaming", "stopped"])
def driver(request, subject) -> Driver:
    driver = subject.make()
    driver.open()
    limits = driver.read_limits()
    driver.configure(replace(neutral_geometry(limits), exposure_ms=limits.exposure_ms.clamp(2.0), gain_db=0.0))
    if request.param == "streaming":
        driver.start()
    return driver


def grab_shown(driver: Driver, settings: Settings) -> RawFrame:
    driver.start()
    for _ in range(MAX_FRAMES):
        raw = driver.grab()
        if matches(raw, settings):
            return raw
    raise AssertionError(f"no frame shows {settings}: {raw.descriptor}")


def assert_taken(driver: Driver, accepted: Settings) -> RawFrame:
    """The camera reports the settings, its frames report them, and the pixels have the right shape."""
    assert driver.read_settings() == accepted
    raw = grab_shown(driver, accepted)
    pixels = raw.develop()
    assert (pixels.shape[1], pixels.shape[0]) == accepted.frame_size
    assert pixels.max() < 2**raw.descriptor.significant_bits
    return raw


def part_of(limits: Limits) -> Roi:
    """Return a region off the middle. Its numbers are hardly multiples of any step."""
    roi = limits.roi
    assert roi
    width = max(roi.minimum_width, roi.sensor_width // 2 + 3)
    height = max(roi.minimum_height, roi.sensor_height // 2 + 1)
    return Roi((roi.sensor_width - width) // 3 + 1, (roi.sensor_height - height) // 3 + 1, width, height)


def end_where_lacking(driver: Driver, is_offered: object, wanted: SettingsRequest) -> None:
    """Skip the rest of the test if the camera lacks the feature. It has kept the contract if it refused the setting."""
    if not is_offered:
        with pytest.raises(SETTING_REFUSALS):
            driver.configure(wanted)
        pytest.skip(f"this camera cannot be set to {wanted}")


@pytest.fixture
def has_region(driver) -> None:
    """For tests that change the region."""
    end_where_lacking(driver, driver.read_limits().roi, SettingsRequest(roi=Roi(0, 0, 8, 8)))


@pytest.fixture
def has_addressing(driver) -> None:
    """For tests that use binning."""
    end_where_lacking(driver, driver.read_limits().binning, SettingsRequest(binning=Binning(2, 2, "bin")))


class TestLimits:
    def test_the_camera_is_within_them(self, driver):
        settings, limits = driver.read_settings(), driver.read_limits()
        assert limits.roi is None or settings.roi in limits.roi
        assert settings.pixel_format in [offered.name for offered in limits.pixel_formats]
        assert settings.rotation_deg in limits.rotations_deg
        assert (settings.gamma is None) == (limits.gamma is None)
        assert (settings.white_balance is None) == (limits.white_balance is None)
        check(SettingsRequest.from_settings(settings).changes_from(settings), limits)

    def test_asking_for_them_changes_nothing(self, driver):
        before = driver.read_settings()
        assert driver.read_limits() == driver.read_limits()
        assert driver.read_settings() == before

    def test_each_format_has_a_name_and_a_depth(self, driver):
        offered = driver.read_limits().pixel_formats
        assert len({each.name for each in offered}) == len(offered) > 0
        assert all(8 <= each.bits <= 16 for each in offered)


@pytest.mark.usefixtures("has_region")
class TestRegion:
    def test_what_the_camera_made_of_it_is_answered_and_shown(self, driver):
        limits = driver.read_limits()
        wanted = part_of(limits)
        accepted = driver.configure(SettingsRequest(roi=wanted))
        assert accepted.roi in limits.roi
        assert abs(accepted.roi.width - wanted.width) <= limits.roi.step_width
        assert abs(accepted.roi.top - wanted.top) <= limits.roi.step_top
        assert_taken(driver, accepted)

    def test_what_was_accepted_is_accepted_again(self, driver):
        accepted = driver.configure(SettingsRequest(roi=part_of(driver.read_limits())))
        assert driver.configure(SettingsRequest(roi=accepted.roi)) == accepted

    def test_steps_are_kept_as_they_are(self, driver):
        roi = driver.read_limits().roi
        wanted = Roi(
            roi.step_left, roi.step_top, roi.minimum_width + roi.step_width, roi.minimum_height + roi.step_height
        )
        assert driver.configure(SettingsRequest(roi=wanted)).roi == wanted

    def test_the_whole_sensor_comes_back(self, driver):
        whole = driver.read_limits().roi.whole_sensor
        driver.configure(SettingsRequest(roi=part_of(driver.read_limits())))
        accepted = driver.configure(SettingsRequest(roi=whole))
        assert accepted.roi == whole
        assert_taken(driver, accepted)

    @pytest.mark.parametrize("shift", [(100_000, 0), (0, 100_000)])
    def test_off_the_sensor_it_is_refused_or_brought_back(self, driver, shift):
        before, limits = driver.read_settings(), driver.read_limits()
        wanted = replace(part_of(limits), left=shift[0], top=shift[1])
        with pytest.raises(SettingOutOfRange):
            check(SettingsRequest(roi=wanted), limits)
        try:
            assert driver.configure(SettingsRequest(roi=wanted)).roi in limits.roi
        except SETTING_REFUSALS:
            assert driver.read_settings() == before

    def test_a_refused_value_beside_it_leaves_all_as_it_was(self, driver):
        before, limits = driver.read_settings(), driver.read_limits()
        wanted = SettingsRequest(roi=part_of(limits), binning=Binning(77, 77, "bin"), flip_horizontal=True)
        with pytest.raises(SETTING_REFUSALS):
            driver.configure(wanted)
        assert driver.read_settings() == before
        assert_taken(driver, before)


@pytest.mark.usefixtures("has_addressing")
class TestAddressing:
    def test_every_value_and_rule_offered_is_taken(self, driver):
        allowed = driver.read_limits().binning
        for mode in allowed.modes:
            for value in [value for value in allowed.values if value <= 2]:
                wanted = Binning(value, value, mode)
                accepted = driver.configure(SettingsRequest(binning=wanted))
                assert is_same_binning(accepted.binning, wanted)
                assert_taken(driver, accepted)

    def test_the_axes_may_differ_if_the_limits_say_so(self, driver):
        allowed = driver.read_limits().binning
        wanted = SettingsRequest(binning=Binning(2, 1, allowed.modes[0]))
        if allowed.may_differ:
            assert_taken(driver, driver.configure(wanted))
        else:
            with pytest.raises(SETTING_REFUSALS):
                driver.configure(wanted)


class TestFormat:
    def test_every_one_offered_is_taken_at_its_depth(self, driver):
        for offered in driver.read_limits().pixel_formats:
            accepted = driver.configure(SettingsRequest(pixel_format=offered.name))
            assert accepted.pixel_format == offered.name
            raw = assert_taken(driver, accepted)
            assert raw.descriptor.significant_bits == offered.bits
            assert raw.develop().dtype == (np.uint8 if offered.bits <= 8 else np.uint16)
            assert raw.develop().ndim == (3 if offered.is_colour else 2)
            assert without_pattern(raw.descriptor.pixel_format) == offered.name

    def test_one_that_is_none_is_refused(self, driver):
        before = driver.read_settings()
        with pytest.raises(SETTING_REFUSALS):
            driver.configure(SettingsRequest(pixel_format="MONO1000"))
        assert driver.read_settings() == before


class TestTurning:
    @pytest.mark.parametrize("flips", [(True, False), (False, True), (True, True)])
    def test_flips(self, driver, flips):
        wanted = SettingsRequest(flip_horizontal=flips[0], flip_vertical=flips[1])
        if not driver.read_limits().may_flip:
            with pytest.raises(SETTING_REFUSALS):
                driver.configure(wanted)
            return
        accepted = driver.configure(wanted)
        assert (accepted.flip_horizontal, accepted.flip_vertical) == flips
        assert_taken(driver, accepted)
        assert driver.configure(SettingsRequest(flip_horizontal=False)).flip_vertical == flips[1]

    def test_rotations(self, driver):
        for rotation_deg in driver.read_limits().rotations_deg:
            accepted = driver.configure(SettingsRequest(rotation_deg=rotation_deg))
            assert accepted.rotation_deg == rotation_deg
            assert_taken(driver, accepted)

    @pytest.mark.usefixtures("has_region", "has_addressing")
    def test_all_of_it_together(self, driver):
        limits = driver.read_limits()
        wanted = SettingsRequest(
            roi=part_of(limits),
            binning=Binning(2, 2, limits.binning.modes[0]),
            pixel_format=limits.pixel_formats[-1].name,
            flip_horizontal=limits.may_flip,
            rotation_deg=limits.rotations_deg[-1],
        )
        accepted = assert_taken(driver, driver.configure(wanted)).descriptor
        assert accepted.rotation_deg == limits.rotations_deg[-1]


class TestLook:
    def test_gamma_is_set_and_off_again(self, driver):
        if driver.read_limits().gamma is None:
            with pytest.raises(SETTING_REFUSALS):
                driver.configure(SettingsRequest(gamma=2.0))
            return
        for gamma in (2.0, 1.5, 1.0):
            accepted = driver.configure(SettingsRequest(gamma=gamma))
            assert accepted.gamma == pytest.approx(gamma, rel=0.01)
            assert assert_taken(driver, accepted).descriptor.gamma == pytest.approx(gamma, rel=0.01)

    def test_white_balance_by_hand(self, driver):
        wanted = SettingsRequest(white_balance=(1.5, 1.0, 0.75))
        if driver.read_limits().white_balance is None:
            with pytest.raises(SETTING_REFUSALS):
                driver.configure(wanted)
            return
        accepted = driver.configure(wanted)
        assert accepted.white_balance == pytest.approx((1.5, 1.0, 0.75), rel=0.02)
        assert_taken(driver, accepted)

    def test_white_balance_by_one_push(self, driver):
        limits, before = driver.read_limits(), driver.read_settings()
        driver.start()
        if not limits.has_one_push_white_balance:
            with pytest.raises(SETTING_REFUSALS, match="white balance"):
                driver.balance_white()
            assert driver.read_settings() == before
            return
        found = driver.balance_white()
        assert found.white_balance != before.white_balance
        assert replace(found, white_balance=before.white_balance) == before
        assert_taken(driver, found)

    def test_no_number_reaches_the_camera(self, driver):
        before = driver.read_settings()
        for wanted in (SettingsRequest(gamma=float("nan")), SettingsRequest(white_balance=(1.0, float("inf"), 1.0))):
            with pytest.raises(SETTING_REFUSALS):
                driver.configure(wanted)
        assert driver.read_settings() == before
