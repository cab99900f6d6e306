"""The statistics come from the sensor's values, and describe the picture."""

import numpy as np
import pytest

from camera.drivers.simulated.specimen import blur, draw_specimen
from camera.live.statistics import compute_statistics, measure_focus


def even(value: int, *shape: int, dtype=np.uint8) -> np.ndarray:
    return np.full(shape, value, dtype=dtype)


def test_mono_has_one_histogram_and_colour_luminance_and_three():
    assert len(compute_statistics(even(9, 64, 64), 8).histogram) == 1
    assert len(compute_statistics(even(9, 64, 64, 3), 8).histogram) == 4


@pytest.mark.parametrize(
    ("value", "bits", "place"), [(0, 8, 0), (200, 8, 200), (255, 8, 255), (4095, 12, 255), (16, 12, 1)]
)
def test_a_value_is_counted_in_its_class_of_full_scale(value, bits, place):
    [histogram] = compute_statistics(even(value, 64, 64, dtype=np.uint16 if bits > 8 else np.uint8), bits).histogram
    assert histogram[place] == sum(histogram) > 0


def test_luminance_weighs_the_channels_as_the_eye_does():
    pixels = even(0, 64, 64, 3)
    pixels[..., 1] = 255
    luminance, red, green, _ = compute_statistics(pixels, 8).histogram
    assert red[0] == green[255] == sum(red)
    assert int(np.argmax(luminance)) in range(147, 152)


def test_a_pixel_is_clipped_when_any_channel_is_and_black_when_all_are():
    pixels = even(100, 64, 64, 3)
    pixels[:16, :, 0] = 255
    pixels[16:48] = 0
    statistics = compute_statistics(pixels, 8)
    assert (statistics.clipped, statistics.underexposed) == (0.25, 0.5)


def test_deep_pixels_clip_at_their_own_full_scale():
    assert compute_statistics(even(1023, 64, 64, dtype=np.uint16), 10).clipped == 1
    assert compute_statistics(even(1023, 64, 64, dtype=np.uint16), 12).clipped == 0


def test_focus_is_greatest_where_the_picture_is_sharpest():
    sharp = draw_specimen(256, 256) * 255
    scores = [measure_focus(blur(sharp, sigma_px).astype(np.uint8)) for sigma_px in (0, 1, 2, 4)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 4 * scores[-1]


def test_focus_does_not_change_with_brightness_alone():
    sharp = draw_specimen(256, 256) * 200
    bright, dim = measure_focus(sharp.astype(np.uint8)), measure_focus((sharp / 2).astype(np.uint8))
    assert dim == pytest.approx(bright, rel=0.1)


def test_darkness_has_no_focus():
    assert measure_focus(even(0, 64, 64)) == 0
