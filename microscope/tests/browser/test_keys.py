"""The effect of a key in the gallery depends on the focus: each test presses keys with the focus on one place."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.sight import COMPOSE


@pytest.fixture
def gallery(capture_set, visit):
    """The gallery with only this test's three images, and their numbers, newest first."""
    numbers = [image["imageId"] for image in capture_set(3)]
    page = visit(f"/images/?text={capture_set.sample}", viewport={"width": 500, "height": 420})
    expect(page.locator(".shot")).to_have_count(3)
    # A tall page, so that it can scroll in the small window.
    page.evaluate("document.querySelector('#gallery').style.minHeight = '3000px'")
    return page, numbers


def header_link(page):
    return page.locator(".bar .mark")


def focus_and_scroll_away(page, number: int) -> None:
    thumbnail = page.locator(f".shot[data-id='{number}'] a")
    thumbnail.focus()
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(thumbnail).not_to_be_in_viewport()


# Delete


def test_delete_with_the_focus_in_the_top_bar_bins_nothing(gallery, changes_of):
    page, numbers = gallery
    focus_and_scroll_away(page, numbers[0])
    header_link(page).focus()
    assert changes_of(page) == []
    page.keyboard.press("Delete")
    assert changes_of(page) == []
    expect(page.locator(".shot")).to_have_count(3)


def test_delete_with_the_focus_on_nothing_bins_nothing(gallery, changes_of):
    page, numbers = gallery
    changes_of(page)
    focus_and_scroll_away(page, numbers[0])
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Delete")
    assert changes_of(page) == []


def test_delete_in_the_filters_bins_nothing_even_of_a_selection(gallery, changes_of):
    page, _ = gallery
    changes_of(page)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.locator(".tick").first.click()
    for place in ("#text", "#format", "#filters summary >> nth=0", "#simulated"):
        page.locator(place).focus()
        page.keyboard.press("Delete")
    assert changes_of(page) == []


def test_delete_on_a_thumbnail_bins_that_one_and_goes_on_at_the_next(gallery, changes_of):
    page, numbers = gallery
    changes_of(page)
    page.locator(f".shot[data-id='{numbers[1]}'] a").focus()
    page.keyboard.press("Delete")
    expect(page.locator(".shot")).to_have_count(2)
    expect(page.locator(f".shot[data-id='{numbers[2]}'] a")).to_be_focused()
    assert changes_of(page) == ["POST /api/v1/images/bin"]


def test_delete_bins_a_selection_with_the_focus_on_nothing(gallery):
    page, numbers = gallery
    page.locator(f".shot[data-id='{numbers[0]}'] .tick").click()
    page.locator(f".shot[data-id='{numbers[2]}'] .tick").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Delete")
    expect(page.locator(".shot")).to_have_count(1)
    expect(page.locator(f".shot[data-id='{numbers[1]}']")).to_be_visible()


def test_delete_with_another_key_held_bins_nothing(gallery, changes_of):
    page, _ = gallery
    changes_of(page)
    page.locator(".shot a").first.focus()
    for modifier in ("Control", "Alt", "Shift", "Meta"):
        page.keyboard.press(f"{modifier}+Delete")
    page.locator(".shot a").first.evaluate(COMPOSE, "Delete")
    assert changes_of(page) == []


def test_delete_while_a_menu_or_the_list_of_keys_is_open_bins_nothing(gallery, changes_of):
    page, _ = gallery
    changes_of(page)
    page.locator(".tick").first.click()
    page.locator("#download-menu").evaluate("menu => { menu.open = true; }")
    page.keyboard.press("Delete")
    page.keyboard.press("Escape")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    expect(page.locator("#keys-dialog")).to_be_visible()
    page.keyboard.press("Delete")
    assert changes_of(page) == []
    expect(page.locator("#actions-count")).to_have_text("1 selected")


# Selecting and moving


def test_keys_pressed_elsewhere_neither_select_nor_move(gallery):
    page, _ = gallery
    page.set_viewport_size({"width": 1440, "height": 900})
    for place in (".bar .mark", "#account-menu summary", "#filters .clear-filters", ".select-day"):
        for key in ("Control+a", "ArrowRight", "Shift+ArrowRight", *([] if place == ".select-day" else [" "])):
            page.locator(".shot a").first.focus()
            page.locator(place).first.focus()
            page.keyboard.press(key)
            expect(page.locator(".shot :checked")).to_have_count(0)
            expect(page.locator(".shot:focus-within")).to_have_count(0)


def test_space_on_a_thumbnail_that_was_scrolled_away_brings_it_into_sight(gallery):
    page, numbers = gallery
    focus_and_scroll_away(page, numbers[0])
    page.keyboard.press(" ")
    expect(page.locator(f".shot[data-id='{numbers[0]}']")).to_be_in_viewport()
    expect(page.locator("#actions-count")).to_have_text("1 selected")


def test_space_held_down_selects_once(gallery):
    page, _ = gallery
    page.locator(".shot a").first.focus()
    for _ in range(4):
        page.keyboard.down(" ")
    page.keyboard.up(" ")
    expect(page.locator("#actions-count")).to_have_text("1 selected")


def test_an_arrow_held_down_goes_on(gallery):
    page, numbers = gallery
    page.locator(f".shot[data-id='{numbers[0]}'] a").focus()
    for _ in range(2):
        page.keyboard.down("ArrowRight")
    page.keyboard.up("ArrowRight")
    expect(page.locator(f".shot[data-id='{numbers[2]}'] a")).to_be_focused()


# Messages


def test_u_leads_to_undo_which_stays_meanwhile_and_enter_undoes(gallery):
    page, numbers = gallery
    page.clock.install()
    page.reload()
    page.locator(f".shot[data-id='{numbers[1]}'] a").focus()
    page.keyboard.press("Delete")
    undo = page.get_by_role("button", name="Undo")
    undo.wait_for()
    page.keyboard.press("u")
    expect(undo).to_be_focused()
    page.clock.run_for(60_000)
    expect(undo).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(f".shot[data-id='{numbers[1]}'] a")).to_be_focused()
    expect(page.locator(".shot")).to_have_count(3)
    expect(undo).to_have_count(0)


def test_undo_stays_while_the_pointer_is_on_it_and_then_goes(gallery):
    page, numbers = gallery
    page.clock.install()
    page.reload()
    page.locator(f".shot[data-id='{numbers[1]}'] a").focus()
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Undo").hover()
    page.clock.run_for(60_000)
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.mouse.move(480, 100)
    page.clock.run_for(7_000)
    expect(page.get_by_role("button", name="Undo")).to_have_count(0)


def test_the_number_of_selected_is_announced_once_the_keys_rest(gallery):
    page, _ = gallery
    news = page.get_by_role("status").and_(page.locator("#selection-news"))
    page.locator(".shot a").first.focus()
    page.keyboard.press(" ")
    expect(news).to_have_text("1 selected")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(news).to_have_text("3 selected")
    page.keyboard.press("Escape")
    expect(news).to_have_text("Nothing selected")
