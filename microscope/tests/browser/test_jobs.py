"""The pages of jobs in a browser: they renew themselves, play pictures, and everybody can use them."""

import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.sight import wait_until
from microscope.tests.browser.test_accessible import violations
from microscope.tests.browser.test_sizes import EMPTY_HEADINGS, sideways

WISHES = {"format": "jpg", "sample": "HeLa", "whenLate": "stretch"}
LONG_NAME = "Präparat_" + "x" * 180


@pytest.fixture
def plan_job(bench):
    """plan_job(loops=5) is a job of ada's. After the test none is left that runs or waits."""
    made = []

    def plan(name: str = "Wound 3", loops: int = 4, interval: float = 0.3, person: str = "ada", **more):
        body = {"time_plan": {"interval": interval, "loops": loops}, "metadata": {"microscope": WISHES}, **more}
        status, job = bench.ask(
            "POST", "/api/v1/jobs", {"name": name, "plan": body, "queue": True}, bench.token(person)
        )
        assert status == 201, job
        made.append(job["jobId"])
        return job["jobId"]

    yield plan
    for job_id in made:
        bench.ask("POST", f"/api/v1/jobs/{job_id}/stop", {}, bench.token("grace"))


@pytest.fixture
def job_state(bench):
    """job_state(7) is what the API says of it now."""
    return lambda job_id: bench.ask("GET", f"/api/v1/jobs/{job_id}", token=bench.token())[1]


@pytest.fixture
def ended_job(plan_job, job_state, visit):
    """A job of four pictures that has taken them all, and its page."""
    job_id = plan_job()
    page = visit("/jobs/")
    wait_until(page, lambda: job_state(job_id)["state"], lambda state: state == "finished", patience_s=60)
    page.goto(f"/jobs/{job_id}/")
    expect(page.locator("#player-number")).to_have_text("No. 4 of 4")
    return page


def test_a_running_job_is_watched_paused_continued_and_stopped(visit, plan_job, job_state):
    job_id = plan_job("night", loops=500, interval=1)
    page = visit(f"/jobs/{job_id}/")
    verdict = page.locator("#verdict-numbers")
    expect(verdict).to_contain_text(re.compile(r"^([3-9]|\d\d+) of 500 stored"), timeout=60_000)
    assert re.fullmatch(r"\d\d:\d\d|now|\d+ s late", page.locator(".countdown-left").inner_text())
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_role("heading", name="Paused by ada")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Pause", exact=True).wait_for()
    page.get_by_role("button", name="Stop…").click()
    expect(page.get_by_role("button", name="Let it run")).to_be_focused()
    page.get_by_role("button", name="Stop after this picture").click()
    expect(page.locator(".job-state")).to_have_text("Stopped")
    expect(verdict).to_contain_text("not taken")
    assert job_state(job_id)["state"] == "stopped"


def test_an_open_question_outlives_what_changes_around_it(visit, plan_job):
    page = visit(f"/jobs/{plan_job('asked', loops=500, interval=1)}/")
    verdict = page.locator("#verdict-numbers")
    expect(verdict).to_contain_text(" stored")
    page.get_by_role("button", name="Stop…").click()
    before = verdict.inner_text()
    expect(verdict).not_to_have_text(before, timeout=60_000)
    expect(page.get_by_role("button", name="Let it run")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Let it run")).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/jobs/\d+/$"))


def test_keys_step_and_play_through_the_pictures(ended_job):
    page, number, picture = ended_job, ended_job.locator("#player-number"), ended_job.locator("#picture")
    shown = [picture.get_attribute("src")]
    page.keyboard.press("Home")
    expect(number).to_have_text("No. 1 of 4")
    page.keyboard.press("ArrowRight")
    expect(number).to_have_text("No. 2 of 4")
    shown.append(picture.get_attribute("src"))
    page.keyboard.press("ArrowLeft")
    expect(number).to_have_text("No. 1 of 4")
    page.keyboard.press(" ")
    expect(number).to_have_text("No. 4 of 4")
    expect(page.locator("#play")).to_have_attribute("aria-pressed", "false")
    assert len(set(shown)) == 2
    page.get_by_label("No. 3, ").click()
    expect(number).to_have_text("No. 3 of 4")
    expect(page.locator(".film-tile[aria-current]")).to_have_attribute("data-number", "3")
    page.keyboard.press("Enter")
    page.wait_for_url("**/images/*/")


def test_the_handle_on_the_time_line_is_a_slider_for_the_keyboard_too(ended_job):
    seek = ended_job.locator("#seek")
    seek.focus()
    ended_job.keyboard.press("ArrowLeft")
    expect(ended_job.locator("#player-number")).to_have_text("No. 3 of 4")
    assert seek.get_attribute("aria-valuetext").startswith("No. 3 ")


