"""Every pixel from the Pixelink driver is compared with what the stand-in's sensor saw."""

from collections.abc import Iterator

import numpy as np
import pytest

from camera.errors import FrameInvalid
from camera.tests.driving import Driving, driving, one_library
from camera.tests.standin.codes import FeatureId, PixelFormat
from camera.tests.standin.image_formats import demosaic
from camera.tests.standin.pixel_formats import layout_of
from camera.tests.standin.settings import Roi

MONO_FORMATS = [pixel_format for pixel_format in PixelFormat if pixel_format.name.startswith("MONO")]
BAYER_FORMATS = [pixel_format for pixel_format in PixelFormat if pixel_format.name.startswith("BAYER")]
RGB_FORMATS = [PixelFormat.RGB24_DIB, PixelFormat.RGB24_NON_DIB, PixelFormat.BGR24, PixelFormat.RGB48]
COLOUR_FORMATS = [*BAYER_FORMATS, *RGB_FORMATS, PixelFormat.YUV422]
ANY_SIZE = {"roi_step": (1, 1), "roi_minimum": (1, 1)}
ODD_SIZES = [Roi(0, 0, 95, 63), Roi(3, 5, 17, 13), Roi(90, 60, 1, 1)]


@pytest.fixture(scope="module", autouse=True)
def library_for_all() -> Iterator[None]:
    with one_library():
        yield


def depth_of(pixel_format: PixelFormat, sensor_bits: int) -> int:
    bits = layout_of(pixel_format).bits
    return sensor_bits if bits == 16 else bits


def demosaiced(driven: Driving, raw) -> np.ndarray:
    """Return the true mosaic as the library converts it, with the bits of the frame."""
    pattern = raw.descriptor.pixel_format.split("_")[1]
    bits = raw.descriptor.significant_bits
    top = (driven.expected(raw, bits) << 16 - bits).astype(np.uint16)
    return demosaic(top, pattern) >> 16 - bits


def colours_of_corners(pixels: np.ndarray) -> list[str]:
    """Return the strongest colour of each corner, or white: top left, top right, bottom left, bottom right."""
    corners = [pixels[row, column].astype(int) for row in (2, -3) for column in (2, -3)]
    return ["white" if np.ptp(corner) < corner.max() / 8 else "RGB"[corner.argmax()] for corner in corners]


class TestMono:
    @pytest.mark.parametrize("sensor_bits", [8, 10, 12, 16])
    @pytest.mark.parametrize("pixel_format", MONO_FORMATS)
    def test_every_format_gives_the_sensors_values_at_full_depth(self, pixel_format, sensor_bits):
        with driving(significant_bits=sensor_bits) as driven:
            raw = driven.streaming(pixel_format=pixel_format, exposure_s=0.006).grab()
            pixels = raw.develop()
            assert raw.descriptor.significant_bits == depth_of(pixel_format, sensor_bits)
            assert np.array_equal(pixels, driven.expected(raw))
            assert len(np.unique(pixels)) > 20

    @pytest.mark.parametrize("roi", ODD_SIZES)
    @pytest.mark.parametrize("pixel_format", MONO_FORMATS)
    def test_odd_sizes_are_not_skewed(self, pixel_format, roi):
        with driving(**ANY_SIZE) as driven:
            raw = driven.streaming(pixel_format=pixel_format, roi=roi, exposure_s=0.004).grab()
            pixels, expected = raw.develop(), driven.expected(raw)
            assert pixels.shape == (roi.height, roi.width)
            assert np.array_equal(pixels.ravel()[:-1], expected.ravel()[:-1])
            # If the size is odd, the library cuts off the byte with the low bits of the last pixel.
            assert pixels[-1, -1] | 0x0F == expected[-1, -1] | 0x0F

    def test_a_last_pixel_cut_short_is_not_filled_up_from_an_earlier_frame(self):
        left = {"pixel_format": PixelFormat.MONO12_PACKED, "exposure_s": 0.004}
        with driving(**ANY_SIZE) as driven:
            driven.streaming(**left, roi=Roi(50, 10, 37, 6)).grab()
            driven.driver.stop()
            driven.camera.leave_behind(**left, roi=Roi(0, 0, 17, 13))
            driven.driver.start()
            assert {int(driven.grab().develop()[-1, -1]) & 0x0F for _ in range(4)} == {0}


