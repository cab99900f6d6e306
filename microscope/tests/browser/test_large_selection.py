"""A selection contains all images that the page names, loaded or not, and the page reports exactly what was done."""

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import chain, count, islice

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.rows import add_rows, remove_rows
from microscope.tests.browser.sight import wait_until

MANY = 410  # the page needs three calls of 200
PATIENCE_MS = 60_000  # a slow computer moves 200 images in this time
DAYS_AT_A_TIME = 9  # enough for the whole file
DAYS = (date(2021, 1, 1) + timedelta(days=3 * number) for number in count())
BIN = "**/api/v1/images/bin"


@pytest.fixture(scope="module", autouse=True)
def left_as_it_was(bench):
    yield
    remove_rows(bench)


@pytest.fixture(scope="module")
def full_days(bench) -> Iterator[date]:
    """Days with MANY images of ada and no others, made some at a time."""
    return chain.from_iterable(fill_days(bench) for _ in count())


def fill_days(bench) -> list[date]:
    days = list(islice(DAYS, DAYS_AT_A_TIME))
    add_rows(bench, days, MANY)
    return days


@pytest.fixture
def day(full_days) -> date:
    """A day of this test alone."""
    return next(full_days)


@pytest.fixture(scope="module")
def still_day(full_days) -> date:
    """A day for all tests that do not move its images."""
    return next(full_days)


@pytest.fixture
def open_day(open_browser):
    """open_day(day) opens the gallery with only this day. Its rows have no files and so no thumbnails."""

    def go(first: date, last: date | None = None, person: str = "ada"):
        page = open_browser(person)
        page.incidents.expect("/thumbnail")
        page.goto(f"/images/?from={first}&to={last or first}")
        expect(page.locator(".select-day").first).to_be_visible()
        return page

    return go


def numbers(bench, day: date, binned: bool = False) -> list[int]:
    found, address = [], f"/api/v1/images/ids?day={day}&binned={str(binned).lower()}"
    while address:
        answer = bench.ask("GET", address, token=bench.token())[1]
        found, address = found + answer["ids"], answer["next"]
    return found


def count_text(page):
    return page.locator("#actions-count")


def load_all(page, total: int) -> None:
    def scroll_on() -> int:
        page.locator("#more").scroll_into_view_if_needed()
        return page.locator(".shot").count()

    wait_until(page, scroll_on, lambda shots: shots == total, patience_s=60)


def on_call(page, number: int, run) -> None:
    """`run(route)` answers the nth call to the bin, counted from 1. The server answers the others."""
    calls = count(1)
    page.route(BIN, lambda route: run(route) if next(calls) == number else route.continue_())


def test_select_day_takes_the_day_and_not_what_is_loaded_of_it(bench, still_day, open_day):
    page = open_day(still_day)
    assert page.locator(".shot").count() < MANY
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")
    expect(page.locator("#actions-size")).to_have_text("410 kB")
    expect(page.locator("#selection-news")).to_have_text(f"{MANY} selected")
    page.get_by_role("button", name="Select day").click()
    expect(page.locator("#actions")).to_be_hidden()
    page.locator(".shot a").first.focus()
    page.keyboard.press("Control+a")
    expect(count_text(page)).to_have_text(f"{MANY} selected")


def test_what_is_loaded_later_is_ticked_and_can_be_unticked(still_day, open_day):
    page = open_day(still_day)
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")
    page.locator(".tick").nth(1).click()
    load_all(page, MANY)
    assert page.locator(".tick input:checked").count() == MANY - 1
    page.locator(".tick").last.click()
    expect(count_text(page)).to_have_text(f"{MANY - 2} selected")
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")


def test_what_came_since_the_page_was_made_is_not_taken(bench, day, open_day):
    page = open_day(day)
    add_rows(bench, [day], 5, hour=20)
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")


def test_select_all_takes_every_day_that_the_filters_leave(bench, day, open_day):
    add_rows(bench, [day + timedelta(days=1)], 3)
    page = open_day(day, day + timedelta(days=1))
    page.locator(".tick").first.click()
    page.get_by_role("button", name="Select all").click()
    expect(count_text(page)).to_have_text(f"{MANY + 3} selected")
    expect(page.get_by_role("button", name="Select all")).to_be_hidden()


def test_the_whole_day_goes_to_the_bin_and_undo_brings_all_of_it_back(bench, day, open_day):
    page = open_day(day)
    before = numbers(bench, day)
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")
    page.get_by_role("button", name="Move to bin").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text(f"{MANY} images moved to the bin", timeout=PATIENCE_MS)
    assert numbers(bench, day, binned=True) == before
    expect(page.locator(".shot")).to_have_count(0)
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text(f"{MANY} images restored", timeout=PATIENCE_MS)
    assert numbers(bench, day) == before
    toast.get_by_role("button", name="Show them").click()
    expect(page.locator(".shot").first).to_be_visible()


def test_the_bin_gives_back_all_that_is_in_it(bench, day, open_day, open_browser):
    wanted = numbers(bench, day)
    for first in range(0, MANY, 200):
        assert bench.ask("POST", "/api/v1/images/bin", {"ids": wanted[first : first + 200]}, bench.token())[0] == 200
    page = open_browser("ada")
    page.incidents.expect("/thumbnail")
    page.goto(f"/images/bin/?from={day}&to={day}")
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")
    page.locator("#restore").click()
    expect(page.locator(".toast")).to_contain_text(f"{MANY} images restored", timeout=PATIENCE_MS)
    assert numbers(bench, day) == wanted


