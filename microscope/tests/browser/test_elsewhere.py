"""The live picture in other programs: the lines to copy on the live page."""

import urllib.request

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.test_accessible import violations

COPYING = {"permissions": ["clipboard-read", "clipboard-write"]}


def open_dialog(page):
    page.get_by_role("button", name="Open in another program").click()
    dialog = page.get_by_role("dialog", name="Open in another program")
    expect(dialog).to_be_visible()
    return dialog


@pytest.mark.parametrize("person", ["ada", "vera"])
def test_the_addresses_open_without_a_sign_in(watch_live, person):
    dialog = open_dialog(watch_live(person))
    expect(dialog).to_contain_text("For twelve hours")
    with urllib.request.urlopen(dialog.get_by_label("VLC, OBS").input_value(), timeout=60) as answer:
        assert answer.readline() == b"--frame\r\n"
    with urllib.request.urlopen(dialog.get_by_label("One picture (JPEG)").input_value(), timeout=60) as answer:
        assert answer.read(2) == b"\xff\xd8"


def test_a_line_is_copied(watch_live):
    page = watch_live(**COPYING)
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Copy the line for ImageJ and Fiji").click()
    expect(dialog.get_by_role("status")).to_have_text("Copied.")
    assert page.evaluate("navigator.clipboard.readText()") == dialog.get_by_label("ImageJ, Fiji").input_value()


def test_where_the_browser_lets_no_page_copy_the_line_is_selected(watch_live):
    page = watch_live()
    # Browsers give pages no clipboard over plain HTTP.
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    dialog = open_dialog(page)
    dialog.get_by_role("button", name="Copy the line of Python").click()
    expect(dialog.get_by_role("status")).to_contain_text("Press Ctrl C")
    field = dialog.get_by_label("Python with OpenCV")
    expect(field).to_be_focused()
    selected = field.evaluate("field => field.value.slice(field.selectionStart, field.selectionEnd)")
    assert selected == field.input_value() and "cv2.VideoCapture" in selected


def test_each_opening_hands_out_what_works_now_and_escape_closes_it(watch_live):
    page = watch_live()
    dialog = open_dialog(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("button", name="Open in another program")).to_be_focused()
    expect(open_dialog(page).get_by_label("VLC, OBS")).not_to_have_value("")


@pytest.mark.parametrize("kind", [{}, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing_with_the_dialog_open(watch_live, kind):
    page = watch_live(**kind)
    dialog = open_dialog(page)
    assert violations(page, "#elsewhere") == []
    box = dialog.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"]
