"""Findings of axe-core on every page, in both themes; reduced motion; use by keyboard."""

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.sight import live_stage, wait_until

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The rules that depend on the theme. All others give the same in both.
RULES_OF_COLOUR = ["color-contrast", "link-in-text-block"]
PAGES = [
    "/",
    "/images/",
    "/images/?text=nowhere&format=x",
    "/images/bin/",
    "/jobs/",
    "/jobs/new/",
    "/profile",
    "/profile/password",
    "/about/",
]
PAGES_OF_MANAGERS = ["/objectives/", "/verification/", "/status/", "/log/", "/images/{}/calibrate/"]


def violations(page, within: str | None = None) -> list[str]:
    """Return axe's findings in the light and the dark theme. The page stays dark. `within`: a selector."""
    return look_for_violations(page, "light", RULES_OF_COLOUR, within) + look_for_violations(
        page, "dark", RULES, within
    )


def look_for_violations(page, theme: str, rules: list[str], within: str | None) -> list[str]:
    # No transitions, so that axe sees the final colours.
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    # axe sets inline styles to find what is behind an element, and the page's policy reports them.
    with page.incidents.overlook():
        found = run_axe(page, within, options)["violations"]
    return [
        f"{theme}, {one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]
    ]


def run_axe(page, within: str | None, options: dict) -> dict:
    """Give axe to the page once: it is half a megabyte, and stays until the page is left."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    return page.evaluate("([within, options]) => axe.run(within ?? document, options)", [within, options])


@pytest.mark.parametrize("address", PAGES)
def test_axe_finds_nothing(visit, address, capture_set):
    capture_set(1)
    page = visit(address)
    if address == "/":
        live_stage(page).wait_for()
        page.locator("#recent-list li").first.wait_for()
    assert violations(page) == []


@pytest.mark.parametrize("address", PAGES_OF_MANAGERS)
def test_axe_finds_nothing_on_pages_of_managers(visit, bench, calibrated, address):
    bench.set_camera(objective=calibrated["id"])
    page = visit(address.format(bench.capture(format="jpg")["imageId"]), "grace")
    assert violations(page) == []


def test_axe_finds_nothing_where_one_signs_in(open_browser):
    page = open_browser()
    page.goto("/sign-in")
    assert violations(page) == []


def test_axe_finds_nothing_on_an_image_being_edited_with_its_menu_open(visit, capture_set):
    page = visit(f"/images/{capture_set(1)[0]['imageId']}/")
    page.get_by_role("button", name="Edit (E)").click()
    page.locator("#download-menu summary").click()
    assert violations(page) == []
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy as curl").click()
    assert violations(page) == []


def test_axe_finds_nothing_after_a_capture_and_with_the_keys_open(watch_live):
    page = watch_live()
    page.locator("#capture").click()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    assert violations(page) == []
    page.keyboard.press("?")
    assert violations(page) == []


def test_axe_finds_nothing_while_the_camera_is_lost(watch_live, bench):
    page = watch_live()
    page.incidents.expect("503")
    bench.unplug()
    page.locator("#stage[data-state=lost]").wait_for()
    page.get_by_role("button", name="What to check").click()
    found = violations(page)
    bench.replug()
    wait_until(page, lambda: bench.camera()["cause"], lambda cause: cause is None)
    assert found == []


def test_axe_finds_nothing_with_images_selected_and_a_toast(visit, capture_set):
    numbers = [image["imageId"] for image in capture_set(3)]
    page = visit(f"/images/?text={capture_set.sample}")
    page.locator(".tick").nth(0).click()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Undo").wait_for()
    page.locator(f".shot[data-id='{numbers[1]}'] .tick").click()
    page.locator(".filter summary", has_text="Taken").click()
    assert violations(page) == []
    page.locator("#download-menu summary").click()
    assert violations(page) == []


@pytest.mark.parametrize("address", ["/", "/images/", "/images/bin/", "/jobs/"])
def test_axe_finds_nothing_on_a_phone(visit, address):
    page = visit(address, **PHONE)
    assert violations(page) == []
    page.locator("#account-menu summary").tap()
    assert violations(page, "#account-menu") == []  # its toast covers parts of the page


def test_the_light_theme_is_light_round_a_stage_that_stays_dark(watch_live):
    page = watch_live(color_scheme="light")
    ground = "element => getComputedStyle(element).backgroundColor.match(/[0-9]+/g).map(Number)"
    assert min(page.locator("body").evaluate(ground)) > 200
    assert max(page.locator("#stage").evaluate(ground)) < 60


def test_nothing_moves_by_itself_where_less_motion_is_asked_for(watch_live):
    page = watch_live(reduced_motion="reduce")
    page.locator("#capture").click()
    page.locator("#recent-list li.is-new").first.wait_for()
    moving = page.evaluate("document.getAnimations().filter(one => one.effect.getTiming().duration > 1).length")
    assert moving == 0


def test_the_first_tab_leads_to_a_skip_link_that_leads_to_capture(watch_live):
    page = watch_live()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to Capture")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#capture")).to_be_focused()


def test_a_page_twice_as_large_loses_nothing(watch_live):
    """A window of 1280 pixels at 200 % shows 640 pixels of a page."""
    page = watch_live(viewport={"width": 640, "height": 450}, device_scale_factor=2)
    expect(page.locator("#capture")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_changes_of_a_version_are_reached_by_keyboard_alone(visit):
    page = visit("/images/")
    page.locator("#account-menu summary").focus()
    page.keyboard.press("Enter")
    about = page.locator("#account-menu").get_by_role("link", name="About this version")
    for _ in range(10):
        page.keyboard.press("Tab")
        if about.evaluate("link => link === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Microscope")
    page.keyboard.press("PageDown")
    how_far = "Math.max(...[...document.querySelectorAll('*')].map(one => one.scrollTop))"
    wait_until(page, lambda: page.evaluate(how_far), lambda pixels: pixels > 0)
