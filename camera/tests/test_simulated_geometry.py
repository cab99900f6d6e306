"""The simulated camera applies geometry and colours to its pixels."""

from dataclasses import replace

import numpy as np
import pytest

from camera.drivers.settings import SettingsRequest
from camera.drivers.simulated.banner import draw_banner
from camera.drivers.simulated.driver import SimulatedDriver, SimulatedModel
from camera.errors import SettingRefused
from camera.frame import Binning, Roi, to_display
from camera.live.statistics import compute_statistics

MONO = SimulatedModel("mono", 320, 256, False, 12)
COLOUR = SimulatedModel("colour", 320, 256, True, 12)
BANNER_PX = 14


def take(driver: SimulatedDriver, **wanted):
    """Return a frame with these settings, and its pixels."""
    driver.configure(SettingsRequest(**wanted))
    driver.stop()
    driver.start()
    raw = driver.grab()
    return raw, raw.develop()


def alike(one: np.ndarray, other: np.ndarray) -> float:
    """Return how similar two pictures are, 0 to 1, without the label."""
    return float(np.corrcoef(one[BANNER_PX:].ravel(), other[BANNER_PX:].ravel())[0, 1])


@pytest.fixture
def driver() -> SimulatedDriver:
    driver = SimulatedDriver(MONO)
    driver.open()
    driver.configure(SettingsRequest(exposure_ms=30.0))
    return driver


@pytest.fixture
def colour() -> SimulatedDriver:
    driver = SimulatedDriver(COLOUR)
    driver.open()
    driver.configure(SettingsRequest(exposure_ms=60.0))
    return driver


def test_a_region_is_cut_from_the_scene(driver):
    _, whole = take(driver)
    _, part = take(driver, roi=Roi(80, 64, 160, 128))
    assert alike(part, whole[64:192, 80:240]) > 0.9


def test_a_smaller_region_is_read_faster(driver):
    slow, _ = take(driver)
    fast, _ = take(driver, roi=Roi(0, 0, 320, 64))
    assert fast.readout_s == pytest.approx(slow.readout_s / 4)


@pytest.mark.parametrize(("mode", "brightness"), [("decimate", 1), ("average", 1), ("bin", 4)])
def test_addressing_makes_one_pixel_of_four_by_its_rule(driver, mode, brightness):
    _, whole = take(driver, exposure_ms=10.0)
    _, small = take(driver, binning=Binning(2, 2, mode))
    assert small.shape == (128, 160)
    assert small[BANNER_PX:].mean() == pytest.approx(whole[2 * BANNER_PX :].mean() * brightness, rel=0.02)


def test_averaging_takes_noise_away(driver):
    grain = {}
    for mode in ("decimate", "average"):
        taken = [take(driver, binning=Binning(2, 2, mode))[0]]
        taken.append(driver.grab())
        one, other = (raw.develop()[BANNER_PX:].astype(float) for raw in taken)
        grain[mode] = (one - other).std()
    assert grain["average"] == pytest.approx(grain["decimate"] / 2, rel=0.1)


def test_a_sum_beyond_full_scale_is_clipped(driver):
    _, pixels = take(driver, exposure_ms=120.0, binning=Binning(4, 4, "bin"))
    assert pixels[BANNER_PX:].max() == 4095


def test_flips_and_rotation_turn_the_picture_and_not_the_label(driver):
    _, whole = take(driver)
    inner = slice(BANNER_PX + 10, -BANNER_PX - 10)
    for wanted, turned in [
        ({"flip_horizontal": True}, whole[:, ::-1]),
        ({"flip_horizontal": False, "flip_vertical": True}, whole[::-1]),
        ({"flip_vertical": False, "rotation_deg": 90}, np.rot90(whole, -1)),
        ({"rotation_deg": 180}, whole[::-1, ::-1]),
        ({"rotation_deg": 270}, np.rot90(whole)),
    ]:
        raw, pixels = take(driver, **wanted)
        assert np.corrcoef(pixels[inner, inner].ravel(), turned[inner, inner].ravel())[0, 1] > 0.9
        rows = raw.label_rows
        assert np.array_equal(pixels[:rows] > 0, draw_banner(pixels.shape[1], rows) > 127)


