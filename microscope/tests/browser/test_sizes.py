"""Windows of many sizes: no page scrolls sideways, and no heading has an empty section."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import open_page
from microscope.tests.browser.sight import live_stage, wait_until

SHORT = [(1366, 650), (1366, 600), (1280, 720), (1024, 600), (1440, 900), (390, 844)]
PAGES = ["/", "/images/", "/images/{}/", "/images/bin/", "/objectives/", "/images/{}/calibrate/", "/verification/"]
PAGES += ["/jobs/", "/jobs/new/", "/profile", "/profile/password"]
# The elements that are wider than the page, for the message of a failed test.
STICKING_OUT = """() => [...document.querySelectorAll("body *")]
    .filter((one) => one.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
    .filter((one) => one.checkVisibility({ visibilityProperty: true }))
    .map((one) => `${one.tagName}#${one.id}.${one.className.baseVal ?? one.className}`).slice(0, 12)"""
EMPTY_HEADINGS = """() => [...document.querySelectorAll("section, details, fieldset")]
    .filter((part) => part.checkVisibility())
    .filter((part) => [...part.querySelectorAll("h2, h3")].some((heading) => heading.checkVisibility()))
    .filter((part) => [...part.querySelectorAll("canvas, ol, table, dl")].length)
    .filter((part) => ![...part.querySelectorAll("canvas, ol, p, table, dl, button")]
        .some((one) => one.clientHeight > 0))
    .map((part) => part.id || part.className)"""


def sideways(page) -> list[str]:
    is_wide = "document.scrollingElement.scrollWidth > document.scrollingElement.clientWidth"
    return page.evaluate(STICKING_OUT) or ["something"] if page.evaluate(is_wide) else []


@pytest.fixture(scope="module")
def long_words(bench):
    """An image whose sample and note have the largest allowed length, without spaces."""
    sample, note = "Präparat_" + "x" * 180, "w" * 1000 + " " + "many words " * 60
    return bench.capture(format="tiff", sample=sample, note=note)["imageId"]


@pytest.fixture(scope="module")
def shared_page(chromium, bench, keys_of):
    """A page where grace is signed in. These tests only look, and a new browser for each would take most of their
    time."""
    page = open_page(chromium, bench, keys_of("grace"))
    yield page
    page.context.close()


@pytest.fixture
def load(shared_page, long_words):
    """load("/images/{}/", 320, 640) loads the page in a window of this size; `{}` is the image with the long words."""

    def go(address: str, width: int, height: int):
        shared_page.set_viewport_size({"width": width, "height": height})
        shared_page.goto(address.format(long_words))
        return shared_page

    yield go
    assert shared_page.incidents.unexpected() == []


@pytest.mark.parametrize("width", [320, 360])
@pytest.mark.parametrize("address", PAGES)
def test_no_page_of_a_narrow_window_scrolls_sideways(load, address, width):
    page = load(address, width, 640)
    page.wait_for_load_state()
    expect(page.locator("main")).to_be_visible()
    assert sideways(page) == []


@pytest.mark.parametrize("address", PAGES)
def test_text_twice_as_large_does_not_make_a_page_scroll_sideways(load, address):
    page = load(address, 640, 800)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert sideways(page) == []


@pytest.mark.parametrize("width", [320, 640])
def test_signing_in_does_not_scroll_sideways(open_browser, width):
    page = open_browser(viewport={"width": width, "height": 640})
    page.goto("/sign-in")
    if width == 640:
        page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert sideways(page) == []


@pytest.mark.parametrize(("width", "height"), SHORT)
def test_the_histogram_shows_or_folds_together_with_its_heading(watch_live, width, height):
    page = watch_live(viewport={"width": width, "height": height})
    heading, histogram = page.locator("#histogram-title"), page.locator("#histogram")
    assert heading.is_visible() == histogram.is_visible()
    if histogram.is_visible():
        assert histogram.bounding_box()["height"] >= 40
    expect(page.locator("#share-clipped")).to_be_visible()
    expect(page.locator("#capture")).to_be_in_viewport()
    assert sideways(page) == []


@pytest.mark.parametrize(("width", "height"), SHORT)
@pytest.mark.parametrize("address", PAGES)
def test_no_heading_stands_over_nothing(load, address, width, height):
    page = load(address, width, height)
    if address == "/":
        live_stage(page).wait_for()
    wait_until(page, lambda: page.evaluate(EMPTY_HEADINGS) + sideways(page), lambda found: found == [])
