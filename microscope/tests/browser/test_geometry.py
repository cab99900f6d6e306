"""Region, binning, rotation and colours on the live page: picture, camera and captures follow."""

import re
from itertools import product

import numpy as np
import pytest
from playwright.sync_api import expect

from camera.drivers.settings import Settings
from camera.drivers.simulated.frame import bin_pixels, turn
from camera.frame import Binning, Roi
from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.sight import scrolls_sideways, wait_until
from microscope.tests.browser.test_accessible import violations

pytestmark = pytest.mark.usefixtures("upright")
WHOLE = {"left": 0, "top": 0, "width": 1920, "height": 1080}
TO_SENSOR = """async ([rectangle, roi, binning, flip, rotation]) => {
    const { readGeometry, toSensor } = await import("/static/camera/live/sensor.js");
    const told = {"x-roi": roi, "x-binning": binning, "x-flip": flip, "x-rotation-deg": String(rotation)};
    return toSensor(rectangle, readGeometry(new Map(Object.entries(told))));
}"""


@pytest.fixture
def open_panel(watch_live):
    """open_panel() opens the live page with this section open."""

    def go(person: str = "ada", **kind):
        page = watch_live(person, **kind)
        page.locator("#geometry summary").click()
        return page

    return go


def settings(bench):
    return bench.camera()["settings"]


def wait_for_size(page, width: int, height: int) -> None:
    expect(page.locator("#picture-place")).to_have_attribute(
        "style", re.compile(f"width: {width}px; height: {height}px")
    )