class TestColour:
    @pytest.mark.parametrize("pixel_format", COLOUR_FORMATS)
    def test_every_format_has_its_colours_and_its_top_in_the_right_place(self, pixel_format):
        with driving(is_colour=True) as driven:
            raw = driven.streaming(pixel_format=pixel_format, exposure_s=0.006).grab()
            pixels = raw.develop()
            assert pixels.shape == (64, 96, 3)
            assert colours_of_corners(pixels) == ["R", "G", "B", "white"]
            full = 2**raw.descriptor.significant_bits - 1
            scene = driven.camera.sensor.scene[30:34, 48:52].mean(axis=(0, 1)) * 0.6
            assert pixels[30:34, 48:52].mean(axis=(0, 1)) / full == pytest.approx(scene, abs=0.015)

    @pytest.mark.parametrize("sensor_bits", [10, 12, 16])
    @pytest.mark.parametrize("pixel_format", [PixelFormat.RGB24_DIB, PixelFormat.BGR24, PixelFormat.RGB48])
    def test_rgb_values_are_exact(self, pixel_format, sensor_bits):
        with driving(is_colour=True, significant_bits=sensor_bits) as driven:
            raw = driven.streaming(pixel_format=pixel_format, exposure_s=0.006).grab()
            assert raw.descriptor.significant_bits == depth_of(pixel_format, sensor_bits)
            assert np.array_equal(raw.develop(), driven.expected(raw))

    @pytest.mark.parametrize("pattern", ["GRBG", "RGGB", "GBRG", "BGGR"])
    @pytest.mark.parametrize(
        "pixel_format",
        [
            PixelFormat.BAYER8_GRBG,
            PixelFormat.BAYER16_GRBG,
            PixelFormat.BAYER12_GRBG_PACKED,
            PixelFormat.BAYER12_GRBG_PACKED_MSFIRST,
            PixelFormat.BAYER10_GRBG_PACKED_MSFIRST,
        ],
    )
    def test_bayer_values_are_exact_whatever_pattern_the_sensor_has(self, pixel_format, pattern):
        with driving(is_colour=True, bayer_pattern=pattern) as driven:
            raw = driven.streaming(pixel_format=pixel_format, exposure_s=0.006).grab()
            assert pattern in raw.descriptor.pixel_format
            assert np.array_equal(raw.develop(), demosaiced(driven, raw))
            assert raw.descriptor.significant_bits == depth_of(pixel_format, 12)

    @pytest.mark.parametrize("roi", [Roi(0, 0, 95, 63), Roi(2, 4, 33, 17)])
    @pytest.mark.parametrize("pixel_format", [3, 4, 14, 21, 26, 5, 18, 34, 6])
    def test_odd_sizes_are_not_skewed(self, pixel_format, roi):
        with driving(is_colour=True, **ANY_SIZE) as driven:
            raw = driven.streaming(pixel_format=PixelFormat(pixel_format), roi=roi, exposure_s=0.004).grab()
            is_bayer = "BAYER" in raw.descriptor.pixel_format
            expected = demosaiced(driven, raw) if is_bayer else driven.expected(raw)
            assert raw.develop().shape == (roi.height, roi.width, 3)
            assert np.array_equal(raw.develop()[:-1], expected[:-1])