def test_a_network_that_fails_midway_leaves_the_rest_selected(bench, day, open_day):
    page = open_day(day)
    page.incidents.expect("images/bin")
    on_call(page, 2, lambda route: route.abort())
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")
    page.get_by_role("button", name="Move to bin").click()
    alert = page.get_by_role("alert").filter(has_text="moved to the bin")
    expect(alert).to_contain_text(f"200 of {MANY} images moved to the bin", timeout=PATIENCE_MS)
    expect(alert).to_contain_text("Cannot reach the server")
    expect(alert).to_contain_text("The rest is still selected.")
    expect(count_text(page)).to_have_text(f"{MANY - 200} selected")
    assert len(numbers(bench, day)) == MANY - 200
    page.get_by_role("button", name="Move to bin").click()
    expect(page.locator(".toast").last).to_contain_text(f"{MANY - 200} images moved to the bin", timeout=PATIENCE_MS)
    assert numbers(bench, day) == []


def test_it_can_be_stopped_and_says_how_far_it_came(bench, day, open_day):
    page = open_day(day)
    held = []
    on_call(page, 2, held.append)
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")
    page.get_by_role("button", name="Move to bin").click()
    expect(page.locator("#running")).to_contain_text(f"200 of {MANY}", timeout=PATIENCE_MS)
    page.get_by_role("button", name="Stop").click()
    wait_until(page, lambda: len(held), lambda calls: calls == 1)
    held[0].continue_()
    alert = page.get_by_role("alert").filter(has_text="moved to the bin")
    expect(alert).to_contain_text(f"400 of {MANY} images moved to the bin", timeout=PATIENCE_MS)
    expect(alert).to_contain_text("Stopped by you. The rest is still selected.")
    assert len(numbers(bench, day)) == MANY - 400
    alert.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast").last).to_contain_text("400 images restored", timeout=PATIENCE_MS)
    assert len(numbers(bench, day)) == MANY


def test_after_a_session_ends_midway_the_next_page_says_how_far_it_came(bench, day, open_day):
    page = open_day(day)
    page.incidents.expect("images/bin")

    def as_a_stranger(route) -> None:
        answer = json.dumps({"statusCode": 401, "code": "not_authenticated", "message": "Sign in first.", "errors": {}})
        route.fulfill(status=401, content_type="application/json", body=answer)

    on_call(page, 2, as_a_stranger)
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY} selected")
    page.get_by_role("button", name="Move to bin").click()
    told = page.get_by_role("alert").filter(has_text=f"200 of {MANY} images moved to the bin")
    expect(told).to_be_visible(timeout=PATIENCE_MS)
    assert len(numbers(bench, day)) == MANY - 200


def test_only_ones_own_images_of_a_day_are_binned_and_a_sentence_says_so(bench, day, open_day):
    add_rows(bench, [day], 7, person="linus", hour=20)
    page = open_day(day)
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(f"{MANY + 7} selected")
    page.get_by_role("button", name="Move to bin").click()
    alert = page.get_by_role("alert").filter(has_text="moved to the bin")
    expect(alert).to_contain_text(f"{MANY} of {MANY + 7} images moved to the bin", timeout=PATIENCE_MS)
    expect(alert).to_contain_text("7 images not changed. This is somebody else's image.")
    expect(count_text(page)).to_have_text("7 selected")
    expect(page.get_by_role("button", name="Move to bin")).to_be_disabled()


def test_a_day_whose_numbers_come_in_several_answers_is_selected_whole(still_day, open_day):
    page = open_day(still_day)
    first, second = list(range(10_000_000, 10_010_000)), list(range(10_010_000, 10_011_016))

    def answer(route) -> None:
        is_first = "after-the-first" not in route.request.url
        ids = first if is_first else second
        following = f"{route.request.url}&cursor=after-the-first" if is_first else None
        route.fulfill(json={"ids": ids, "fileSizes": [1] * len(ids), "mayBin": True, "next": following})

    page.route("**/api/v1/images/ids?*", answer)
    page.get_by_role("button", name="Select day").click()
    # The loaded tiles are images of the server. They count in addition.
    expect(count_text(page)).to_have_text(re.compile(r"^11,0\d\d selected$"))


def test_more_than_can_be_held_are_not_selected_and_a_sentence_says_so(still_day, open_day):
    page = open_day(still_day)
    ids = list(range(1, 100_002))
    answer = {"ids": ids, "fileSizes": [1] * len(ids), "mayBin": True, "next": None}
    page.route("**/api/v1/images/ids?*", lambda route: route.fulfill(json=answer))
    page.get_by_role("button", name="Select day").click()
    expect(page.get_by_role("alert")).to_contain_text("Too many images: you can select at most 100,000.")
    expect(page.locator("#actions")).to_be_hidden()


def test_a_zip_of_more_than_it_holds_is_not_begun_and_a_sentence_says_so(still_day, open_day):
    page = open_day(still_day)
    ids = list(range(10_000_000, 10_100_000))
    answer = {"ids": ids, "fileSizes": [1] * len(ids), "mayBin": True, "next": None}
    page.route("**/api/v1/images/ids?*", lambda route: route.fulfill(json=answer))
    page.get_by_role("button", name="Select day").click()
    expect(count_text(page)).to_have_text(re.compile(r"^100,\d\d\d selected$"))
    page.get_by_role("button", name="Download ZIP").click()
    expect(page.get_by_role("alert")).to_contain_text("A ZIP holds 100,000 images at most, but 100,")
