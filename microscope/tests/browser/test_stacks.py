"""A job in the gallery: one stack that opens, and is selected, downloaded and binned as one."""

import csv
import io
import re
import zipfile

import pytest
from playwright.sync_api import expect

from images.tests.conftest import wait_until
from microscope.tests.browser.bench import Bench

PICTURES = 4


def run_job(bench: Bench, name: str, pictures: int = PICTURES) -> int:
    """A job of ada's that has ended, with all its pictures stored. Returns its id."""
    plan = {"channels": [{"config": f"exposure {number}", "exposure": 1 + number} for number in range(pictures)]}
    status, job = bench.ask("POST", "/api/v1/jobs", {"name": name, "plan": plan, "queue": True}, bench.token())
    assert status == 201, job
    address = f"/api/v1/jobs/{job['jobId']}"

    def told() -> dict:
        return bench.ask("GET", address, token=bench.token())[1]

    wait_until(lambda: told()["state"] == "finished", within_s=90, every_s=0.1)
    assert told()["stored"] == pictures
    return job["jobId"]


def pictures_of(bench: Bench, job_id: int, asked: str = "") -> list[int]:
    return bench.ask("GET", f"/api/v1/images/ids?job={job_id}{asked}", token=bench.token())[1]["ids"]


@pytest.fixture
def name(request):
    return f"job of {request.node.name}"


@pytest.fixture
def open_stack(visit):
    """open_stack(name) opens the gallery with one job, and returns the page and the locator of its stack."""

    def go(name: str):
        page = visit(f"/images/?text={name}")
        expect(page.locator(".shot")).to_have_count(1)
        return page, page.locator(".shot.is-stack")

    return go


@pytest.fixture
def stack(bench, open_stack, name):
    """The gallery with one job of this test alone, the locator of its stack, and the id of the job."""
    job_id = run_job(bench, name)
    return *open_stack(name), job_id


@pytest.fixture(scope="module")
def lasting_job(bench) -> tuple[str, int]:
    """Name and id of one job for all tests that leave its pictures as they are."""
    name = "lasting job"
    return name, run_job(bench, name)


@pytest.fixture
def lasting_stack(lasting_job, open_stack):
    name, job_id = lasting_job
    return *open_stack(name), job_id


def count_text(page):
    return page.locator("#actions-count")


def test_a_stack_says_its_name_number_and_verdict_and_opens_and_closes(lasting_job, lasting_stack):
    name, _ = lasting_job
    page, shot, job_id = lasting_stack
    for words in (name, f"{PICTURES} pictures", f"{PICTURES} of {PICTURES} stored, none missed."):
        expect(shot).to_contain_text(words)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"job={job_id}$"))
    expect(page.locator(".shot")).to_have_count(PICTURES)
    expect(page.locator(".chip")).to_have_text(f"Job {name}")
    page.get_by_role("link", name="Clear the filter Job").click()
    expect(page.locator(".shot.is-stack")).to_have_count(1)


def test_another_filter_does_not_leave_the_job(lasting_stack):
    page, shot, job_id = lasting_stack
    shot.locator("a").click()
    expect(page.locator(".shot")).to_have_count(PICTURES)
    page.locator("#format").select_option("jpg")
    expect(page).to_have_url(re.compile(rf"job={job_id}.*format=jpg|format=jpg.*job={job_id}"))


def test_a_selected_stack_selects_and_downloads_all_its_pictures(lasting_stack, bench):
    page, shot, job_id = lasting_stack
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Space")
    expect(count_text(page)).to_have_text(f"{PICTURES} selected")
    expect(shot.locator("input")).to_be_checked()
    with page.expect_download() as coming:
        page.get_by_role("button", name="Download ZIP").click()
    with zipfile.ZipFile(coming.value.path()) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
    assert sorted(int(row["imageId"]) for row in rows) == sorted(pictures_of(bench, job_id))
    shot.locator("a").focus()
    page.keyboard.press("Space")
    expect(page.locator("#actions")).to_be_hidden()
    expect(shot.locator("input")).not_to_be_checked()


def test_delete_bins_the_stack_with_the_focus_and_undo_brings_it_back(stack, bench):
    page, shot, job_id = stack
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Delete")
    expect(page.locator(".toast").last).to_contain_text(f"{PICTURES} images moved to the bin")
    expect(page.locator(".shot")).to_have_count(0)
    assert pictures_of(bench, job_id) == []
    page.get_by_role("button", name="Undo").click()
    expect(shot).to_have_count(1)
    assert len(pictures_of(bench, job_id)) == PICTURES


