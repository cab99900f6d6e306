"""The page is reloaded while a capture has no answer: the picture is made once, and the page shows the outcome."""

import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.sight import live_stage, wait_until

CAPTURE = "**/api/v1/camera/capture"
GROW_OLD = """() => addEventListener("pagehide", () => {
    for (const [name, text] of Object.entries(sessionStorage)) {
        if (!name.endsWith(":pending-capture")) continue;
        sessionStorage[name] = JSON.stringify({ ...JSON.parse(text), askedAt: Date.now() - 61_000 });
    }
})"""


@pytest.fixture
def sample(request) -> str:
    return request.node.name


@pytest.fixture
def reload_without_answer(watch_live, sample):
    """Reload the live page while `first(route)` leaves a capture without an answer. `then` answers the next call."""

    def go(first, then=lambda route: route.continue_(), is_time=lambda: True, before=None):
        page = watch_live()
        page.locator("#sample").fill(sample)
        turns = [first]
        page.route(CAPTURE, lambda route: (turns.pop() if turns else then)(route))
        with page.expect_request(CAPTURE):
            page.locator("#capture").click()
        wait_until(page, is_time, bool)
        if before:
            page.evaluate(before)
        page.reload()
        live_stage(page).wait_for()
        return page

    return go


def leave_open(route) -> None:
    """Leave the request without an answer."""


def captures_of(bench, sample: str) -> list[dict]:
    return bench.ask("GET", f"/api/v1/images?text={sample}", token=bench.token())[1]["results"]


def test_a_picture_that_was_made_is_told_and_not_made_again(reload_without_answer, bench, sample):
    made = []
    page = reload_without_answer(lambda route: made.append(route.fetch().json()), is_time=lambda: made)
    link = page.locator("#slot-result").get_by_role("link", name="Open")
    expect(link).to_have_attribute("href", f"/images/{made[0]['imageId']}/")
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    assert [image["imageId"] for image in captures_of(bench, sample)] == [made[0]["imageId"]]
    page.reload()
    live_stage(page).wait_for()
    expect(page.locator("#slot-result")).to_be_empty()
    assert len(captures_of(bench, sample)) == 1


def test_a_picture_that_was_never_made_is_made_once(reload_without_answer, bench, sample):
    page = reload_without_answer(leave_open)
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    assert len(captures_of(bench, sample)) == 1


def test_what_the_microscope_refuses_then_is_told(reload_without_answer, bench, sample):
    answer = {"status": 507, "json": {"code": "disk_full", "message": "The disk is full."}}
    page = reload_without_answer(leave_open, lambda route: route.fulfill(**answer))
    page.incidents.expect("507")
    expect(page.locator("#slot-error")).to_have_text("The disk is full.")
    expect(page.locator("#capture")).to_have_attribute("data-state", "idle")
    assert captures_of(bench, sample) == []


def test_while_it_is_asked_for_the_page_says_so_and_the_user_can_stop(reload_without_answer, bench, sample):
    page = reload_without_answer(leave_open, leave_open)
    expect(page.locator("#slot-error")).to_contain_text("This page was reloaded during a capture.")
    page.locator("#slot-error").get_by_role("button", name="Stop").click()
    expect(page.locator("#slot-error")).to_have_text(re.compile("^Stopped waiting."))
    assert captures_of(bench, sample) == []


def test_after_a_minute_the_picture_is_not_made_any_more(reload_without_answer, bench, sample):
    """After a minute the picture would show another moment than the user wanted."""
    page = reload_without_answer(leave_open, before=GROW_OLD)
    expect(page.locator("#slot-error")).to_have_text(
        re.compile(r"^The capture of \d\d:\d\d:\d\d got no response. If the image was captured, it is in the")
    )
    assert captures_of(bench, sample) == []
