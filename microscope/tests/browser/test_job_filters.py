"""The filters of the list of jobs in a browser: what they leave, what the address says, and the way back."""

import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.bench import Bench

# Jobs of other tests stand in the same list: each of these has a word that none of them has.
HELA, KIDNEY, SERIES = "filtered HeLa", "filtered kidney", "filtered series"


@pytest.fixture(scope="module")
def jobs(bench: Bench) -> None:
    """A stopped job of ada's, a stopped job of grace's, and a waiting job of ada's."""
    plan = {"time_plan": {"interval": 3600, "loops": 2}}
    late = {"startsAt": "2999-01-01T00:00:00Z"}
    kept = []
    for name, person in ((HELA, "ada"), (KIDNEY, "grace"), (SERIES, "ada")):
        status, job = bench.ask(
            "POST", "/api/v1/jobs", {"name": name, "plan": plan, "queue": True, **late}, bench.token(person)
        )
        assert status == 201, job
        kept.append(job["jobId"])
    for job_id in kept[:2]:
        bench.ask("POST", f"/api/v1/jobs/{job_id}/stop", {}, bench.token("grace"))
    yield
    bench.ask("POST", f"/api/v1/jobs/{kept[2]}/stop", {}, bench.token("grace"))


def expect_jobs(page, *names: str) -> None:
    expect(page.locator("#jobs .job-link")).to_have_text(list(names))


def search(page, words: str) -> None:
    page.get_by_label("Job, sample or note").fill(words)
    page.get_by_label("Job, sample or note").press("Enter")
    expect(page).to_have_url(re.compile(rf"[?&]text={words}(&|$)"))


@pytest.mark.usefixtures("jobs")
def test_each_filter_leaves_fewer_jobs_and_stands_in_the_address(visit):
    page = visit("/jobs/")
    search(page, "filtered")
    expect_jobs(page, SERIES, KIDNEY, HELA)
    page.get_by_label("State", exact=True).select_option("Stopped")
    expect(page).to_have_url(re.compile(r"/jobs/\?text=filtered&state=stopped$"))
    expect_jobs(page, KIDNEY, HELA)
    page.get_by_label("Person", exact=True).select_option("grace")
    expect(page).to_have_url(re.compile(r"/jobs/\?text=filtered&user=grace&state=stopped$"))
    expect_jobs(page, KIDNEY)
    page.get_by_role("link", name="Clear the filter State").click()
    expect(page).to_have_url(re.compile(r"/jobs/\?text=filtered&user=grace$"))
    expect(page.get_by_label("State", exact=True)).to_have_value("")
    expect_jobs(page, KIDNEY)


@pytest.mark.usefixtures("jobs")
def test_the_back_button_goes_back_filter_by_filter_and_each_says_what_is_chosen(visit):
    page = visit("/jobs/?text=filtered")
    expect_jobs(page, SERIES, KIDNEY, HELA)
    page.get_by_label("State", exact=True).select_option("Queued")
    expect(page).to_have_url(re.compile(r"state=queued$"))
    expect_jobs(page, SERIES)
    page.go_back()
    expect(page).to_have_url(re.compile(r"/jobs/\?text=filtered$"))
    expect_jobs(page, SERIES, KIDNEY, HELA)
    expect(page.get_by_label("State", exact=True)).to_have_value("")
    expect(page.get_by_label("Job, sample or note")).to_have_value("filtered")
    page.go_forward()
    expect(page.get_by_label("State", exact=True)).to_have_value("queued")
    expect_jobs(page, SERIES)


@pytest.mark.usefixtures("jobs")
def test_an_address_that_was_passed_on_opens_the_same_list(visit):
    page = visit("/jobs/?text=filtered&user=ada&state=stopped", "vera")
    expect_jobs(page, HELA)
    expect(page.get_by_label("Person", exact=True)).to_have_value("ada")
    expect(page.get_by_label("State", exact=True)).to_have_value("stopped")


@pytest.mark.usefixtures("jobs")
def test_filters_that_leave_nothing_say_so_and_are_cleared_at_once(visit):
    page = visit("/jobs/?text=nosuchword&state=failed")
    expect(page.get_by_role("heading", name="No job matches these filters")).to_be_visible()
    page.locator(".empty").get_by_role("link", name="Clear filters").click()
    expect(page).to_have_url(re.compile(r"/jobs/$"))
    expect(page.get_by_role("link", name=SERIES, exact=True)).to_be_visible()
