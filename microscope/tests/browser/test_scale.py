"""What a pixel measures: from the objective chosen on the live page to scale bars, lengths and exports."""

import io
import re

import numpy as np
import pytest
from PIL import Image as Picture
from playwright.sync_api import expect

from microscope.tests.browser.sight import draw_line, wait_until
from microscope.tests.browser.test_gallery import unpack

UM_PER_PIXEL = 0.5
# The bar of an export is the longest round length up to a quarter of the width: 200 of 240 micrometres.
BURNT_PX = 400


@pytest.fixture
def scaled(bench, calibrated, capture_set):
    """scaled(2) captures two images through the calibrated objective."""

    def capture(number: int = 1):
        bench.set_camera(objective=calibrated["id"])
        return capture_set(number)

    capture.sample = capture_set.sample
    return capture


def open_newest(page) -> None:
    page.locator("#slot-result").get_by_role("link", name="Open").click()
    page.wait_for_url(re.compile(r"/images/\d+/"))


def drawn_px(page) -> int:
    """Return the length of the scale bar on the screen, in white pixels."""
    box = page.locator("#scale-bar-line").bounding_box()
    clip = {"x": box["x"] - 10, "y": box["y"], "width": box["width"] + 20, "height": box["height"]}
    with Picture.open(io.BytesIO(page.screenshot(clip=clip))) as shot:
        row = np.asarray(shot.convert("L"))[round(box["height"] / 2)]
    return int((row == 255).sum())


def told_um(page) -> float:
    number, unit = page.locator("#scale-bar-length").inner_text().split()
    return float(number) * {"nm": 0.001, "µm": 1, "mm": 1000}[unit]


def zoom(page) -> float:
    return page.locator("#picture").bounding_box()["width"] / 1920


def is_nothing(difference_px: float) -> bool:
    return abs(difference_px) <= 1


def longest_white_run(row: np.ndarray) -> int:
    return max(len(run) for run in "".join("x" if value else " " for value in row).split(" "))


def test_the_objective_chosen_stands_on_the_next_image_with_its_scale(watch_live, bench, calibrated):
    page = watch_live()
    page.locator("#objective").select_option(label=calibrated["name"])
    expect(page.locator("#objective-note")).to_have_text("0.5000 µm/px")
    page.keyboard.press(" ")
    open_newest(page)
    expect(page.get_by_role("link", name=calibrated["name"])).to_be_visible()
    expect(page.locator("#scale")).to_have_text(re.compile("^0.5 µm/px ± "))


def test_an_objective_that_nobody_calibrated_leaves_the_scale_unknown(watch_live, objective):
    page = watch_live()
    page.locator("#objective").select_option(label=objective["name"])
    expect(page.locator("#objective-note")).to_have_text("Not calibrated")
    expect(page.locator("#tool-scale")).to_be_disabled()
    page.keyboard.press(" ")
    open_newest(page)
    expect(page.get_by_role("link", name=objective["name"])).to_be_visible()
    expect(page.locator("#scale")).to_have_text("Unknown")
    expect(page.locator("#tool-scale")).to_be_disabled()
    page.keyboard.press("m")
    expect(page.locator("#measure-hint")).to_contain_text("The scale is unknown: lengths are in pixels.")


def test_who_chose_the_objective_is_told_to_the_others(watch_live, objective):
    ada, linus = watch_live("ada"), watch_live("linus")
    ada.locator("#objective").select_option(label=objective["name"])
    expect(linus.locator("#objective-note")).to_have_text("Set by ada")  # the page polls every five seconds
    expect(linus.locator("#objective")).to_have_value(objective["id"])


def test_the_scale_bar_of_the_live_picture_is_as_long_as_it_says(watch_live, bench, calibrated):
    bench.set_camera(objective=calibrated["id"])
    page = watch_live()
    page.keyboard.press("s")
    expect(page.locator("#scale-bar")).to_be_visible()
    wait_until(page, lambda: drawn_px(page) - told_um(page) / UM_PER_PIXEL * zoom(page), is_nothing)
    page.get_by_role("button", name="Zoom in").click()
    wait_until(page, lambda: drawn_px(page) - told_um(page) / UM_PER_PIXEL * zoom(page), is_nothing)
    page.get_by_role("button", name="Scale bar").click()
    expect(page.locator("#scale-bar")).to_be_hidden()


def test_the_scale_bar_of_an_image_is_as_long_as_it_says(scaled, visit):
    page = visit(f"/images/{scaled()[0]['imageId']}/")
    expect(page.locator("#scale-bar")).to_be_visible()
    page.keyboard.press("1")
    expect(page.locator("#zoom")).to_have_text("100 %")
    wait_until(page, lambda: (told_um(page), drawn_px(page)), lambda seen: seen == (100, 200))
    page.keyboard.press("s")
    expect(page.locator("#scale-bar")).to_be_hidden()


def test_a_length_is_measured_in_micrometres(scaled, visit):
    page = visit(f"/images/{scaled()[0]['imageId']}/")
    page.keyboard.press("1")
    expect(page.locator("#zoom")).to_have_text("100 %")
    page.keyboard.press("m")
    draw_line(page, 100)
    expect(page.locator("#measure-lines strong")).to_have_text("50.00 µm")


def test_an_export_has_the_scale_bar_burnt_in_and_the_original_not(scaled, visit):
    image = scaled()[0]
    page = visit(f"/images/{image['imageId']}/")
    page.locator("#download-menu summary").click()
    with page.expect_download() as coming:
        page.get_by_role("link", name="Export as PNG with scale bar").click()
    assert re.fullmatch(r"export_of_capture_[0-9_]+.*[.]png", coming.value.suggested_filename)
    with Picture.open(coming.value.path()) as export, Picture.open(image["filepath"]) as original:
        burnt, before = np.asarray(export), np.asarray(original)
    differs = (burnt != before).any(axis=2)
    rows, columns = np.nonzero(differs)
    assert rows.min() > 0.9 * 1080 and columns.min() > 0.7 * 1920, "nothing else is touched"
    white = ((burnt == 255).all(axis=2) & differs)[rows.min() :]
    assert max(longest_white_run(row) for row in white) == BURNT_PX


def test_a_selection_comes_converted_with_scale_bars(scaled, visit):
    scaled(2)
    page = visit(f"/images/?text={scaled.sample}")
    page.locator(".tick").nth(0).click()
    page.locator(".tick").nth(1).click()
    page.locator("#download-menu summary").click()
    page.get_by_text("Add a scale bar if the scale is known").click()
    with page.expect_download() as coming:
        page.get_by_role("button", name="As PNG").click()
    content, rows = unpack(coming.value.path())
    assert [row["status"] for row in rows] == ["ok", "ok"]
    for row in rows:
        pixels = np.asarray(Picture.open(io.BytesIO(content[row["filename"]])))[972:]
        assert max(longest_white_run(line) for line in (pixels == 255).all(axis=2)) == BURNT_PX
