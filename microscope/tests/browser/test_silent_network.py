"""The network falls silent but closes no connection: the page says how old its values are, and recovers by itself."""

import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.sight import live_stage, wait_for_change, wait_until
from microscope.tests.relay import Relay

# A deadline of the page, and more time for a busy computer.
PATIENCE_MS = 40_000
AGE = re.compile(r"^Picture (\d+) s old, from \d\d:\d\d:\d\d$")


@pytest.fixture
def relay(bench):
    relay = Relay(bench.port)
    yield relay
    relay.close()


@pytest.fixture
def watch_through(relay, visit):
    """watch_through() opens the live page behind the relay and waits for pictures."""

    def go(person: str = "ada"):
        page = visit(relay.address("/"), person)
        # The server ends a connection that brings nothing. A silent network keeps that from the browser, which then
        # sends a request into the ended connection.
        page.incidents.expect("ERR_EMPTY_RESPONSE")
        live_stage(page).wait_for()
        return page

    return go


def age_s(page) -> int:
    return int(AGE.match(page.locator("#stage-tag").inner_text())[1])


def captures_of(bench, sample: str) -> list[dict]:
    return bench.ask("GET", f"/api/v1/images?text={sample}", token=bench.token())[1]["results"]


def test_a_silent_picture_is_dimmed_and_tells_its_age_until_new_ones_come(watch_through, relay):
    page = watch_through()
    relay.fall_silent()
    expect(page.locator("#stage-tag")).to_have_text(AGE)
    first = age_s(page)
    assert first >= 3
    assert "brightness" in page.locator("#picture-place").evaluate("place => getComputedStyle(place).filter")
    wait_until(page, lambda: age_s(page), lambda seconds: seconds >= first + 2)
    expect(page.locator("#status-state")).to_have_text(re.compile(r"^Connection silent since \d\d:\d\d:\d\d$"))
    relay.recover()
    live_stage(page).wait_for(timeout=PATIENCE_MS)
    expect(page.locator("#stage-tag")).to_be_hidden()
    expect(page.locator("#status-state")).to_have_text("Streaming")
    assert page.locator("#picture-place").evaluate("place => getComputedStyle(place).filter") == "none"
    wait_for_change(page)


def test_numbers_of_a_silent_picture_turn_grey_and_then_read_a_dash(watch_through, relay):
    page = watch_through()
    figures = ["#focus-score", "#share-clipped", "#share-underexposed", "#status-fps", "#status-temperature"]
    colour = "element => getComputedStyle(element).color"
    fresh = page.locator("#focus-score").evaluate(colour)
    relay.fall_silent()
    page.locator("#live[data-grey]").wait_for()
    assert page.locator("#focus-score").evaluate(colour) != fresh
    for figure in figures:
        expect(page.locator(figure)).to_have_text("\N{EN DASH}")
    relay.recover()
    live_stage(page).wait_for(timeout=PATIENCE_MS)
    expect(page.locator("#focus-score")).to_have_text(re.compile(r"^\d"))
    expect(page.locator("#live")).not_to_have_attribute("data-grey", "")


def test_the_stream_is_opened_anew_again_and_again_one_at_a_time(watch_through, relay):
    page = watch_through()
    opened, ended = [], []
    page.on("request", lambda request: request.url.endswith("/camera/live") and opened.append(request))
    page.on("requestfailed", lambda request: request.url.endswith("/camera/live") and ended.append(request))
    relay.fall_silent()
    wait_until(page, lambda: (len(opened), len(ended)), lambda seen: seen[0] >= 1, PATIENCE_MS / 1000)
    wait_until(page, lambda: (len(opened), len(ended)), lambda seen: seen[0] >= 3, PATIENCE_MS / 1000)
    assert len(opened) <= len(ended) + 1
    relay.recover()
    live_stage(page).wait_for(timeout=PATIENCE_MS)


def test_a_capture_without_an_answer_says_so_and_is_made_once(watch_through, relay, bench):
    page = watch_through()
    sample = "silent-capture"
    page.locator("#sample").fill(sample)
    relay.fall_silent()
    keys = []
    page.on("request", lambda one: one.url.endswith("/capture") and keys.append(one.headers.get("idempotency-key")))
    page.locator("#capture").click()
    said = "The microscope has not responded yet. Trying again. The image is captured only once."
    expect(page.locator("#slot-error")).to_contain_text(said, timeout=PATIENCE_MS)
    wait_until(page, lambda: len(keys), lambda number: number >= 2)
    assert keys[0] and set(keys) == {keys[0]}
    relay.recover()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk", timeout=PATIENCE_MS)
    expect(page.locator("#slot-error")).to_be_empty()
    wait_until(page, lambda: captures_of(bench, sample), lambda images: len(images) == 1)
    assert len(captures_of(bench, sample)) == 1


def test_whoever_does_not_want_to_wait_for_a_capture_stops_it(watch_through, relay):
    page = watch_through()
    relay.fall_silent()
    page.locator("#capture").click()
    stop = page.locator("#slot-error").get_by_role("button", name="Stop")
    stop.click(timeout=PATIENCE_MS)
    expect(page.locator("#slot-error")).to_have_text(re.compile("^Stopped waiting. If the image was captured"))
    expect(page.locator("#capture")).to_have_attribute("data-state", "idle")
    relay.recover()
    live_stage(page).wait_for(timeout=PATIENCE_MS)