class TestGeometry:
    @pytest.mark.parametrize("pixel_format", [PixelFormat.MONO8, PixelFormat.MONO16, PixelFormat.MONO12_PACKED])
    def test_a_region_left_set_comes_out_as_it_is(self, pixel_format):
        with driving() as driven:
            raw = driven.streaming(roi=Roi(16, 8, 48, 30), pixel_format=pixel_format, exposure_s=0.005).grab()
            told = raw.descriptor.roi
            assert (told.left, told.top, told.width, told.height) == (16, 8, 48, 30)
            assert np.array_equal(raw.develop(), driven.expected(raw))

    @pytest.mark.parametrize("parameter_count", [2, 4])
    @pytest.mark.parametrize(("mode", "rule"), list(enumerate(["decimate", "average", "bin", "resample"])))
    @pytest.mark.parametrize("factor", [2, 3])
    def test_pixel_addressing_left_set_comes_out_as_it_is(self, parameter_count, mode, rule, factor):
        with driving(addressing_parameter_count=parameter_count) as driven:
            left = {"addressing_x": factor, "addressing_y": factor, "addressing_mode": mode}
            raw = driven.streaming(**left, pixel_format=PixelFormat.MONO16, exposure_s=0.002).grab()
            told = raw.descriptor.binning
            assert (told.x, told.y, told.mode) == (factor, factor, rule)
            assert driven.driver.read_settings().binning == told
            assert raw.develop().shape == (-(-64 // factor), -(-96 // factor))
            assert np.array_equal(raw.develop(), driven.expected(raw))

    def test_the_two_axes_may_be_addressed_differently(self):
        with driving() as driven:
            raw = driven.streaming(addressing_x=4, addressing_y=2).grab()
            assert raw.develop().shape == (32, 24)
            assert np.array_equal(raw.develop(), driven.expected(raw))

    @pytest.mark.parametrize("pixel_format", [PixelFormat.BAYER8_GRBG, PixelFormat.BAYER16_GRBG, PixelFormat.BGR24])
    @pytest.mark.parametrize(
        ("horizontal", "vertical", "corners"),
        [(True, False, "G R white B"), (False, True, "B white R G"), (True, True, "white B G R")],
    )
    def test_flips_turn_the_picture_and_no_colour(self, pixel_format, horizontal, vertical, corners):
        with driving(is_colour=True) as driven:
            flips = {"flip_horizontal": horizontal, "flip_vertical": vertical}
            raw = driven.streaming(**flips, pixel_format=pixel_format, exposure_s=0.006).grab()
            assert colours_of_corners(raw.develop()) == corners.split()
            assert (raw.descriptor.flip_horizontal, raw.descriptor.flip_vertical) == (horizontal, vertical)

    @pytest.mark.parametrize("rotation", [90, 180, 270])
    def test_frames_left_turned_are_set_upright_again(self, rotation):
        with driving(is_colour=True) as driven:
            raw = driven.streaming(rotation_degrees=rotation, exposure_s=0.006).grab()
            assert raw.descriptor.rotation_deg == 0
            assert colours_of_corners(raw.develop()) == ["R", "G", "B", "white"]

    @pytest.mark.parametrize("is_told_turned", [False, True])
    @pytest.mark.parametrize(("rotation", "corners"), [(90, "B R white G"), (270, "G white R B")])
    def test_frames_that_cannot_be_set_upright_are_not_skewed(self, rotation, corners, is_told_turned):
        """The descriptor may give the region as the sensor has it, or as the frame lies in memory."""
        turned = {"Roi.fWidth": 64.0, "Roi.fHeight": 96.0} if is_told_turned else {}
        with driving(is_colour=True, read_only_features=frozenset({FeatureId.ROTATE})) as driven:
            driven.streaming(rotation_degrees=rotation, exposure_s=0.006, pixel_format=PixelFormat.BGR24)
            driven.camera.faults.garble_descriptors(2, turned)
            pixels = grab_believed(driven).develop()
            assert pixels.shape == (96, 64, 3)
            assert colours_of_corners(pixels) == corners.split()


def grab_believed(driven: Driving):
    """The driver believes an unexpected frame only if the next one says the same."""
    try:
        return driven.grab()
    except FrameInvalid:
        return driven.grab()
