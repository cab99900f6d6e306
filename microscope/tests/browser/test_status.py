"""The status page as a manager sees it."""

import re

from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.sight import scrolls_sideways


def test_a_manager_is_led_to_it_and_sees_what_changes_without_a_reload(visit, bench):
    page = visit("/images/", "grace")
    page.locator("#account-menu summary").click()
    page.locator("#account-menu").get_by_role("link", name="Status").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Status")
    camera = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Camera", exact=True))
    expect(camera).to_contain_text("SIMULATED")
    speed = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="Disk speed"))
    bench.capture(exposure=5)
    # The page reads itself again every ten seconds.
    expect(speed).to_contain_text("forced to disk in", timeout=60_000)


def test_the_report_is_one_download(visit):
    page = visit("/status/", "grace")
    with page.expect_download() as started:
        page.get_by_role("link", name="Download report").click()
    report = started.value.path().read_text(encoding="utf-8")
    assert report.startswith("Microscope ") and "Database" in report and "grace" not in report


def test_on_a_phone_what_needs_somebody_comes_first(visit):
    page = visit("/status/", "grace", **PHONE)
    assert not scrolls_sideways(page)
    boxes = [line.bounding_box()["y"] for line in page.locator(".status-line").all()]
    needing = [line.bounding_box()["y"] for line in page.locator(".is-warn, .is-bad").all()]
    assert needing and max(needing) <= sorted(boxes)[len(needing) - 1]


def test_the_log_is_reached_and_filtered_by_keyboard_alone(visit, bench):
    assert bench.ask("GET", "/api/v1/images/999999", token=bench.token())[0] == 404
    page = visit("/status/", "grace")
    page.get_by_role("link", name="Log", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Log")
    page.get_by_label("Text").focus()
    page.keyboard.type("images/999999")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("text=images"))
    entries = page.locator(".log-entries li")
    expect(entries.first).to_contain_text("/api/v1/images/999999")
    number = entries.first.locator(".log-request a")
    number.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_label("Request")).to_have_value(re.compile(r"^[0-9a-f]{4}-\d+$"))
    expect(entries.first).to_contain_text("/api/v1/images/999999")


def test_on_a_phone_the_log_does_not_scroll_sideways(visit):
    assert not scrolls_sideways(visit("/log/", "grace", **PHONE))