def test_a_setting_without_an_answer_says_so_and_the_field_shows_what_is_in_force(watch_through, relay, bench):
    page = watch_through()
    relay.fall_silent()
    page.locator("#gain").fill("3")
    page.locator("#gain").press("Enter")
    expect(page.locator("#gain-note")).to_contain_text("No response from the server within", timeout=PATIENCE_MS)
    relay.recover()
    live_stage(page).wait_for(timeout=PATIENCE_MS)
    gain = page.locator("#gain")
    wait_until(
        page,
        lambda: (float(gain.input_value()), bench.camera()["settings"]["gain"]),
        lambda seen: seen[0] == seen[1],
    )


def test_a_page_that_hears_nothing_on_its_first_try_says_so(relay, visit):
    page = visit(relay.address("/images/"))
    page.route("**/camera/live", lambda route: None)  # never answered
    page.route("**/api/v1/camera", lambda route: None)
    page.goto(relay.address("/"))
    expect(page.locator("#card-title")).to_have_text("No response from the server", timeout=PATIENCE_MS)
    expect(page.locator("#status-state")).to_have_text("No response from the server")
    page.unroute_all()
    live_stage(page).wait_for(timeout=PATIENCE_MS)


@pytest.mark.parametrize("address", ["/images/", "/profile"])
def test_the_status_line_of_every_page_tells_that_the_server_does_not_answer(visit, relay, address):
    page = visit(relay.address(address))
    state, disk = page.locator("#status-state"), page.locator("#status-disk")
    expect(state).to_have_text(re.compile("Streaming|Ready"))
    relay.fall_silent()
    expect(state).to_have_text(re.compile("No response from the server|Waiting for the server"), timeout=PATIENCE_MS)
    expect(disk).to_have_text("\N{EN DASH} free")
    relay.recover()
    expect(state).to_have_text(re.compile("Streaming|Ready"), timeout=PATIENCE_MS)
    expect(disk).not_to_have_text("\N{EN DASH} free", timeout=PATIENCE_MS)


def test_older_images_that_do_not_come_can_be_asked_for_again(visit, capture_set):
    capture_set(61)
    page = visit("/images/")
    page.clock.install()
    page.route("**/api/v1/images?*cursor=*", lambda route: None)  # never answered
    with page.expect_request("**/api/v1/images?*cursor=*"):
        page.goto(f"/images/?text={capture_set.sample}")
    page.clock.fast_forward(21_000)
    expect(page.locator("#more")).to_contain_text("No response from the server within 20 s.")
    page.unroute_all()
    page.locator("#more").get_by_role("button", name="Try again").click()
    expect(page.locator("#more")).to_have_text("No older images")


@pytest.mark.parametrize("address", ["/", "/images/", "/images/bin/", "/objectives/", "/profile", "/verification/"])
def test_no_page_asks_anything_without_a_deadline(open_browser, address):
    page = open_browser("grace")
    page.add_init_script(
        """window.endless = [];
        const ask = window.fetch;
        window.fetch = (path, options) => {
            if (!options?.signal) window.endless.push(String(path));
            return ask(path, options);
        };
        for (const name of ["XMLHttpRequest", "EventSource", "WebSocket"]) {
            window[name] = class { constructor() { window.endless.push(name); } };
        }"""
    )
    page.goto(address)
    with page.expect_response("**/api/v1/storage"):
        pass
    assert page.evaluate("window.endless") == []


def test_a_picture_that_was_being_decoded_while_the_computer_slept_brings_no_numbers_back(visit, relay):
    page = visit(relay.address("/images/"))
    page.incidents.expect("ERR_EMPTY_RESPONSE")
    page.clock.install()
    page.add_init_script(
        """const decode = window.createImageBitmap;
        window.decoding = 0;
        window.createImageBitmap = async (...asked) => {
            if (window.held) {
                window.decoding += 1;
                await window.held;
                window.decoding -= 1;
            }
            return decode(...asked);
        };"""
    )
    page.goto(relay.address("/"))
    live_stage(page).wait_for()
    expect(page.locator("#focus-score")).to_have_text(re.compile(r"\d"))
    page.evaluate("() => { window.held = new Promise((free) => (window.free = free)); }")
    page.wait_for_function("() => window.decoding > 0")
    relay.fall_silent()
    page.clock.fast_forward(3_600_000)
    expect(page.locator("#focus-score")).to_have_text("\N{EN DASH}")
    page.evaluate("() => { window.free(); window.held = null; }")
    page.wait_for_function("() => window.decoding === 0")
    expect(page.locator("#stage-tag")).to_have_text(re.compile(r"^Picture (59|60|61) min old"))
    page.clock.run_for(1000)
    expect(page.locator("#focus-score")).to_have_text("\N{EN DASH}")
    relay.recover()
    live_stage(page).wait_for(timeout=PATIENCE_MS)


def test_after_the_computer_slept_the_old_picture_is_not_taken_for_a_new_one(visit, relay):
    page = visit(relay.address("/images/"))
    page.incidents.expect("ERR_EMPTY_RESPONSE")
    page.clock.install()
    page.goto(relay.address("/"))
    live_stage(page).wait_for()
    relay.fall_silent()
    page.clock.fast_forward(3_600_000)
    expect(page.locator("#stage")).not_to_have_attribute("data-state", "live")
    expect(page.locator("#stage-tag")).to_have_text(re.compile(r"^Picture (59|60|61) min old"))
    expect(page.locator("#focus-score")).to_have_text("\N{EN DASH}")
    relay.recover()
    live_stage(page).wait_for(timeout=PATIENCE_MS)
