"""The simulated specimen, its defocus, and the banner."""

import numpy as np
import pytest

from camera.drivers.simulated.banner import draw_banner
from camera.drivers.simulated.specimen import blur, draw_specimen


@pytest.fixture(scope="module")
def specimen() -> np.ndarray:
    return draw_specimen(320, 240)


def sharpness(image: np.ndarray) -> float:
    """Return the variance of the differences between neighbours in the green channel."""
    return float(np.diff(image[..., 1], axis=0).var() + np.diff(image[..., 1], axis=1).var())


@pytest.mark.parametrize(("width", "height"), [(65, 37), (1, 1), (3, 200), (640, 480)])
def test_specimen_has_the_asked_size_and_passes_a_share_of_the_light(width, height):
    image = draw_specimen(width, height)
    assert image.shape == (height, width, 3)
    assert image.dtype == np.float32
    assert image.min() >= 0 and image.max() < 0.99


def test_specimen_follows_from_its_seed(specimen):
    assert np.array_equal(specimen, draw_specimen(320, 240))
    assert not np.array_equal(specimen, draw_specimen(320, 240, seed=2))


def test_specimen_has_clear_lumens_and_violet_nuclei(specimen):
    red, green, blue = np.moveaxis(specimen, -1, 0)
    clear = specimen.min(axis=-1) > 0.85
    nuclei = red < 0.4
    assert 0.03 < clear.mean() < 0.5
    assert 0.05 < nuclei.mean() < 0.5
    assert (blue[nuclei] > green[nuclei]).all()
    assert green.mean() < red.mean() and green.mean() < blue.mean()


@pytest.mark.parametrize("seed", range(3, 7))
def test_specimen_has_detail_everywhere(seed):
    for quarter in np.split(draw_specimen(400, 160, seed=seed), 4, axis=1):
        assert sharpness(quarter) > 2e-4


def test_blur_lowers_sharpness_step_by_step_and_keeps_the_mean(specimen):
    blurred = [blur(specimen, sigma_px) for sigma_px in (0, 0.4, 0.5, 0.9, 1.0, 2.5, 2.6, 12)]
    focus = [sharpness(image) for image in blurred]
    assert focus == sorted(focus, reverse=True) and len(set(focus)) == len(focus)
    mean = specimen.mean(axis=(0, 1), dtype=float)
    for image in blurred:
        assert image.dtype == np.float32 and image.shape == specimen.shape
        assert image.mean(axis=(0, 1), dtype=float) == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize("sigma_px", [0.5, 1.7, 6])
def test_blur_spreads_a_point_by_sigma(sigma_px):
    point = np.zeros((81, 81), np.float32)
    point[40, 40] = 1
    spread = blur(point, sigma_px)
    offset_px = np.arange(81) - 40
    assert (spread.sum(axis=1) * offset_px**2).sum() == pytest.approx(sigma_px**2, rel=0.01)
    assert spread == pytest.approx(spread.T, abs=1e-6)


def test_blur_leaves_its_argument_and_even_light_alone():
    even = np.full((9, 5, 3), 0.7, np.float32)
    assert blur(even, 30) == pytest.approx(even, abs=1e-5)
    assert (even == np.float32(0.7)).all()
    assert blur(even, 0) is not even


@pytest.mark.parametrize(("width_px", "height_px"), [(64, 8), (64, 40), (333, 17), (1920, 54), (6000, 160)])
def test_banner_is_white_letters_within_a_black_border(width_px, height_px):
    banner = draw_banner(width_px, height_px)
    assert banner.shape == (height_px, width_px) and banner.dtype == np.uint8
    assert set(np.unique(banner)) == {0, 255}
    assert not banner[[0, -1]].any() and not banner[:, [0, -1]].any()
    assert 0.02 < (banner == 255).mean() < 0.4


def test_banner_repeats_the_word_and_changes_with_it():
    columns = draw_banner(1920, 54).any(axis=0)
    letters = np.count_nonzero(np.diff(columns.astype(int)) == 1)
    assert letters >= 2 * len("SIMULATED") and letters % len("SIMULATED") == 0
    assert not np.array_equal(draw_banner(640, 30), draw_banner(640, 30, "TEST"))
    assert not draw_banner(640, 30, "  ").any()
