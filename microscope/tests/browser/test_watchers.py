"""Several watchers at once, and hidden tabs."""

import re
import urllib.request

from playwright.sync_api import expect

from microscope.tests.browser.bench import MAX_WATCHERS
from microscope.tests.browser.sight import brightness, fingerprint, live_stage, wait_for_change, wait_until

TURN_AWAY = """isHidden => {
    Object.defineProperty(document, "hidden", {value: isHidden, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def watchers(bench) -> int:
    return bench.camera()["watchers"]


def wait_for_watchers(page, bench, number: int) -> None:
    """Wait until so many are counted: the server learns after a while that a browser of an earlier test is gone."""
    wait_until(page, lambda: watchers(bench), lambda counted: counted == number)


def test_a_setting_of_one_watcher_shows_for_the_other(watch_live):
    ada, linus = watch_live("ada"), watch_live("linus")
    dark = brightness(linus.locator("#picture"))
    ada.locator("#exposure").fill("25")
    ada.locator("#exposure").press("Enter")
    expect(linus.locator("#exposure")).to_have_value("25.00")
    expect(linus.locator("#exposure-note")).to_have_text(re.compile("^Set by ada, [0-9]+ s ago$"))
    wait_until(linus, lambda: brightness(linus.locator("#picture")), lambda value: value > 1.3 * dark)
    wait_for_change(ada)
    wait_for_change(linus)


def test_what_is_captured_in_one_tab_comes_to_the_strip_of_the_others(watch_live):
    here = watch_live()
    there = here.context.new_page()
    there.goto("/")
    here.locator("#capture").click()
    link = here.locator("#slot-result").get_by_role("link", name="Open")
    number = re.search(r"\d+", link.get_attribute("href"))[0]
    expect(there.locator("#recent-list li").first).to_have_attribute("data-id", number)


def test_a_hidden_tab_stops_streaming_and_goes_on_when_it_is_looked_at(watch_live, bench):
    page = watch_live()
    wait_for_watchers(page, bench, 1)
    page.evaluate(TURN_AWAY, True)  # a headless browser never hides a tab by itself
    expect(page.locator("#stage")).to_have_attribute("data-state", "paused")
    wait_for_watchers(page, bench, 0)
    before = fingerprint(page.locator("#picture"))
    page.evaluate(TURN_AWAY, False)
    live_stage(page).wait_for()
    wait_until(page, lambda: fingerprint(page.locator("#picture")), lambda now: now != before)
    wait_for_watchers(page, bench, 1)


def test_who_goes_to_another_page_watches_no_more(watch_live, bench):
    page = watch_live()
    page.goto("/profile")
    wait_for_watchers(page, bench, 0)


def test_beyond_the_limit_a_watcher_is_told_and_gets_the_next_free_place(open_browser, bench):
    page = open_browser("ada")
    page.incidents.expect("503")
    wait_for_watchers(page, bench, 0)
    others = [open_stream(bench) for _ in range(MAX_WATCHERS)]
    page.goto("/")
    expect(page.locator("#stage-card").get_by_role("heading")).to_have_text("Too many viewers")
    page.locator("#capture").click()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    for other in others:
        other.close()
    live_stage(page).wait_for()


def open_stream(bench):
    request = urllib.request.Request(
        bench.address("/api/v1/camera/live"), headers={"Authorization": f"Bearer {bench.token()}"}
    )
    return urllib.request.urlopen(request, timeout=10)
