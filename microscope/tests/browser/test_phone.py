"""At 390 x 844, by touch."""

import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.sight import live_stage, scrolls_sideways, wait_until


@pytest.mark.parametrize(
    "address", ["/", "/images/", "/images/bin/", "/profile", "/profile/password", "/images/999999/"]
)
def test_no_page_scrolls_sideways(open_browser, address):
    page = open_browser("ada", **PHONE)
    page.incidents.expect("404 GET .*/images/999999/", "status of 404 .*/images/999999/")
    page.goto(address)
    assert not scrolls_sideways(page)


def test_the_narrowest_phone_shows_the_image_page_whole(visit, capture_set):
    image = capture_set(1)[0]
    page = visit(f"/images/{image['imageId']}/", **{**PHONE, "viewport": {"width": 360, "height": 740}})
    assert not scrolls_sideways(page)
    expect(page.locator("#download-menu summary")).to_be_in_viewport()


def test_picture_and_capture_are_both_in_sight_however_far_one_scrolled(watch_live):
    page = watch_live(**PHONE)
    for _ in range(2):
        expect(page.locator("#picture")).to_be_in_viewport(ratio=0.9)
        expect(page.locator("#capture")).to_be_in_viewport(ratio=1)
        page.locator("#note").scroll_into_view_if_needed()
    assert page.locator("#picture").bounding_box()["width"] > 0.95 * PHONE["viewport"]["width"]


def test_a_tap_captures_and_leads_to_the_picture(watch_live):
    page = watch_live(**PHONE)
    page.locator("#capture").tap()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    link = page.locator("#slot-result").get_by_role("link", name="Open")
    wait_until(page, lambda: page.locator("#last-thumbnail").get_attribute("href"), link.get_attribute("href").__eq__)
    page.locator("#last-thumbnail").tap()
    expect(page).to_have_url(re.compile(r"/images/\d+/"))


def test_pages_are_reached_by_the_menu(watch_live):
    page = watch_live(**PHONE)
    page.locator("#account-menu summary").tap()
    page.locator("#account-menu").get_by_role("link", name="Images").tap()
    expect(page).to_have_url(re.compile("/images/$"))


def test_filters_lie_in_a_sheet_behind_a_button_that_counts_them(visit):
    page = visit("/images/?format=png", **PHONE)
    expect(page.locator("#filters-count")).to_have_text("1")
    expect(page.locator("#format")).to_be_hidden()
    page.locator("#filters-button").tap()
    expect(page.locator("#format")).to_be_visible()


def test_the_picture_goes_on_when_the_phone_is_turned(watch_live):
    page = watch_live(**PHONE)
    page.set_viewport_size({"width": 844, "height": 390})
    live_stage(page).wait_for()
    expect(page.locator("#capture")).to_be_in_viewport()
    assert not scrolls_sideways(page)
