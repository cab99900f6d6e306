"""The page of the microscopes in a browser: it renews itself, and works without a script."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.instrument_rows import remove_instruments, row_of, write_rows
from microscope.tests.browser.sight import pixels, scrolls_sideways, wait_until
from microscope.tests.browser.test_accessible import violations

LONG_AGO_S = 7200
# A sign from the future: it stays fresh for the whole test, however busy the machine is.
FRESH = -3600
PATIENCE_S = 60


@pytest.fixture
def shared(bench):
    """The library has three microscopes: one answers, one is lost, one is simulated."""
    write_rows(
        bench,
        row_of("Inverted", "red", FRESH, url="http://lab-214.invalid/"),
        row_of("Cellar", "blue", LONG_AGO_S, spool_count=38, spool_bytes=1_200_000_000),
        row_of("Teaching", "green", FRESH, {"isSimulated": True}),
    )
    bench.share()
    wait_until_shared(bench)
    yield
    bench.be_alone()
    remove_instruments(bench)


def wait_until_shared(bench) -> None:
    until_s = time.monotonic() + PATIENCE_S
    while not bench.ask("GET", "/api/v1/instruments", token=bench.token())[1]["results"]:
        assert time.monotonic() < until_s, "the server shares nothing"
        time.sleep(0.05)


def card(page: Page, name: str):
    return page.get_by_role("listitem").filter(has=page.get_by_role("heading", name=name, exact=True))


def colour(page: Page, name: str) -> list[int]:
    """Return red, green and blue of the picture of a card."""
    return pixels(card(page, name).locator("img"), 1, 1)


@pytest.mark.usefixtures("shared")
def test_lost_and_simulated_ones_stand_out_and_only_those_with_a_problem_can_be_seen(visit):
    page = visit("/images/", "vera")
    page.get_by_role("navigation", name="Pages").get_by_role("link", name="Microscopes").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Microscopes")
    expect(page.locator(".instruments-head p")).to_contain_text("3 microscopes: 2 answer, 1 is lost. 1 is simulated.")
    expect(card(page, "Cellar")).to_contain_text("Lost since")
    expect(card(page, "Cellar")).to_contain_text("38 pictures (1.2 GB) only on this PC")
    expect(card(page, "Teaching")).to_contain_text("SIMULATED")
    expect(card(page, "Inverted").get_by_role("link")).to_have_attribute("href", "http://lab-214.invalid/")
    assert violations(page) == []
    page.get_by_label("Only with a problem").check()
    expect(card(page, "Inverted")).to_be_hidden()
    expect(card(page, "Teaching")).to_be_hidden()
    expect(card(page, "Cellar")).to_be_visible()
    expect(page).to_have_url(re.compile("problem=true"))
    page.reload()
    expect(card(page, "Inverted")).to_be_hidden()
    page.get_by_label("Only with a problem").uncheck()
    expect(card(page, "Inverted")).to_be_visible()


@pytest.mark.usefixtures("shared")
def test_words_and_pictures_renew_themselves_in_sight_alone(bench, visit):
    page = visit("/instruments/", viewport={"width": 700, "height": 300})
    page.evaluate("scrollTo(0, 0)")
    wait_until(page, lambda: colour(page, "Cellar"), lambda seen: seen[2] > 60)
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url) if "picture.jpg" in one.url else None)
    write_rows(
        bench,
        row_of("Cellar", "yellow", FRESH + 1, {"state": "ready"}),
        row_of("Teaching", "white", FRESH + 1, {"isSimulated": True, "state": "closed"}),
    )
    # The page reads itself again every ten seconds.
    expect(card(page, "Cellar")).to_contain_text("Ready", timeout=1000 * PATIENCE_S)
    expect(card(page, "Teaching")).to_contain_text("Closed")
    wait_until(page, lambda: colour(page, "Cellar"), lambda seen: seen[0] > 200 and seen[2] < 60)
    assert len(asked) == 1, "Teaching is out of sight"
    card(page, "Teaching").scroll_into_view_if_needed()
    wait_until(page, lambda: colour(page, "Teaching"), lambda seen: min(seen) > 200)


@pytest.mark.usefixtures("shared")
def test_one_that_joins_appears_by_itself(bench, visit):
    page = visit("/instruments/")
    expect(card(page, "Inverted")).to_be_visible()
    write_rows(bench, row_of("Upright", "red", FRESH))
    expect(card(page, "Upright")).to_be_visible(timeout=1000 * PATIENCE_S)


@pytest.mark.usefixtures("shared")
def test_it_works_without_a_script(visit):
    page = visit("/instruments/?problem=true", java_script_enabled=False)
    expect(card(page, "Cellar")).to_contain_text("Lost since")
    expect(card(page, "Inverted")).to_be_hidden()
    page.get_by_label("Only with a problem").uncheck()
    expect(card(page, "Inverted")).to_contain_text("Streaming")
    expect(card(page, "Inverted").get_by_role("img")).to_be_visible()


@pytest.mark.usefixtures("shared")
def test_on_a_phone_a_card_is_its_picture_and_its_words_below(visit):
    page = visit("/instruments/", **PHONE)
    assert not scrolls_sideways(page)
    picture, words = card(page, "Cellar").locator("img"), card(page, "Cellar").get_by_role("heading")
    assert picture.bounding_box()["y"] + picture.bounding_box()["height"] <= words.bounding_box()["y"]
