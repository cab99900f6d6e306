import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.sight import live_stage, pixels, wait_for_change, wait_until


@pytest.fixture
def unplugged(bench, watch_live):
    """The live page after the camera was unplugged. It is plugged in again after the test."""
    page = watch_live()
    page.incidents.expect("503 GET .*/camera/live", "status of 503 .*/camera/live", "503 POST .*/camera/capture")
    page.incidents.expect("503 PATCH .*/camera/settings", "status of 503 .*/camera/(settings|capture)")
    bench.unplug()
    page.locator("#stage[data-state=lost]").wait_for()
    yield page
    bench.replug()
    wait_until(page, lambda: bench.camera()["cause"], lambda cause: cause is None)


def test_a_lost_camera_greys_the_picture_and_says_since_when_and_why(unplugged):
    page = unplugged
    card = page.locator("#stage-card")
    expect(card.get_by_role("heading")).to_have_text("Camera lost")
    expect(card).to_contain_text("The simulated camera was unplugged.")
    expect(card).to_contain_text(re.compile(r"Since \d\d:\d\d:\d\d, \d+ seconds? ago"))
    expect(page.locator("#stage-tag")).to_have_text(re.compile(r"^Last frame, \d\d:\d\d:\d\d$"))
    assert len(set(pixels(page.locator("#picture")))) > 20  # the last frame stays, in grey
    assert "grayscale" in page.locator("#picture-place").evaluate("place => getComputedStyle(place).filter")
    expect(page.locator("#status-state")).to_have_text(re.compile(r"^Camera lost since \d\d:\d\d:\d\d$"))


def test_capture_tells_that_the_camera_is_lost_and_what_was_typed_stays(unplugged):
    page = unplugged
    expect(page.locator("#capture")).to_be_disabled()
    expect(page.locator("#capture-hint")).to_have_text("No camera. You can capture again when it is back.")
    expect(page.locator("#exposure")).to_be_disabled()
    page.locator("#sample").fill("Typed meanwhile")
    expect(page.locator("#sample")).to_have_value("Typed meanwhile")


def test_it_comes_back_by_itself(unplugged, bench):
    page = unplugged
    bench.replug()
    live_stage(page).wait_for()
    expect(page.locator("#stage-card")).to_be_hidden()
    expect(page.locator("#slot-result")).to_have_text(re.compile(r"Camera back after \d+ s"))
    wait_for_change(page)
    page.locator("#capture").click()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")


def test_try_now_does_not_wait_for_the_next_try(unplugged, bench):
    page = unplugged
    bench.replug()
    page.get_by_role("button", name="Try now").click()
    live_stage(page).wait_for()
