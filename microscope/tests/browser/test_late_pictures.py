"""Pictures that the browser requests but does not get: the page says so and offers to try again."""

import pytest
from playwright.sync_api import Locator, expect

from microscope.tests.browser.sight import wait_until

THUMBNAILS = "**/api/v1/images/*/thumbnail*"
# The page's own time limit for a picture is 10 s.
PICTURE_LIMIT_MS = 10_500
# That limit, if it began later than the test saw, and time for a busy computer.
PATIENCE_MS = 60_000
IS_LOADED = "picture => picture.complete && picture.naturalWidth > 0"


@pytest.fixture
def gallery_where(capture_set, open_browser):
    """gallery_where(answer) opens the gallery with two images of this test. `answer(route)` serves their thumbnails."""

    def go(answer):
        capture_set(2)
        page = open_browser("ada")
        page.clock.install()
        page.route(THUMBNAILS, answer)
        page.goto(f"/images/?text={capture_set.sample}", wait_until="domcontentloaded")
        return page

    return go


def outlast_the_limit(page, picture: Locator) -> None:
    """Let the page's time limit for a picture pass. It begins when the page has seen the picture, as this does."""
    picture.evaluate("picture => new Promise(seen => new IntersectionObserver(() => seen()).observe(picture))")
    page.clock.fast_forward(PICTURE_LIMIT_MS)


def test_thumbnails_that_do_not_come_say_so_and_are_tried_again(gallery_where):
    silent = [True]
    page = gallery_where(lambda route: None if silent[0] else route.continue_())
    outlast_the_limit(page, page.locator(".shot img").last)
    expect(page.locator(".missing")).to_have_text(["Did not load"] * 2, timeout=PATIENCE_MS)
    expect(page.locator(".missing").first).to_be_visible()
    told = page.get_by_role("alert").filter(has_text="Some pictures could not be loaded.")
    expect(told).to_have_count(1)
    silent[0] = False
    told.get_by_role("button", name="Try again").click()
    for picture in page.locator(".shot img").all():
        wait_until(page, lambda picture=picture: picture.evaluate(IS_LOADED), bool)
    expect(page.locator(".missing").first).to_be_hidden()
    expect(told).to_have_count(0)


def test_a_thumbnail_that_comes_late_is_shown(gallery_where):
    held = []
    page = gallery_where(lambda route: held.append(route))
    outlast_the_limit(page, page.locator(".shot img").last)
    told = page.get_by_role("alert").filter(has_text="Some pictures could not be loaded.")
    expect(told).to_be_visible(timeout=PATIENCE_MS)
    for route in held:
        route.continue_()
    expect(page.locator(".shot.is-missing")).to_have_count(0)
    expect(told).to_have_count(0)


def test_a_network_that_fails_is_not_taken_for_a_missing_file(gallery_where):
    page = gallery_where(lambda route: route.abort())
    page.incidents.expect("thumbnail")
    expect(page.locator(".missing")).to_have_text(["Did not load"] * 2)
    expect(page.locator(".missing").first).to_be_visible()


def test_a_file_that_is_missing_is_called_so_and_not_tried_again(gallery_where):
    page = gallery_where(lambda route: route.fulfill(status=404))
    page.incidents.expect("404")
    expect(page.locator(".shot.is-missing")).to_have_count(2)
    expect(page.locator(".missing")).to_have_text(["File missing"] * 2)
    expect(page.locator(".toast")).to_have_count(0)


def test_a_large_picture_that_does_not_come_says_so_and_is_tried_again(capture_set, open_browser):
    number = capture_set(1)[0]["imageId"]
    page = open_browser("ada")
    page.clock.install()
    silent = [True]
    page.route(f"**/api/v1/images/{number}/file*", lambda route: None if silent[0] else route.continue_())
    page.goto(f"/images/{number}/", wait_until="domcontentloaded")
    page.locator("#tools").wait_for()
    page.clock.fast_forward(21_000)
    expect(page.locator("#stage-problem")).to_contain_text("The picture could not be loaded.")
    silent[0] = False
    page.locator("#stage-problem").get_by_role("button", name="Try again").click()
    expect(page.locator("#zoom")).to_contain_text("%")
    expect(page.locator("#stage-problem")).to_be_hidden()


def test_a_picture_that_the_store_does_not_give_now_says_why(capture_set, open_browser):
    number = capture_set(1)[0]["imageId"]
    page = open_browser("ada")
    page.incidents.expect("503")
    why = "The picture is in the store, and cannot be fetched now. The store does not answer. Try again later."
    answer = {"statusCode": 503, "code": "original_away", "message": why, "errors": {}}
    page.route(f"**/api/v1/images/{number}/file*", lambda route: route.fulfill(status=503, json=answer))
    page.goto(f"/images/{number}/", wait_until="domcontentloaded")
    expect(page.locator("#stage-problem")).to_contain_text(why)
    page.unroute(f"**/api/v1/images/{number}/file*")
    page.locator("#stage-problem").get_by_role("button", name="Try again").click()
    expect(page.locator("#zoom")).to_contain_text("%")
    expect(page.locator("#stage-problem")).to_be_hidden()


def test_neighbours_that_do_not_come_are_offered_again(capture_set, open_browser):
    number = capture_set(2)[0]["imageId"]
    page = open_browser("ada")
    page.clock.install()
    silent = [True]
    page.route(THUMBNAILS, lambda route: None if silent[0] else route.continue_())
    page.goto(f"/images/{number}/", wait_until="domcontentloaded")
    outlast_the_limit(page, page.locator("#strip img").first)
    told = page.get_by_role("alert").filter(has_text="Some pictures could not be loaded.")
    expect(told).to_be_visible(timeout=PATIENCE_MS)
    silent[0] = False
    told.get_by_role("button", name="Try again").click()
    for picture in page.locator("#strip img").all()[:2]:
        wait_until(page, lambda picture=picture: picture.evaluate(IS_LOADED), bool)
    expect(page.locator("#strip .is-missing")).to_have_count(0)
    expect(told).to_have_count(0)
