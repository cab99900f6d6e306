import re

from playwright.sync_api import expect

from microscope.tests.browser.sight import brightness, fingerprint, pixels, wait_for_change, wait_until


def test_the_picture_lives_and_its_numbers_with_it(watch_live):
    page = watch_live()
    wait_for_change(page)
    wait_for_change(page)
    expect(page.locator("#status-fps")).to_have_text(re.compile(r"^\d+\.\d$"))
    expect(page.locator("#focus-score")).to_have_text(re.compile(r"^\d"))
    expect(page.locator("#share-clipped")).to_have_text(re.compile("%$"))
    expect(page.locator("#status-state")).to_have_text("Streaming")
    assert len(set(pixels(page.locator("#histogram")))) > 2


def test_the_brightness_follows_the_exposure(watch_live):
    page = watch_live()
    picture = page.locator("#picture")
    before = brightness(picture)
    set_exposure(page, "2")
    wait_until(page, lambda: brightness(picture), lambda value: value < 0.6 * before)
    set_exposure(page, "40")
    wait_until(page, lambda: brightness(picture), lambda value: value > 1.8 * before)


def set_exposure(page, value: str) -> None:
    page.locator("#exposure").fill(value)
    page.locator("#exposure").press("Enter")


def test_what_the_camera_accepted_stands_in_the_field(watch_live, bench):
    page = watch_live()
    set_exposure(page, "12.344")
    expect(page.locator("#exposure-note")).to_have_text("Asked 12.344, the camera took 12.34")
    expect(page.locator("#exposure")).to_have_value("12.34")
    assert bench.camera()["settings"]["exposure"] == 12.34


def test_beyond_the_limits_the_old_value_stays_in_force_and_the_limits_are_told(watch_live, bench):
    page = watch_live()
    set_exposure(page, "20000")
    expect(page.locator("#exposure-note")).to_contain_text("10000")
    expect(page.locator("#exposure")).to_have_attribute("aria-invalid", "true")
    assert bench.camera()["settings"]["exposure"] == 10


def test_the_slider_goes_by_the_keyboard_and_the_camera_follows(watch_live, bench):
    page = watch_live()
    page.locator("#exposure-slider").focus()
    page.keyboard.press("End")
    expect(page.locator("#exposure")).to_have_value("10000")
    page.keyboard.press("Home")
    expect(page.locator("#exposure")).to_have_value("0.02")
    wait_until(page, lambda: bench.camera()["settings"]["exposure"], lambda value: value == 0.02)


def test_a_key_is_a_third_of_a_stop(watch_live, bench):
    page = watch_live()
    for _ in range(3):
        page.keyboard.press("]")
    wait_until(page, lambda: bench.camera()["settings"]["exposure"], lambda value: abs(value - 20) < 0.05)
    expect(page.locator("#exposure")).to_have_value(re.compile(r"^(19\.9|20\.0)"))


def test_auto_exposure_says_what_it_set(watch_live, bench):
    bench.set_camera(exposure=0.5)
    page = watch_live()
    page.keyboard.press("a")
    expect(page.locator("#exposure-note")).to_have_text(re.compile(r"^Auto set [\d.]+ ms$"))
    said = float(re.search(r"[\d.]+", page.locator("#exposure-note").inner_text())[0])
    assert said > 1
    assert abs(bench.camera()["settings"]["exposure"] - said) < 0.01
    assert abs(float(page.locator("#exposure").input_value()) - said) < 0.01


def test_zoom_and_overlays_go_by_key_and_button(watch_live):
    page = watch_live()
    page.keyboard.press("1")
    expect(page.locator("#zoom")).to_have_text("100 %")
    page.keyboard.press("f")
    expect(page.locator("#tool-fit")).to_have_attribute("aria-pressed", "true")
    empty = fingerprint(page.locator("#overlay"))
    page.get_by_role("button", name="Crosshair").click()
    assert fingerprint(page.locator("#overlay")) != empty
    page.keyboard.press("x")
    assert fingerprint(page.locator("#overlay")) == empty


def test_clipped_pixels_are_painted_where_there_are_any(watch_live, bench):
    bench.set_camera(exposure=200)
    page = watch_live()
    page.keyboard.press("c")
    expect(page.locator("#clipped-legend")).to_be_visible()
    painted = page.locator("#clipped-pixels")
    wait_until(page, lambda: pixels(painted), lambda values: max(values[0::3]) > 200 > 100 > min(values[1::3]))
    expect(page.locator("#legend-clipped")).to_have_text(re.compile("[1-9].*%"))


def test_a_viewer_watches_and_has_no_capture_button(watch_live):
    page = watch_live("vera")
    wait_for_change(page)
    expect(page.locator("#capture")).to_be_hidden()
    expect(page.get_by_text("Viewers can watch but not capture.")).to_be_visible()
    expect(page.locator("#exposure")).to_be_disabled()
    expect(page.get_by_role("link", name="Bin")).to_have_count(0)
    page.keyboard.press(" ")
    expect(page.locator("#slot-result")).to_be_empty()


def test_all_that_a_capture_needs_is_in_sight_at_a_desk_without_scrolling(watch_live):
    page = watch_live()
    for name in (
        "histogram",
        "exposure",
        "auto-exposure",
        "gain-slider",
        "objective",
        "quality",
        "sample",
        "note",
        "capture",
    ):
        expect(page.locator(f"#{name}")).to_be_in_viewport(ratio=1)
    expect(page.get_by_text("PNG", exact=True)).to_be_in_viewport(ratio=1)
    expect(page.locator("#geometry summary")).to_be_in_viewport(ratio=1)
