"""An open gallery says if there are newer pictures. A tick stays with its own image."""

import pytest
from playwright.sync_api import expect

NEWER = "**/api/v1/images/newer?*"


def look_again(page) -> None:
    """Make the page look for newer pictures, as if its tab comes to the front."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def shown(page) -> list[int]:
    return [int(shot.get_attribute("data-id")) for shot in page.locator(".shot").all()]


def tick_of(page, number: int):
    return page.locator(f".shot[data-id='{number}'] .tick input")


@pytest.fixture
def gallery(capture_set, visit):
    """gallery() opens the gallery with only this test's images."""
    return lambda: visit(f"/images/?text={capture_set.sample}")


def test_an_open_gallery_says_that_there_are_newer_pictures_and_shows_them(capture_set, bench, gallery):
    first = capture_set(1)[0]["imageId"]
    page = gallery()
    page.locator(".tick").click()
    expect(page.locator("#newer")).to_be_hidden()
    bench.capture(sample="of another search")
    second = capture_set(1)[0]["imageId"]
    look_again(page)
    expect(page.get_by_role("button", name="1 newer picture Show")).to_be_visible()
    expect(page.locator("#newer-news")).to_have_text("1 newer picture")
    third = capture_set(1)[0]["imageId"]
    look_again(page)
    page.get_by_role("button", name="2 newer pictures Show").click()
    expect(page.locator(".shot")).to_have_count(3)
    assert shown(page) == [third, second, first]
    expect(page.locator("#newer")).to_be_hidden()
    expect(page.locator(f".shot[data-id='{third}'] a")).to_be_focused()
    expect(page.locator("#actions-count")).to_have_text("1 selected")
    expect(tick_of(page, first)).to_be_checked()
    with page.expect_response(NEWER) as asked:
        look_again(page)
    assert asked.value.json()["count"] == 0


def test_it_says_so_too_on_a_page_that_was_empty(capture_set, gallery):
    page = gallery()
    expect(page.get_by_role("heading", name="Nothing matches these filters")).to_be_visible()
    capture_set(1)
    look_again(page)
    page.get_by_role("button", name="1 newer picture Show").click()
    expect(page.locator(".shot")).to_have_count(1)
    expect(page.get_by_role("heading", name="Nothing matches these filters")).to_be_hidden()


def test_it_says_so_too_after_back(capture_set, gallery):
    number = capture_set(1)[0]["imageId"]
    page = gallery()
    page.locator(".shot a").click()
    page.wait_for_url(f"**/images/{number}/*")
    meanwhile = capture_set(1)[0]["imageId"]
    page.go_back()
    expect(page.locator(".shot")).to_have_count(2)
    assert shown(page) == [meanwhile, number]
    capture_set(1)
    look_again(page)
    expect(page.get_by_role("button", name="1 newer picture Show")).to_be_visible()


def test_nobody_asks_while_the_tab_is_hidden(capture_set, gallery, open_browser):
    capture_set(1)
    page = open_browser("ada")
    page.clock.install()
    page.goto(f"/images/?text={capture_set.sample}")
    expect(page.locator(".tick")).to_be_visible()
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/newer?" in request.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', { value: true, configurable: true })")
    page.clock.run_for(60_000)
    assert asked == []
    page.evaluate("delete document.hidden")
    with page.expect_request(NEWER):
        page.clock.run_for(11_000)


@pytest.mark.parametrize("way", ["reload", "back"])
def test_a_tick_stays_with_its_own_image(capture_set, gallery, way):
    other, own = (image["imageId"] for image in capture_set(2))
    page = gallery()
    page.locator(f".shot[data-id='{own}'] .tick").click()
    expect(page.locator("#actions-count")).to_have_text("1 selected")
    if way == "back":
        page.locator(f".shot[data-id='{other}'] a").click()
        page.wait_for_url(f"**/images/{other}/*")
    newest = capture_set(1)[0]["imageId"]
    page.reload() if way == "reload" else page.go_back()
    expect(page.locator(".shot")).to_have_count(3)
    expect(page.locator("#actions-count")).to_have_text("1 selected")
    expect(tick_of(page, own)).to_be_checked()
    for number in (newest, other):
        expect(tick_of(page, number)).not_to_be_checked()


def test_browsers_are_told_to_put_no_tick_back_by_its_place(capture_set, gallery):
    """After a reload Firefox restores ticks by place: on the wrong image if a newer one has come."""
    capture_set(2)
    page = gallery()
    expect(page.locator(".tick input[autocomplete=off]")).to_have_count(2)
    expect(page.locator(".tick input:not([autocomplete=off])")).to_have_count(0)