@pytest.mark.parametrize("rotation_deg", [0, 90])
@pytest.mark.parametrize("binning", [1, 2])
def test_the_smallest_region_has_room_for_the_label(driver, binning, rotation_deg):
    """The label is nine letters of at least five pixels, with gaps between them."""
    driver.configure(SettingsRequest(binning=Binning(binning, binning, "average"), rotation_deg=rotation_deg))
    limits = driver.read_limits().roi
    raw, pixels = take(driver, roi=Roi(0, 0, limits.minimum_width, limits.minimum_height))
    letters = (pixels[: raw.label_rows] > 0).any(axis=0)
    begins = np.flatnonzero(letters[1:] & ~letters[:-1]).size + letters[0]
    assert pixels.shape[1] >= 64
    assert begins >= 9
    assert pixels.shape[0] > 2 * raw.label_rows


def test_what_would_be_too_small_is_refused_with_a_way_out(driver):
    before = driver.configure(SettingsRequest(roi=Roi(0, 0, 64, 48)))
    with pytest.raises(SettingRefused, match="Choose a larger region"):
        driver.configure(SettingsRequest(binning=Binning(2, 2, "bin")))
    assert driver.read_settings() == before


@pytest.mark.parametrize("model", [MONO, COLOUR], ids=["mono", "colour"])
def test_eight_bit_is_what_the_display_shows_of_the_full_depth(model):
    driver = SimulatedDriver(model)
    driver.open()
    deep, shallow = (each.name for each in reversed(driver.read_limits().pixel_formats))
    deep_raw, deep_pixels = take(driver, exposure_ms=60.0, pixel_format=deep)
    raw, pixels = take(driver, pixel_format=shallow)
    assert (deep_raw.descriptor.significant_bits, raw.descriptor.significant_bits) == (12, 8)
    assert (deep_pixels.dtype, pixels.dtype) == (np.uint16, np.uint8)
    assert to_display(deep_pixels, 12).astype(float).mean() == pytest.approx(pixels.mean(), abs=1)
    assert to_display(pixels, 8) is pixels
    one, other = compute_statistics(deep_pixels[BANNER_PX:], 12), compute_statistics(pixels[BANNER_PX:], 8)
    assert np.average(range(256), weights=one.histogram[0]) == pytest.approx(
        np.average(range(256), weights=other.histogram[0]), abs=1.5
    )
    assert one.focus == pytest.approx(other.focus, rel=0.1)


def test_gamma_lifts_the_shadows_and_leaves_full_scale(driver):
    _, straight = take(driver)
    _, bent = take(driver, gamma=2.2)
    dark = straight[BANNER_PX:] < np.quantile(straight[BANNER_PX:], 0.2)
    assert bent[BANNER_PX:][dark].mean() > 1.5 * straight[BANNER_PX:][dark].mean()
    assert bent.max() == 4095


def background(pixels: np.ndarray) -> np.ndarray:
    picture = pixels[BANNER_PX:].reshape(-1, 3).astype(float)
    brightness = picture.sum(axis=1)
    return picture[brightness >= np.quantile(brightness, 0.97)].mean(axis=0)


def test_the_lamp_has_a_cast_that_one_push_takes_away(colour):
    _, before = take(colour)
    red, _, blue = background(before)
    assert red > 1.15 * blue
    settings = colour.balance_white()
    assert settings.white_balance[1] == 1.0
    raw, after = take(colour)
    assert raw.descriptor.white_balance == settings.white_balance
    assert np.ptp(background(after)) < 0.04 * background(after).mean()


def test_gains_multiply_each_colour(colour):
    _, before = take(colour, exposure_ms=20.0)
    _, after = take(colour, white_balance=(2.0, 1.0, 0.5))
    ratio = after[BANNER_PX:].mean(axis=(0, 1)) / before[BANNER_PX:].mean(axis=(0, 1))
    assert ratio == pytest.approx((2.0, 1.0, 0.5), rel=0.02)


def test_a_mono_camera_has_no_white_balance(driver):
    driver.start()
    with pytest.raises(SettingRefused):
        driver.balance_white()
    with pytest.raises(SettingRefused):
        driver.configure(SettingsRequest(white_balance=(1.0, 1.0, 1.0)))


def test_frames_of_the_old_region_do_not_come_after_the_new_was_accepted():
    driver = SimulatedDriver(MONO, settings_latency_frames=3)
    driver.open()
    driver.configure(SettingsRequest(exposure_ms=40.0))
    driver.start()
    driver.grab()
    accepted = driver.configure(SettingsRequest(roi=Roi(80, 64, 160, 128)))
    assert {driver.grab().descriptor.roi for _ in range(4)} == {accepted.roi}


def test_what_is_not_named_stays(driver):
    before = driver.configure(SettingsRequest(flip_horizontal=True, gamma=2.0))
    assert driver.configure(SettingsRequest(gain_db=3.0)) == replace(before, gain_db=3.0)