def test_zoom_stays_while_the_picture_changes(ended_job):
    ended_job.keyboard.press("1")
    expect(ended_job.locator("#zoom")).to_have_text("100 %")
    ended_job.keyboard.press("Home")
    expect(ended_job.locator("#player-number")).to_have_text("No. 1 of 4")
    expect(ended_job.locator("#zoom")).to_have_text("100 %")


def test_arrows_lead_through_the_list_and_escape_back_to_it(ended_job):
    ended_job.keyboard.press("Escape")
    ended_job.wait_for_url("**/jobs/")
    ended_job.keyboard.press("ArrowDown")
    first = ended_job.locator(".job-link").first
    expect(first).to_be_focused()
    ended_job.keyboard.press("Enter")
    ended_job.wait_for_url("**/jobs/*/")


def test_axe_finds_nothing_on_jobs(ended_job, plan_job, visit):
    assert violations(ended_job) == []
    job_id = plan_job("running", loops=500, interval=60)
    page = visit("/jobs/")
    page.get_by_role("button", name="Pause", exact=True).wait_for(timeout=60_000)
    assert violations(page) == []
    page.goto(f"/jobs/{job_id}/")
    page.get_by_role("button", name="Stop…").click()
    assert violations(page) == []


def test_a_viewer_sees_a_job_and_a_phone_shows_it(visit, plan_job):
    job_id = plan_job(LONG_NAME, loops=500, interval=60)
    page = visit(f"/jobs/{job_id}/", "vera", **PHONE)
    expect(page.locator("#verdict-numbers")).to_contain_text("of 500 stored")
    expect(page.get_by_role("button", name="Pause", exact=True)).to_have_count(0)
    assert violations(page) == []
    page = visit(f"/jobs/{job_id}/", **PHONE)
    expect(page.get_by_role("button", name="Stop…")).to_be_in_viewport()


@pytest.mark.parametrize(("width", "height"), [(320, 640), (640, 800), (1024, 600), (1366, 650), (1440, 900)])
def test_nothing_scrolls_sideways(visit, plan_job, width, height):
    job_id = plan_job(LONG_NAME, loops=500, interval=60)
    for address in (f"/jobs/{job_id}/", "/jobs/"):
        page = visit(address, viewport={"width": width, "height": height})
        expect(page.get_by_role("button", name="Stop…")).to_be_visible(timeout=60_000)
        assert sideways(page) == []
        assert page.evaluate(EMPTY_HEADINGS) == []
        if width == 640:
            page.evaluate("document.documentElement.style.fontSize = '200%'")
            assert sideways(page) == []


def test_the_status_line_of_every_page_names_the_job_that_is_under_way(visit, plan_job, bench):
    page = visit("/images/")
    place = page.locator("#status-job")
    expect(place).to_be_hidden()
    job_id = plan_job("Wound 3, HeLa", loops=3, interval=3600)
    expect(place).to_have_text(re.compile(r"^Job Wound 3, HeLa, next picture in (1:00:00|59:\d\d)$"))
    place.get_by_role("link", name="Wound 3, HeLa").click()
    expect(page).to_have_url(re.compile(rf"/jobs/{job_id}/$"))
    bench.ask("POST", f"/api/v1/jobs/{job_id}/pause", {}, bench.token())
    expect(place).to_have_text("Job Wound 3, HeLa, paused")
    bench.ask("POST", f"/api/v1/jobs/{job_id}/stop", {}, bench.token())
    expect(place).to_be_hidden()


def test_on_a_phone_the_job_has_a_line_of_its_own_and_its_name_is_what_becomes_shorter(visit, plan_job):
    job_id = plan_job(LONG_NAME, loops=3, interval=3600)
    page = visit("/", **PHONE)
    place = page.locator("#status-job")
    link = place.get_by_role("link", name=LONG_NAME)
    expect(place.locator("span")).to_have_text(re.compile(r"^next picture in (1:00:00|59:\d\d)$"))
    expect(place.locator("span")).to_be_in_viewport(ratio=1)
    expect(page.locator("#status-disk")).to_be_in_viewport(ratio=1)
    expect(page.locator("#capture")).to_be_in_viewport(ratio=1)
    assert link.evaluate("link => link.clientWidth") > 100
    assert sideways(page) == []
    expect(link).to_have_attribute("title", LONG_NAME)
    link.tap()
    expect(page).to_have_url(re.compile(rf"/jobs/{job_id}/$"))
