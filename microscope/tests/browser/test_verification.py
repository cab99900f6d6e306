"""The findings of `verify` as a manager sees them."""

from pathlib import Path

from playwright.sync_api import expect

from microscope.tests.browser.test_accessible import violations
from microscope.tests.browser.test_image import spoil

CHANGED = 8


def test_a_manager_is_led_to_what_verify_found_and_on_to_the_image(visit, bench, capture_set):
    image = capture_set(1)[0]
    spoil(Path(image["filepath"]))
    assert bench.run_beside("verify").returncode & CHANGED
    page = visit("/images/", "grace")
    # The image page requests the original, and the server refuses it as changed.
    page.incidents.expect(f"/images/{image['imageId']}/")
    page.locator("#account-menu summary").click()
    page.get_by_role("link", name="Verification").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Verification")
    expect(page.locator("tr.found", has_text="Changed")).to_be_visible()
    assert violations(page) == []
    page.locator("tr.found").get_by_role("link", name="Changed").click()
    finding = page.locator(".findings li", has_text=image["filename"])
    expect(finding.locator("small")).not_to_be_empty()
    finding.get_by_role("link").click()
    expect(page).to_have_url(bench.address(f"/images/{image['imageId']}/"))


def test_it_is_for_managers(visit):
    page = visit("/images/")
    page.incidents.expect("403")
    page.locator("#account-menu summary").click()
    expect(page.get_by_role("link", name="Verification")).to_have_count(0)
    page.goto("/verification/")
    expect(page.get_by_role("link", name="Back to the live picture")).to_be_visible()
