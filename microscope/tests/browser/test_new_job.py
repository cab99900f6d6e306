"""Planning a job in a browser: the estimate follows what is typed, and what cannot be is said beside its field."""

import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.test_accessible import violations
from microscope.tests.browser.test_sizes import sideways


@pytest.fixture
def planned(bench):
    """The job that the test planned is stopped after it."""
    yield
    jobs = bench.ask("GET", "/api/v1/jobs", token=bench.token())[1]["results"]
    for job in jobs:
        bench.ask("POST", f"/api/v1/jobs/{job['jobId']}/stop", {}, bench.token("grace"))


def test_the_estimate_follows_what_is_typed(visit, planned):
    page = visit("/jobs/new/")
    figures = page.locator(".figures")
    expect(figures).to_contain_text(re.compile(r"60\s*pictures"))
    page.locator("#lasting").fill("2")
    expect(figures).to_contain_text(re.compile(r"120\s*pictures"))
    page.locator("#exposures").fill("5, 20")
    expect(figures).to_contain_text(re.compile(r"240\s*pictures"))
    expect(page.locator(".due-slot").nth(1)).to_contain_text("20.00 ms")
    page.get_by_label("Name").fill("Wound 4")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    expect(page.locator("h1")).to_have_text("Wound 4")


def test_only_the_fields_of_the_kind_are_shown(visit):
    page = visit("/jobs/new/")
    expect(page.locator("#every")).to_be_visible()
    page.get_by_text("Z series").click()
    expect(page.locator("#planes")).to_be_visible()
    expect(page.locator("#every")).to_be_hidden()
    page.get_by_text("Advanced").click()
    expect(page.locator("#plan")).to_be_visible()
    expect(page.locator("#exposures")).to_be_hidden()
    page.locator("#plan").fill('{"time": 1}')
    expect(page.locator("#problem-plan")).to_contain_text("time: Is not a field of a plan.")


def test_an_average_is_planned_and_its_picture_says_of_how_many_frames_it_is(visit, planned):
    page = visit("/jobs/new/")
    page.get_by_text("Average").click()
    expect(page.locator("#every")).to_be_hidden()
    expect(page.locator("#format-label")).to_be_hidden()
    page.locator("#average").fill("12")
    expect(page.locator("#problem-average")).to_have_text("Must be 1, 2, 4, 8 and so on; 12 was given.")
    page.locator("#average").fill("4")
    page.locator("#exposures").fill("400")  # so slow that a busy machine loses none of the frames
    expect(page.locator(".due-slot").first).to_contain_text("sum of 4 frames")
    assert violations(page) == []
    page.get_by_label("Name").fill("Faint beads")
    page.keyboard.press("Control+Enter")
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    expect(page.locator("main")).to_contain_text("each the sum of 4 frames")
    expect(page.locator("main")).to_contain_text("1 of 1 stored", timeout=60_000)


def test_a_wrong_field_says_so_and_the_others_stay(visit):
    page = visit("/jobs/new/")
    page.locator("#every").fill("x")
    expect(page.locator("#problem-every")).to_have_text("Must be a number.")
    expect(page.locator("#every")).to_have_attribute("aria-invalid", "true")
    assert violations(page) == []
    page.locator("#every").fill("2")
    expect(page.locator("#problem-every")).to_be_empty()
    expect(page.locator(".figures")).to_contain_text(re.compile(r"30\s*pictures"))


def test_what_cannot_be_kept_is_blocked_with_remedies(visit):
    page = visit("/jobs/new/")
    page.locator("#exposures").fill("200")
    page.locator("#every").fill("0.05")
    page.locator("select[name=everyUnit]").select_option("s")
    page.locator("#lasting").fill("9")
    page.locator("select[name=lastingUnit]").select_option("rounds")
    expect(page.locator(".obstacle")).to_contain_text("and the interval is 0.05 s")
    expect(page.locator("#add")).to_be_disabled()
    assert violations(page) == []
    page.get_by_role("button", name="Keep the clock, skip what comes late").click()
    expect(page.locator(".obstacle")).to_have_count(0)
    expect(page.locator("#add")).to_be_enabled()


def test_a_burst_says_how_long_the_memory_lasts_and_is_planned(visit, planned):
    page = visit("/jobs/new/")
    page.get_by_text("Burst").click()
    expect(page.locator("#frames")).to_be_visible()
    expect(page.locator("#every")).to_be_hidden()
    expect(page.get_by_text("Save as")).to_be_hidden()
    page.locator("#frames").fill("40")
    page.get_by_label("Take what is possible").check()
    expect(page.locator(".figures")).to_contain_text(re.compile(r"40\s*pictures"))
    side = page.locator(".new-job-side")
    expect(side).to_contain_text("Camera gives")
    expect(side).to_contain_text("Disk takes")
    expect(side).to_contain_text("Memory full")
    assert violations(page) == []
    page.get_by_label("Name").fill("Beating heart")
    page.locator("#add").click()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    expect(page.locator("main")).to_contain_text("40 pictures as fast as the camera gives them")


def test_what_is_wrong_with_a_burst_stands_beside_its_field(visit):
    page = visit("/jobs/new/")
    page.get_by_text("Burst").click()
    page.locator("#frames").fill("0")
    expect(page.locator("#problem-frames")).to_have_text("Must be 2 at least.")
    page.locator("#frames").fill("12")
    expect(page.locator("#problem-frames")).to_be_empty()
    expect(page.locator(".due-slot").nth(1)).to_contain_text("+")


def test_without_a_script_a_job_is_planned_too(open_browser, planned):
    page = open_browser("ada", java_script_enabled=False)
    page.goto("/jobs/new/")
    page.get_by_label("Name").fill("by form alone")
    page.get_by_role("button", name="Estimate first").click()
    expect(page.locator(".figures")).to_contain_text("pictures")
    page.locator("#add").click()
    page.wait_for_url(re.compile(r"/jobs/\d+/$"))
    page.get_by_role("button", name="Stop…").click()
    page.get_by_role("button", name="Stop after this picture").click()
    expect(page.locator(".job-state")).to_have_text("Stopped")


def test_a_phone_shows_the_form(visit):
    page = visit("/jobs/new/", **PHONE)
    expect(page.locator(".figures")).to_contain_text("pictures")
    expect(page.locator("#add")).to_be_in_viewport()
    assert violations(page) == []
    assert sideways(page) == []