def test_the_bin_restores_a_stack_as_one(stack, bench, name):
    page, shot, job_id = stack
    shot.locator(".tick").click()
    expect(count_text(page)).to_have_text(f"{PICTURES} selected")
    page.get_by_role("button", name="Move to bin").click()
    expect(page.locator(".toast").last).to_contain_text(f"{PICTURES} images moved to the bin")
    page.goto("/images/bin/")
    page.get_by_role("button", name=f"Restore all pictures of {name}").click()
    expect(page.locator(".toast").last).to_contain_text(f"{PICTURES} images restored")
    assert len(pictures_of(bench, job_id)) == PICTURES


def test_shift_takes_the_stacks_on_the_way_too(bench, visit, name):
    for _ in range(2):
        run_job(bench, name)
    page = visit(f"/images/?text={name}")
    expect(page.locator(".shot.is-stack")).to_have_count(2)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(count_text(page)).to_have_text(f"{2 * PICTURES} selected")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{2 * PICTURES} selected")
    for box in page.locator(".tick input").all():
        expect(box).to_be_checked()


def test_newer_pictures_of_a_job_come_into_its_stack(stack, bench, name):
    page, _shot, _job_id = stack
    run_job(bench, name, 2)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("button", name="2 newer pictures Show").click()
    expect(page.locator(".shot.is-stack")).to_have_count(2)
    expect(page.locator(".shot").first).to_contain_text("2 pictures")


def test_a_stack_that_grows_shows_its_newest_picture_and_counts_on(lasting_stack, bench):
    """A job that runs: the answers of the server are those of another that goes on."""
    page, shot, job_id = lasting_stack
    first = int(shot.get_attribute("data-id"))
    grown = {**bench.image(first), "imageId": first + 1000, "capturedAt": "2100-01-01T00:00:00.000000Z"}
    day = shot.get_attribute("data-day")
    told = {"jobId": job_id, "name": "grows", "day": day, "count": 3, "more": False, "verdict": "7 of 9 stored."}
    page.route("**/api/v1/images/newer?*", lambda route: route.fulfill(json={"count": 3, "newest": 9, "more": False}))
    listed = {"results": [{**grown, "stack": told}], "next": None}
    page.route("**/api/v1/images?*", lambda route: route.fulfill(json=listed))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.get_by_role("button", name="3 newer pictures Show").click()
    expect(page.locator(".shot")).to_have_count(1)
    expect(page.locator(".shot")).to_contain_text(f"{PICTURES + 3} pictures")
    expect(page.locator(".shot")).to_have_attribute("data-id", str(first + 1000))
    expect(page.locator(".shot")).to_contain_text("7 of 9 stored.")


def test_older_pages_bring_stacks_as_the_first_does(bench, visit, lasting_job):
    name, job_id = lasting_job
    page = visit("/images/")
    template = page.locator("#days .shot.is-stack").filter(has_text=name)
    expect(template).to_have_attribute("data-job", str(job_id))
    listed = bench.ask("GET", f"/api/v1/images?stacked=true&text={name.replace(' ', '+')}", token=bench.token())[1]
    made = page.evaluate(
        """async (image) => {
          const { Grid } = await import("/static/images/gallery/grid.js");
          return new Grid(document.getElementById("days")).make(image).outerHTML;
        }""",
        listed["results"][0],
    )
    assert made_of(made) == made_of(template.evaluate("one => one.outerHTML"))


def made_of(html: str) -> list[str]:
    """The texts of a thumbnail."""
    return [" ".join(text.split()) for text in re.findall(r">([^<]+)<", html) if text.strip()]


def test_without_a_script_a_stack_is_a_link(visit, lasting_job):
    name, job_id = lasting_job
    page = visit(f"/images/?text={name}", java_script_enabled=False)
    page.locator(".shot.is-stack a").click()
    expect(page).to_have_url(re.compile(rf"job={job_id}$"))
    expect(page.locator(".shot")).to_have_count(PICTURES)


def test_the_page_of_a_picture_leads_along_its_job(lasting_stack):
    page, shot, _ = lasting_stack
    shot.locator("a").click()
    expect(page.locator(".shot")).to_have_count(PICTURES)
    page.locator(".shot a").first.click()
    expect(page.get_by_text(f"No. {PICTURES} of {PICTURES}")).to_be_visible()
    page.locator("#slot-before").click()
    expect(page.get_by_text(f"No. {PICTURES - 1} of {PICTURES}")).to_be_visible()
    expect(page.locator("#slot-after")).to_have_text(f"No. {PICTURES}")
