"""A job in the strip of recent pictures of the live page: one tile, however many pictures it takes."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from microscope.tests.browser.bench import Bench
from microscope.tests.browser.test_stacks import pictures_of, run_job

NAME = "Wound 3, HeLa"
LOOK_AGAIN = "() => new BroadcastChannel('captures').postMessage('captured')"


@pytest.fixture(scope="module")
def job_id(bench: Bench) -> int:
    return run_job(bench, NAME, 3)


def find_tile(page: Page, job_id: int) -> Locator:
    return page.locator(f"#recent-list li[data-id^='job {job_id} ']")


def test_the_pictures_of_a_job_are_one_tile_that_leads_to_the_job(job_id, watch_live, bench):
    page = watch_live()
    tile = find_tile(page, job_id)
    expect(tile).to_have_count(1)
    expect(tile.locator(".thumbnail-caption > *")).to_have_text([NAME, "3"])
    expect(tile.get_by_role("link")).to_have_attribute("aria-label", re.compile(f"^Job {NAME}, pictures: 3, newest"))
    expect(tile.locator("img")).to_have_js_property("complete", True)
    for number in pictures_of(bench, job_id):
        expect(page.locator(f"#recent-list li[data-id='{number}']")).to_have_count(0)
    with page.expect_response("**/api/v1/camera/capture") as answer:
        page.locator("#capture").click()
    expect(page.locator("#recent-list li").first).to_have_attribute("data-id", str(answer.value.json()["imageId"]))
    expect(tile).to_have_count(1)
    tile.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/jobs/{job_id}/$"))


def test_a_tile_keeps_its_place_and_shows_the_newest_picture(job_id, watch_live, bench):
    """The job takes one more meanwhile, as the list tells it."""
    page = watch_live()
    tile = find_tile(page, job_id)
    tile.evaluate("tile => { tile.id = 'the-same' }")
    newer = bench.capture()["thumbnailUrl"]

    def grow(route) -> None:
        answer = route.fetch()
        said = answer.json()
        for image in said["results"]:
            if image["stack"] and image["stack"]["jobId"] == job_id:
                image["stack"] |= {"count": 1000, "more": True}
                image["thumbnailUrl"] = newer
        route.fulfill(response=answer, json=said)

    page.route("**/api/v1/images?limit=*", grow)
    page.evaluate(LOOK_AGAIN)
    expect(page.locator("#the-same .thumbnail-caption > *")).to_have_text([NAME, "1,000+"])
    expect(page.locator("#the-same img")).to_have_attribute("src", newer)
    page.unroute_all()
