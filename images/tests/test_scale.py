import math

import pytest

from camera.frame import Binning, CameraIdentity
from images.calibration.scale import Line, PixelsPerSide, describe_scale, find_scale, measure_line, pixels_per_side
from images.index.current_optics import UNKNOWN, CurrentOptics
from images.tests.frames import make_frame, make_pixels

CAMERA = CameraIdentity("Pixelink", "PL-D752", "775001234")
CALIBRATION = {"umPerPixel": 0.35}
IN_USE = CurrentOptics({"id": "…"}, {("775001234", "PL-D752"): CALIBRATION})


def per_pixel(scale) -> tuple[float, float]:
    return scale["umPerPixelX"], scale["umPerPixelY"]


@pytest.mark.parametrize(
    ("x", "y", "rotation_deg", "along_x", "along_y"),
    [
        (1, 1, 0, 0.35, 0.35),
        (2, 2, 0, 0.70, 0.70),
        (2, 2, 90, 0.70, 0.70),
        (4, 2, 0, 1.40, 0.70),
        (4, 2, 90, 0.70, 1.40),
        (4, 2, 180, 1.40, 0.70),
        (4, 2, 270, 0.70, 1.40),
    ],
)
def test_a_pixel_measures_what_its_sensor_pixels_measure_along_its_own_axes(x, y, rotation_deg, along_x, along_y):
    scale = find_scale(IN_USE, CAMERA, Binning(x, y, "bin"), rotation_deg)
    assert per_pixel(scale) == pytest.approx((along_x, along_y))
    assert (scale["known"], scale["calibration"]) == (True, CALIBRATION)


def test_a_frame_is_asked_for_its_own_addressing_and_rotation():
    frame = make_frame(make_pixels(24, 48), binning=Binning(2, 1, "decimate"), rotation_deg=90)
    assert per_pixel(describe_scale(IN_USE, frame)) == pytest.approx((0.35, 0.70))


@pytest.mark.parametrize(
    ("in_use", "camera"),
    [
        (UNKNOWN, CAMERA),
        (CurrentOptics({"id": "…"}), CAMERA),
        (IN_USE, CameraIdentity("Pixelink", "PL-D752", "775009999")),
        (IN_USE, CameraIdentity("Pixelink", "PL-D755", "775001234")),
        (IN_USE, CameraIdentity("Microscope", "Simulated colour-2mp", "SIMULATED")),
        (CurrentOptics({"id": "…"}, {("", "PL-D752"): CALIBRATION}), CameraIdentity("Pixelink", "PL-D752", "")),
    ],
)
def test_no_scale_is_invented_for_a_camera_that_was_not_calibrated(in_use, camera):
    assert find_scale(in_use, camera, Binning(), 0) == {"known": False}


@pytest.mark.parametrize(
    ("line", "side", "pixels"),
    [
        (Line(100, 50, 1100, 50), PixelsPerSide(1, 1), 1000),
        (Line(0, 0, 300, 400), PixelsPerSide(1, 1), 500),
        (Line(0, 0, 300, 400), PixelsPerSide(2, 2), 1000),
        (Line(0, 0, 300, 400), PixelsPerSide(4, 1), math.hypot(1200, 400)),
        (Line(0, 400, 300, 0), pixels_per_side(1, 4, 90), math.hypot(1200, 400)),
    ],
)
def test_a_line_is_measured_in_pixels_of_the_sensor(line, side, pixels):
    measured = measure_line(line, side, length_um=500)
    assert measured.pixels == pytest.approx(pixels)
    assert measured.um_per_pixel == pytest.approx(500 / pixels)


def test_what_was_calibrated_in_one_addressing_holds_in_every_other():
    """The same 350 um cover 1000 sensor pixels, however many sensor pixels make one pixel of the image."""
    whole = measure_line(Line(0, 0, 1000, 0), PixelsPerSide(1, 1), 350)
    coarse = measure_line(Line(0, 0, 250, 0), pixels_per_side(2, 4, 90), 350)
    assert whole.um_per_pixel == coarse.um_per_pixel == 0.35
    assert coarse.uncertainty_um == pytest.approx(4 * whole.uncertainty_um)


def test_the_uncertainty_is_that_of_placing_two_ends_to_half_a_pixel():
    measured = measure_line(Line(0, 0, 1000, 0), PixelsPerSide(1, 1), 1000)
    assert measured.uncertainty_um == pytest.approx(math.sqrt(0.5**2 + 0.5**2) / 1000)
    longer = measure_line(Line(0, 0, 2000, 0), PixelsPerSide(1, 1), 2000)
    assert longer.uncertainty_um == pytest.approx(measured.uncertainty_um / 2)
