import numpy as np
import pytest
from PIL import ImageFont

from images.export.scale_bar import FONT, burn_scale_bar, choose_length_um, format_length


@pytest.mark.parametrize(
    ("um_per_pixel", "longest_px", "length_um"),
    [(0.32, 480, 100), (1, 5, 5), (1, 9.99, 5), (1, 10, 10), (3.45, 640, 2000), (0.0065, 300, 1), (0.1, 4, 0.2)],
)
def test_lengths_are_one_two_or_five_and_the_longest_that_fits(um_per_pixel, longest_px, length_um):
    assert choose_length_um(um_per_pixel, longest_px) == pytest.approx(length_um)


@pytest.mark.parametrize(
    ("length_um", "text"), [(0.2, "200 nm"), (1, "1 µm"), (50, "50 µm"), (1000, "1 mm"), (2e6, "2000 mm")]
)
def test_lengths_are_written_in_the_unit_that_suits(length_um, text):
    assert format_length(length_um) == text


@pytest.mark.parametrize("um_per_pixel", [0.0123, 0.3225, 1.0, 7.7])
@pytest.mark.parametrize(("bits", "kind"), [(8, np.uint8), (12, np.uint16)])
@pytest.mark.parametrize("is_colour", [True, False])
def test_the_bar_is_as_long_as_it_says_to_the_pixel(um_per_pixel, bits, kind, is_colour):
    grey = 2 ** (bits - 1)
    pixels = np.full((480, 640, 3) if is_colour else (480, 640), grey, kind)
    burnt = burn_scale_bar(pixels, um_per_pixel, bits)
    length_px = choose_length_um(um_per_pixel, 640 / 4) / um_per_pixel
    plane = burnt[..., 0] if is_colour else burnt
    assert (plane == 2**bits - 1).sum(axis=1).max() == round(length_px)
    assert set(np.unique(burnt)) == {0, grey, 2**bits - 1}
    assert (pixels == grey).all(), "the picture handed in was changed"


def test_it_keeps_within_its_corner():
    pixels = np.full((480, 640), 100, np.uint8)
    touched = burn_scale_bar(pixels, 1.0, 8) != 100
    assert not touched[:240].any()
    assert not touched[:, :320].any()
    assert not touched[:, -1].any() and not touched[-1].any()


def test_the_font_has_a_micro_sign_and_draws_no_box_in_its_place():
    font = ImageFont.truetype(FONT, 40)
    assert bytes(font.getmask("\N{MICRO SIGN}")) != bytes(font.getmask("\uffff"))


@pytest.mark.parametrize("size", [(64, 64), (24, 300), (3648, 5472)])
def test_it_fits_into_pictures_of_every_size(size):
    burnt = burn_scale_bar(np.full(size, 100, np.uint8), 0.5, 8)
    assert (burnt == 255).any() and (burnt == 0).any()