def drag(page, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag from one place of the picture to another. Places are shares of its width and height."""
    box = page.locator("#picture").bounding_box()
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=3)
    page.mouse.up()


def set_number(page, identifier: str, value: str) -> None:
    page.locator(f"#{identifier}").fill(value)
    page.locator(f"#{identifier}").press("Enter")


def test_a_drawn_region_is_what_the_picture_shows_and_what_a_capture_has(open_panel, bench):
    page = open_panel()
    page.get_by_role("button", name="Draw region").click()
    drag(page, (0.25, 0.25), (0.5, 0.75))
    page.keyboard.press("Enter")
    wait_until(page, lambda: settings(bench)["roi"], lambda roi: roi != WHOLE)
    roi = settings(bench)["roi"]
    assert abs(roi["left"] - 480) <= 8 and abs(roi["top"] - 270) <= 8
    assert abs(roi["width"] - 480) <= 16 and abs(roi["height"] - 540) <= 16
    for name, value in roi.items():
        expect(page.locator(f"#roi-{name}")).to_have_value(str(value))
    wait_for_size(page, roi["width"], roi["height"])
    expect(page.locator("#region")).to_be_hidden()
    captured = bench.capture(format="jpg")
    assert (captured["width"], captured["height"]) == (roi["width"], roi["height"])


def test_the_whole_sensor_comes_back_by_one_button(open_panel, bench):
    bench.set_camera(roi={"left": 640, "top": 360, "width": 640, "height": 360})
    page = open_panel()
    expect(page.locator("#roi-left")).to_have_value("640")
    page.get_by_role("button", name="Whole sensor").click()
    expect(page.locator("#roi-left")).to_have_value("0")
    wait_for_size(page, 1920, 1080)
    assert settings(bench)["roi"] == WHOLE


def test_a_region_drawn_on_a_turned_flipped_and_binned_part_is_that_region(open_panel, bench):
    """The flip moves the right side to the left. The clockwise rotation then moves the lower left to the top left."""
    part = {"left": 480, "top": 200, "width": 960, "height": 640}
    bench.set_camera(roi=part, binning={"x": 2, "y": 2, "mode": "average"}, flipHorizontal=True, rotation=90)
    page = open_panel()
    wait_for_size(page, 320, 480)
    page.get_by_role("button", name="Draw region").click()
    drag(page, (0, 0), (0.5, 0.5))
    page.keyboard.press("Enter")
    wait_until(page, lambda: settings(bench)["roi"], lambda roi: roi != part)
    roi = settings(bench)["roi"]
    assert abs(roi["left"] - 960) <= 8 and abs(roi["top"] - 520) <= 8, roi
    assert abs(roi["width"] - 480) <= 16 and abs(roi["height"] - 320) <= 16, roi


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_every_rectangle_is_found_on_the_sensor_whatever_the_turning(visit, rotation):
    """Compares with the simulated sensor's own arithmetic: both must give the same pixels."""
    page = visit("/profile")
    sensor = np.arange(24 * 40, dtype=np.uint16).reshape(24, 40)
    roi = Roi(5, 3, 21, 14)
    for horizontal, vertical, (x, y) in product((False, True), (False, True), ((1, 1), (2, 2), (4, 2))):
        made = Settings(1, 0, roi, Binning(x, y, "decimate"), "MONO16", horizontal, vertical, rotation)
        part = sensor[roi.top : roi.top + roi.height, roi.left : roi.left + roi.width]
        shown = turn(bin_pixels(part, made.binning, 65535), made)
        flips = ",".join(name for name, is_on in (("horizontal", horizontal), ("vertical", vertical)) if is_on)
        rectangle = {"x": 1, "y": 2, "width": 3, "height": 4}
        told = [rectangle, "5,3,21,14", f"{x}x{y}", flips or "none", rotation]
        found = page.evaluate(TO_SENSOR, told)
        rows, columns = np.divmod(shown[2:6, 1:4], 40)
        assert (found["left"], found["top"]) == (columns.min(), rows.min()), (told, found)
        right, bottom = min(columns.max() + x, 26), min(rows.max() + y, 17)
        assert (found["left"] + found["width"], found["top"] + found["height"]) == (right, bottom), (told, found)


def test_escape_gives_up_a_drawing_and_the_keyboard_draws_alone(open_panel, bench):
    page = open_panel()
    page.get_by_role("button", name="Draw region").press("Enter")
    expect(page.locator("#region")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect(page.locator("#region")).to_be_hidden()
    expect(page.get_by_role("button", name="Draw region")).to_be_focused()
    assert settings(bench)["roi"] == WHOLE
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")  # the first arrow key makes a rectangle of the middle half
    page.keyboard.press("Enter")
    expect(page.locator("#roi-width")).to_have_value("960")
    expect(page.locator("#roi-left")).to_have_value("480")
    wait_for_size(page, 960, settings(bench)["roi"]["height"])


def test_what_was_drawn_is_given_up_when_the_picture_changes_under_it(open_panel, bench):
    page = open_panel()
    page.get_by_role("button", name="Draw region").click()
    drag(page, (0.1, 0.2), (0.4, 0.6))
    bench.set_camera(flipHorizontal=True)
    expect(page.locator("#region-hint")).to_contain_text("Draw the region again")
    page.keyboard.press("Enter")
    expect(page.locator("#region")).to_be_visible()
    assert settings(bench)["roi"] == WHOLE


def test_a_typed_region_is_taken_as_a_whole_and_the_cameras_rounding_is_told(open_panel, bench):
    page = open_panel()
    for name, value in (("left", "641"), ("top", "360"), ("width", "640")):
        page.locator(f"#roi-{name}").fill(value)
    assert settings(bench)["roi"] == WHOLE
    set_number(page, "roi-height", "360")
    expect(page.locator("#roi-note")).to_have_text(
        re.compile("^Asked 640 . 360 at 641, 360, the camera took 640 . 360 at 640, 360$")
    )
    expect(page.locator("#roi-left")).to_have_value("640")


def test_a_region_off_the_sensor_is_refused_with_the_limits_and_the_old_one_stays(open_panel, bench):
    page = open_panel()
    page.incidents.expect("400 PATCH", "status of 400")
    set_number(page, "roi-left", "1900")
    expect(page.locator("#roi-note")).to_contain_text("Must lie on the sensor of 1920 x 1080 pixels")
    expect(page.locator("#roi-left")).to_have_value("0")
    assert settings(bench)["roi"] == WHOLE


def test_binning_halves_the_picture_and_the_scale_bar_knows(open_panel, bench, calibrated):
    bench.set_camera(objective=calibrated["id"])
    page = open_panel()
    expect(page.locator("#objective-note")).to_have_text("0.5000 µm/px")
    page.keyboard.press("1")
    page.keyboard.press("s")
    expect(page.locator("#scale-bar-length")).to_have_text("100 µm")
    line = page.locator("#scale-bar-line")
    assert abs(line.bounding_box()["width"] - 200) < 1
    page.get_by_label("Binning", exact=True).select_option("2 2")
    wait_for_size(page, 960, 540)
    expect(page.locator("#objective-note")).to_have_text("1.000 µm/px")
    expect(page.locator("#scale-bar-length")).to_have_text("200 µm")
    captured = bench.capture(format="jpg")
    assert (captured["width"], captured["height"]) == (960, 540)
    assert bench.image(captured["imageId"])["umPerPixelX"] == 1.0


def test_another_browser_sees_the_change_in_picture_and_fields(open_panel):
    ada, linus = open_panel("ada"), open_panel("linus")
    ada.get_by_label("Rotation").select_option("90")
    ada.get_by_label("Left to right").check()
    set_number(ada, "gamma", "2")
    wait_for_size(linus, 1080, 1920)
    expect(linus.locator("#rotation")).to_have_value("90")
    expect(linus.locator("#flip-horizontal")).to_be_checked()
    expect(linus.locator("#rotation-note")).to_have_text("Set by ada")
    expect(linus.locator("#gamma")).to_have_value("2")
    expect(ada.locator("#rotation-note")).to_be_empty()


def test_a_choice_stands_while_the_answer_to_the_one_before_comes(open_panel, bench):
    page = open_panel()
    held = []
    page.route("**/api/v1/camera/settings", lambda route: held.append(route))
    page.get_by_label("Rotation").select_option("180")
    wait_until(page, lambda: len(held), lambda number: number == 1)
    page.get_by_label("Left to right").check()
    held[0].continue_()
    wait_until(page, lambda: len(held), lambda number: number == 2)
    expect(page.locator("#rotation-note")).to_be_empty()
    expect(page.get_by_label("Left to right")).to_be_checked()
    held[1].continue_()
    wait_until(page, lambda: settings(bench)["flipHorizontal"], bool)
    expect(page.get_by_label("Left to right")).to_be_checked()


def test_white_balance_by_one_push_fills_the_gains_and_these_can_be_typed(open_panel, bench):
    page = open_panel()
    page.get_by_role("button", name="Set on this view").click()
    expect(page.locator("#white-balance-note")).to_have_text("Set on this view")
    expect(page.locator("#gains-blue")).not_to_have_value("1")
    expect(page.locator("#gains-note")).to_be_empty()
    assert float(page.locator("#gains-blue").input_value()) == pytest.approx(
        settings(bench)["whiteBalance"]["blue"], 1e-3
    )
    set_number(page, "gains-red", "1.5")
    wait_until(page, lambda: settings(bench)["whiteBalance"]["red"], lambda red: red == 1.5)


def test_what_the_camera_lacks_is_not_shown(open_panel):
    """This camera has only one depth."""
    page = open_panel()
    expect(page.locator("#setting-depth")).to_be_hidden()
    expect(page.locator("#setting-gamma")).to_be_visible()


def test_a_viewer_reads_the_values_and_has_nothing_to_change_them(open_panel):
    page = open_panel("vera")
    expect(page.locator("#roi-width")).to_have_value("1920")
    expect(page.locator("#roi-width")).to_be_disabled()
    expect(page.locator("#rotation")).to_be_disabled()
    expect(page.get_by_role("button", name="Draw region")).to_have_count(0)
    expect(page.get_by_role("button", name="Whole sensor")).to_have_count(0)


def test_axe_finds_nothing_while_a_region_is_drawn(open_panel):
    page = open_panel()
    expect(page.locator("#capture")).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Draw region").click()
    drag(page, (0.2, 0.2), (0.6, 0.6))
    assert violations(page) == []


def test_on_a_phone_a_finger_draws_and_a_button_applies(open_panel, bench):
    page = open_panel(**PHONE)
    page.get_by_role("button", name="Draw region").tap()
    drag(page, (0.25, 0.25), (0.75, 0.75))
    page.get_by_role("button", name="Apply").tap()
    wait_until(page, lambda: settings(bench)["roi"], lambda roi: roi != WHOLE)
    assert not scrolls_sideways(page)
    expect(page.locator("#capture")).to_be_in_viewport(ratio=1)
