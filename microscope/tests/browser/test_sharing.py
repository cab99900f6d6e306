"""Sharing pictures by a link: the sheet, and what a stranger sees in a browser of their own."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.test_accessible import violations

CLIPBOARD = {"permissions": ["clipboard-read", "clipboard-write"]}


def share(page) -> str:
    """Make a link in the sheet, by keyboard alone, and return its address from the clipboard."""
    page.get_by_role("button", name="Share", exact=True).focus()
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Share")
    expect(sheet.locator("#share-would-end")).to_contain_text("ends ")
    sheet.get_by_role("button", name="Make a link").focus()
    page.keyboard.press("Enter")
    expect(sheet.get_by_role("button", name="Copied")).to_be_visible()
    return page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("kind", [{}, PHONE], ids=["desk", "phone"])
def test_a_picture_is_shared_seen_and_revoked(visit, open_browser, capture_set, bench, calibrated, kind):
    bench.set_camera(objective=calibrated["id"])
    image = capture_set(1)[0]
    page = visit(f"/images/{image['imageId']}/", **kind, **CLIPBOARD)
    address = share(page)
    assert violations(page, "#share-sheet") == []
    stranger = open_browser(**kind)
    stranger.goto(address)
    expect(stranger.get_by_role("heading", name=capture_set.sample)).to_be_visible()
    expect(stranger.locator(".shared-bar text")).to_contain_text("µm")
    expect(stranger.get_by_role("link", name="JPG copy with scale bar")).to_be_visible()
    assert violations(stranger) == []
    assert stranger.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Revoke").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#share-links")).to_contain_text("It opens nothing now. Opened once.")
    stranger.incidents.expect("404")
    stranger.reload()
    expect(stranger.get_by_role("heading", name="This link has ended. Ask whoever sent it.")).to_be_visible()
    assert violations(stranger) == []


def test_a_list_of_links_that_comes_late_takes_no_new_link_away(visit, capture_set):
    page = visit(f"/images/{capture_set(1)[0]['imageId']}/", **CLIPBOARD)
    late = []

    def hold_the_first_list(route) -> None:
        if route.request.method == "GET" and not late:
            late.append(route)
        else:
            route.continue_()

    page.route("**/api/v1/share-links*", hold_the_first_list)
    share(page)
    with page.expect_response(lambda answer: answer.request.method == "GET"):
        late[0].fulfill(json=[])
    page.evaluate("new Promise((go_on) => requestAnimationFrame(() => requestAnimationFrame(go_on)))")
    expect(page.get_by_role("dialog", name="Share").get_by_role("button", name="Copied")).to_be_visible()


def test_a_selection_is_shared_as_a_grid_that_leads_to_each_picture(visit, open_browser, capture_set):
    capture_set(2)
    page = visit(f"/images/?text={capture_set.sample}", **CLIPBOARD)
    for number in (0, 1):
        page.locator(".tick").nth(number).click()
    address = share(page)
    assert violations(page, "#share-sheet") == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Share")).to_be_hidden()
    expect(page.locator("#actions-count")).to_have_text("2 selected")
    stranger = open_browser()
    stranger.goto(address)
    expect(stranger.locator(".shared-grid img")).to_have_count(2)
    assert violations(stranger) == []
    stranger.keyboard.press("Tab")
    stranger.keyboard.press("Tab")
    stranger.keyboard.press("Enter")
    expect(stranger.get_by_role("link", name="All shared pictures")).to_be_visible()
    assert violations(stranger) == []


def test_where_the_browser_refuses_to_copy_the_address_stands_there_selected(visit, capture_set):
    page = visit(f"/images/{capture_set(1)[0]['imageId']}/")
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Share", exact=True).click()
    page.get_by_role("button", name="Make a link").click()
    address = page.get_by_label("Address of the link")
    expect(address).to_be_focused()
    assert "/shared/" in address.input_value()
    assert page.evaluate("getSelection().toString() || document.activeElement.selectionEnd") not in ("", 0)
    assert violations(page, "#share-sheet") == []
