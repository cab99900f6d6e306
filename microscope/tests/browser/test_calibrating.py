"""Calibrates on a stage micrometer; the page of the objectives."""

import math
import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.sight import draw_line


@pytest.fixture
def calibrate(bench, objective, visit):
    """The page to calibrate this test's objective on a picture taken with it, opened by a manager."""
    bench.set_camera(objective=objective["id"])
    number = bench.capture(format="jpg", sample="stage micrometer")["imageId"]
    page = visit(f"/images/{number}/", "grace")
    page.get_by_role("link", name="Calibrate on this picture").click()
    expect(page.locator("#x1")).not_to_have_value("")
    return page


def line_px(page) -> float:
    x1, y1, x2, y2 = (float(page.locator(f"#{end}").input_value()) for end in ("x1", "y1", "x2", "y2"))
    return math.hypot(x2 - x1, y2 - y1)


def save(page) -> None:
    page.get_by_role("button", name="Save calibration").click()
    expect(page.locator("#calibrate-told")).to_have_text(re.compile("^Saved. From now on"))


def test_a_line_along_a_known_length_gives_the_scale_and_the_next_one_its_distance(calibrate, objective, bench):
    page = calibrate
    before = line_px(page)
    draw_line(page, 300)
    assert line_px(page) != before
    page.locator("#length").fill("250")
    expect(page.locator("#result")).to_have_text(f"{250 / line_px(page):#.4g}")
    # Each end of the line is exact to half a pixel.
    expect(page.locator("#uncertainty")).to_contain_text(f"({100 * math.sqrt(0.5) / line_px(page):#.2g} %)")
    expect(page.locator("#previous")).to_have_text("None on this camera")
    save(page)
    page.locator("#length").fill("252.5")
    expect(page.locator("#previous")).to_have_text(re.compile(rf"^{250 / line_px(page):#.4g} µm/px, .* by grace$"))
    expect(page.locator("#difference")).to_have_text("+1.0 %")
    page.locator("#length").fill("2.5")
    expect(page.locator("#difference")).to_have_text(re.compile("Check the objective and the length[.]$"))
    page.locator("#unit").select_option("mm")
    expect(page.locator("#difference")).to_have_text(re.compile("^[+]9.0e[+]2 %|^[+]900 %"))


def test_the_ends_are_moved_by_the_keyboard(calibrate):
    page = calibrate
    page.locator("#length").fill("100")
    before = line_px(page)
    page.locator(".ruler-end").nth(1).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    assert line_px(page) == before + 11
    expect(page.locator("#result")).to_have_text(f"{100 / (before + 11):#.4g}")


def test_a_line_of_no_length_is_refused_with_a_sentence(calibrate, objective, bench):
    page = calibrate
    page.incidents.expect("400")
    page.locator("#length").fill("100")
    expect(page.locator("#save")).to_be_enabled()
    page.locator("#x2").fill(page.locator("#x1").input_value())
    page.locator("#y2").fill(page.locator("#y1").input_value())
    expect(page.locator("#calibrate-problem")).to_have_text(re.compile("[a-z] .*[.]$"))
    expect(page.locator("#result")).to_have_text("\N{EN DASH}")
    expect(page.locator("#save")).to_be_disabled()
    page.locator("#length").fill("0")
    expect(page.locator("#length-problem")).to_have_text("Must be greater than zero.")
    expect(page.locator("#save")).to_be_disabled()
    address = f"/api/v1/objectives/{objective['id']}/calibrations"
    assert bench.ask("GET", address, token=bench.token("grace"))[1] == {"results": []}


def card(page, name: str):
    return page.locator(".objective").filter(has=page.get_by_role("heading", name=name, exact=True))


def test_objectives_are_added_renamed_and_retired(visit, bench):
    page = visit("/objectives/", "grace")
    page.get_by_role("textbox", name="Name").fill("Plan 63x")
    page.get_by_label("Magnification").fill("63")
    page.get_by_label("Numerical aperture").fill("1.4")
    page.get_by_role("button", name="Add").click()
    expect(card(page, "Plan 63x")).to_contain_text("NA 1.4")
    expect(card(page, "Plan 63x")).to_contain_text("Not calibrated: the scale of its images is unknown.")
    card(page, "Plan 63x").get_by_role("button", name="Rename").click()
    page.locator("#new-name").fill("Plan 63x oil")
    page.locator("#rename-form").get_by_role("button", name="Rename").click()
    card(page, "Plan 63x oil").get_by_role("button", name="Retire").click()
    expect(card(page, "Plan 63x oil").get_by_text("Retired")).to_be_visible()
    live = visit("/", "ada")
    expect(live.locator("#objective option")).not_to_have_count(0)
    expect(live.locator("#objective option", has_text="Plan 63x oil")).to_have_count(0)
    card(page, "Plan 63x oil").get_by_role("button", name="Bring back").click()
    expect(card(page, "Plan 63x oil").get_by_text("Retired")).to_have_count(0)


def test_who_renames_what_another_renamed_meanwhile_is_told_before_it_is_done(visit, bench, objective):
    page = visit("/objectives/", "grace")
    page.incidents.expect("409")
    shown = card(page, objective["name"])
    shown.get_by_role("button", name="Rename").click()
    page.locator("#new-name").fill("mine")
    address = f"/api/v1/objectives/{objective['id']}"
    assert bench.ask("PATCH", address, {"name": "theirs"}, bench.token("grace"))[0] == 200
    rename = page.locator("#rename-form").get_by_role("button", name="Rename")
    rename.click()
    expect(page.locator("#rename-problem")).to_contain_text("it is now called theirs")
    expect(page.locator("#new-name")).to_have_value("mine")
    rename.click()
    expect(card(page, "mine")).to_be_visible()


def test_a_name_that_is_taken_and_an_objective_in_use_are_refused_with_a_sentence(visit, bench, calibrated):
    bench.set_camera(objective=calibrated["id"])
    page = visit("/objectives/", "grace")
    page.incidents.expect("400")
    page.get_by_role("textbox", name="Name").fill(calibrated["name"])
    page.get_by_label("Magnification").fill("20")
    page.get_by_role("button", name="Add").click()
    expect(page.locator("#add-problem")).to_have_text(f"This name is taken by the objective {calibrated['name']}.")
    expect(card(page, calibrated["name"])).to_contain_text("0.5 µm/px")
    card(page, calibrated["name"]).get_by_role("button", name="Retire").click()
    expect(page.locator(".toast")).to_contain_text("is in use. Choose another one on the live page first.")
