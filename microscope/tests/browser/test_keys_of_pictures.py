"""The effect of a key on the live page and on an image's page depends on the focus."""

from playwright.sync_api import expect

from microscope.tests.browser.sight import COMPOSE, take_answers, wait_until

# The live page


USES_SPACE = ["#draw-region", "#tool-grid", "#recent-list a >> nth=0", "#recent .recent-head a", "#geometry summary"]
USES_SPACE += ["#rotation", "#objective", "#exposure", "#note", "[name=format]:checked", ".bar nav a >> nth=1"]
USES_SPACE += ["#account-menu summary", "#flip-horizontal"]


def test_space_captures_nothing_where_it_has_another_use(watch_live, bench, changes_of):
    bench.capture()
    page = watch_live()
    page.locator("#recent-list a").first.wait_for()
    changes_of(page)
    for place in USES_SPACE:
        page.locator("#geometry").evaluate("details => { details.open = true; }")
        page.locator(place).focus()
        page.keyboard.press(" ")
        page.keyboard.press("Escape")
        assert [call for call in changes_of(page) if "capture" in call] == [], place
    wait_until(page, lambda: bench.camera()["settings"]["flipHorizontal"], bool)
    bench.set_camera(flipHorizontal=False)


def test_space_captures_with_the_focus_on_what_has_no_use_for_it(watch_live):
    page = watch_live()
    for place in ("#viewport", "#exposure-slider", "body"):
        page.locator(place).focus()
        with page.expect_response("**/api/v1/camera/capture") as answer:
            page.keyboard.press(" ")
        assert answer.value.status == 201, place
        expect(page.locator("#capture")).to_have_attribute("data-state", "idle")


def test_space_captures_nothing_while_a_menu_is_open_or_another_key_is_held(watch_live, changes_of):
    page = watch_live()
    changes_of(page)
    page.locator("#account-menu").evaluate("menu => { menu.open = true; }")
    page.keyboard.press(" ")
    page.keyboard.press("Escape")
    page.locator("#viewport").focus()
    for modifier in ("Control", "Alt", "Shift", "Meta"):
        page.keyboard.press(f"{modifier}+ ")
    page.locator("#viewport").evaluate(COMPOSE, " ")
    assert changes_of(page) == []


def test_letters_pressed_elsewhere_set_nothing(watch_live, changes_of):
    page = watch_live()
    changes_of(page)
    for place in (".bar nav a >> nth=1", "#account-menu summary", "#sample", "#objective"):
        page.locator(place).focus()
        for key in ("a", "]", "g"):
            page.keyboard.press(key)
        assert changes_of(page) == [], place
        expect(page.locator("#tool-grid")).to_have_attribute("aria-pressed", "false")


def test_letters_with_another_key_held_or_while_a_menu_is_open_set_nothing(watch_live, changes_of):
    page = watch_live()
    changes_of(page)
    page.locator("#viewport").focus()
    page.locator("#viewport").evaluate(COMPOSE, "a")
    for modifier in ("Control", "Alt", "Meta"):
        page.keyboard.press(f"{modifier}+]")
    page.locator("#account-menu").evaluate("menu => { menu.open = true; }")
    page.keyboard.press("a")
    assert changes_of(page) == []


def test_an_arrow_with_alt_is_left_to_the_browser_on_an_enlarged_picture(watch_live):
    page = watch_live()
    page.keyboard.press("1")
    expect(page.locator("#zoom")).to_have_text("100 %")
    is_left = """element => element.dispatchEvent(
        new KeyboardEvent("keydown", { key: "ArrowLeft", altKey: true, bubbles: true, cancelable: true }))"""
    assert page.locator("#viewport").evaluate(is_left)


def test_escape_in_a_field_leaves_a_region_that_is_being_drawn(watch_live):
    page = watch_live()
    page.locator("#geometry").evaluate("details => { details.open = true; }")
    page.locator("#draw-region").click()
    page.locator("#note").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#region")).to_be_visible()
    page.locator("#region").focus()
    page.keyboard.press("Escape")
    expect(page.locator("#region")).to_be_hidden()


# The page of an image


def test_arrows_pressed_elsewhere_do_not_leave_the_image(capture_set, visit):
    numbers = [image["imageId"] for image in capture_set(3)]
    page = visit(f"/images/{numbers[1]}/?text={capture_set.sample}")
    page.locator("#tools").wait_for()
    for place in ("[name=histogram-scale]:checked", ".bar .mark", "#account-menu summary"):
        page.locator(place).focus()
        page.keyboard.press("ArrowRight")
        take_answers(page)
        assert f"/images/{numbers[1]}/" in page.url, place
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/images/{numbers[2]}/**")


def test_arrows_leave_the_image_also_with_the_focus_on_the_picture(capture_set, visit):
    numbers = [image["imageId"] for image in capture_set(2)]
    page = visit(f"/images/{numbers[0]}/?text={capture_set.sample}")
    page.locator("#viewer .openseadragon-canvas[tabindex='0']").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(f"**/images/{numbers[1]}/**")


def test_escape_ends_measuring_before_it_leaves_the_image_and_in_a_field_neither(capture_set, visit):
    number = capture_set(1)[0]["imageId"]
    page = visit(f"/images/{number}/")
    page.locator("#tools").wait_for()
    page.keyboard.press("m")
    page.keyboard.press("e")
    page.locator("#note").fill("half a wo")
    page.locator("#note").evaluate(COMPOSE, "Escape")
    expect(page.locator("#note")).to_have_value("half a wo")
    page.keyboard.press("Escape")
    expect(page.locator("#edit-form")).to_be_hidden()
    expect(page.locator("#measure-part")).to_be_visible()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Escape")
    expect(page.locator("#measure-part")).to_be_hidden()
    page.keyboard.press("Escape")
    page.wait_for_url("**/images/")
