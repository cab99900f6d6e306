"""The order of the jobs that wait, in a browser: moved by keyboard, by mouse and with a finger."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.test_accessible import violations
from microscope.tests.browser.test_jobs import plan_job  # noqa: F401 (fixture)
from microscope.tests.browser.test_sizes import sideways

NAMES = ["first waiting", "second waiting", "third waiting"]


@pytest.fixture
def queue(plan_job):  # noqa: F811
    """One job that runs, and three of ada's that wait."""
    plan_job("at work", loops=500, interval=60)
    return [plan_job(name, loops=500, interval=60) for name in NAMES]


def expect_order(page, *numbers: int) -> None:
    expect(page.locator("[data-part=queued] .job-link")).to_have_text([NAMES[number - 1] for number in numbers])


def open_list(visit, *person: str, **kind):
    page = visit("/jobs/", *person, **kind)
    page.get_by_role("button", name="Pause", exact=True).wait_for(timeout=60_000)
    return page


def test_the_keyboard_moves_a_job_and_stays_with_it(visit, queue):
    page = open_list(visit)
    page.locator(f"#link-{queue[2]}").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect_order(page, 1, 3, 2)
    expect(page.locator(f"#link-{queue[2]}")).to_be_focused()
    page.keyboard.press("Alt+ArrowUp")
    expect_order(page, 3, 1, 2)
    page.locator(f"#down-{queue[2]}").focus()
    page.keyboard.press("Enter")
    expect_order(page, 1, 3, 2)
    expect(page.locator(f"#down-{queue[2]}")).to_be_focused()
    page.keyboard.press("Enter")
    expect_order(page, 1, 2, 3)
    expect(page.locator(f"#link-{queue[2]}")).to_be_focused()
    assert violations(page) == []


def test_a_job_is_dragged_and_shows_its_new_place_under_the_pointer(visit, queue):
    page = open_list(visit)
    rows = page.locator(".is-queued")
    rows.nth(2).drag_to(rows.nth(0), target_position={"x": 300, "y": 5})
    expect_order(page, 3, 1, 2)
    rows.nth(0).drag_to(rows.nth(2), target_position={"x": 300, "y": 50})
    expect_order(page, 1, 2, 3)


def test_a_finger_moves_a_job_on_a_phone(visit, queue):
    page = open_list(visit, **PHONE)
    page.get_by_role("button", name="Begin third waiting earlier").tap()
    expect_order(page, 1, 3, 2)
    expect(page.get_by_role("button", name="Begin second waiting later")).to_be_disabled()
    assert sideways(page) == []
    assert violations(page) == []


def test_a_job_that_begins_meanwhile_is_not_moved_and_the_page_says_so(visit, bench, queue):
    page = open_list(visit)
    expect_order(page, 1, 2, 3)
    page.route("**/jobs/parts*", lambda route: route.abort())
    bench.ask("POST", f"/api/v1/jobs/{queue[1]}/pause", {}, bench.token())
    page.incidents.expect("409", "jobs/parts")
    page.get_by_role("button", name="Begin second waiting later").click()
    expect(page.get_by_text("The job second waiting does not wait any more: it is paused.")).to_be_visible()


def test_another_operator_sees_the_order_and_cannot_change_it(visit, queue):
    page = visit("/jobs/", "linus")
    expect_order(page, 1, 2, 3)
    expect(page.locator(".queue-steps")).to_have_count(0)
