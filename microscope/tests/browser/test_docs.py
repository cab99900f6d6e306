"""The API's documentation pages, whose calls users try out."""

import pytest
from playwright.sync_api import expect

CAPTURE = "#operations-camera-camera_capture_create"
FRAME = "#operations-camera-camera_frame_retrieve"


@pytest.fixture
def try_out(visit):
    """try_out(operation) sends the operation's prefilled form and returns the element with the answer."""

    def send(operation: str):
        page = visit("/api/docs")
        call = page.locator(operation)
        call.locator(".opblock-summary-control").click()
        call.get_by_role("button", name="Try it out").click()
        call.get_by_role("button", name="Execute").click()
        return call.locator(".live-responses-table")

    return send


def test_a_capture_tried_out_unedited_keeps_a_picture(try_out, bench):
    answer = try_out(CAPTURE)
    expect(answer.locator(".response-col_status").last).to_contain_text("201")
    expect(answer).to_contain_text('"success": true')
    assert bench.ask("GET", "/api/v1/images?limit=1", token=bench.token())[1]["results"][0]["exposureTime"] == 100


def test_a_frame_tried_out_is_shown_as_a_picture(try_out):
    answer = try_out(FRAME)
    expect(answer.locator(".response-col_status").last).to_contain_text("200")
    expect(answer.locator("img")).to_be_visible()
    assert answer.locator("img").evaluate("picture => picture.naturalWidth") > 100


def test_nothing_on_the_page_is_refused_by_the_browser(visit):
    """The test fails on any incident, also on a style or script that the page's policy refuses."""
    page = visit("/api/docs")
    for operation in (CAPTURE, FRAME):
        page.locator(operation).locator(".opblock-summary-control").click()
        expect(page.locator(operation).get_by_role("button", name="Try it out")).to_be_visible()
    page.get_by_role("button", name="Authorize").first.click()
    expect(page.get_by_text("Available authorizations")).to_be_visible()
