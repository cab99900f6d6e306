"""A page that is open when the database goes away says so, and until when its user can go on."""

from playwright.sync_api import Route, expect

from microscope.tests.browser.sight import live_stage

CAMERA = "**/api/v1/camera"


def answer_without_database(route: Route, reason: str = "database_unavailable") -> None:
    answer, until = route.fetch(), "2026-03-02T03:10:00.000Z"
    headers = {"x-offline": "1", "x-offline-until": until, "x-offline-reason": reason}
    route.fulfill(response=answer, headers={**answer.headers, **headers})


def test_an_open_page_says_until_when_one_can_go_on(visit):
    page = visit("/")
    banner = page.locator("#offline-banner")
    expect(live_stage(page)).to_be_visible()
    expect(banner).to_be_hidden()
    page.route(CAMERA, answer_without_database)
    expect(banner).to_contain_text("The database does not answer. You can go on at the camera until")
    expect(banner).to_contain_text("Pictures are listed later.")
    expect(banner).to_be_visible()
    expect(page.get_by_role("button", name="Capture")).to_be_enabled()
    page.unroute(CAMERA)
    expect(banner).to_be_hidden()


def test_an_open_page_says_that_a_newer_program_has_changed_the_database(visit):
    page = visit("/")
    banner = page.locator("#offline-banner")
    page.route(CAMERA, lambda route: answer_without_database(route, "database_newer"))
    expect(banner).to_contain_text("A newer version of the program has changed the database: update this one. You can")
    page.unroute(CAMERA)
    expect(banner).to_be_hidden()
