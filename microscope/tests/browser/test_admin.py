"""The admin in a browser: accessible, in the lab's time, and with actions on exactly the counted rows."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.test_accessible import violations

# Django's widget for several choices: it labels its hint, which axe does not allow.
OF_DJANGO = "aria-prohibited-attr"


@pytest.fixture
def admin(visit):
    """admin("images/image/") opens the page of the admin as the administrator."""
    return lambda address, **kind: visit(f"/admin/{address}", "admin", **kind)


def found_of_ours(page) -> list[str]:
    return [one for one in violations(page) if OF_DJANGO not in one]


@pytest.mark.parametrize(
    "address",
    [
        *("", "images/image/", "images/image/{}/change/", "images/image/{}/delete/", "images/objective/add/"),
        *("images/job/add/", "accounts/user/", "accounts/user/1/change/", "accounts/user/1/delete/"),
        "microscope/auditentry/",
    ],
)
def test_axe_finds_nothing_of_ours(admin, capture_set, address):
    page = admin(address.format(capture_set(1)[0]["imageId"]))
    assert found_of_ours(page) == []


def test_axe_finds_nothing_where_one_signs_in(open_browser):
    page = open_browser()
    page.goto("/admin/login/")
    assert found_of_ours(page) == []


def test_images_go_for_good_only_out_of_the_bin_and_after_a_page_that_says_so(admin, bench, capture_set):
    kept = capture_set(2)
    page = admin(f"images/image/?q={capture_set.sample}")
    choose_all(page, "delete_selected")
    expect(page.locator(".messagelist")).to_contain_text("Nothing was deleted: 2 of them are not in the bin.")
    choose_all(page, "move_to_bin")
    expect(page.locator(".messagelist")).to_contain_text("2 images are in the bin")
    choose_all(page, "delete_selected")
    expect(page.locator("#content")).to_contain_text("2 images and the original files will be deleted, for good.")
    assert found_of_ours(page) == []
    page.get_by_role("button", name="Delete 2 files for good").click()
    expect(page.locator(".messagelist")).to_contain_text("2 images were deleted for good, with their files.")
    assert bench.ask("GET", f"/api/v1/images/{kept[0]['imageId']}", token=bench.token())[0] == 404


def test_a_browser_elsewhere_shows_the_time_of_the_pages_and_its_zone(admin, visit, capture_set):
    image = capture_set(1)[0]
    listed = admin(f"images/image/?q={capture_set.sample}", timezone_id="Asia/Tokyo")
    zone = visit("/images/", timezone_id="Asia/Tokyo").locator("[data-time-zone]").first.get_attribute("data-time-zone")
    expect(listed.locator(".time-zone")).to_have_text(f"Times in {zone}")
    own = visit(f"/images/{image['imageId']}/", timezone_id="Asia/Tokyo")
    time_of_day = listed.locator(".field-captured_at").inner_text().split()[1]
    expect(own.locator("main")).to_contain_text(time_of_day)


def choose_all(page, action: str) -> None:
    page.locator("#action-toggle").check()
    page.locator("select[name=action]").select_option(action)
    page.get_by_role("button", name="Go").click()
