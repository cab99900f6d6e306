"""The control line in each of its states, and the panel while somebody else controls the camera."""

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.control_states import (
    HELD_BY_JOB,
    UNKEPT,
    ask,
    free,
    held,
    holder,
    mine,
    moment,
    notice,
)
from microscope.tests.browser.sight import live_stage, scrolls_sideways, wait_until
from microscope.tests.browser.test_accessible import violations


def states() -> dict[str, tuple[dict[str, Any], str, str]]:
    """Each state, what the line says, and its buttons. The times in them count from now."""
    own_script = held(
        {"mayAsk": False, "mayTake": True}, isOwn=True, kind="script", note="", holder=holder(label="night_scan.py")
    )
    return {
        "you control": (
            mine(**UNKEPT, secondsToFree=72.0),
            "You control the camera. It becomes free in",
            "Keep it…, Release",
        ),
        "you keep control": (mine(), "You control the camera until .*: focus series$", "Longer…, Release"),
        "another controls": (held(), "Ada Lovelace controls the camera until .*: focus series$", "Ask for control…"),
        "another, for a manager": (held({"mayTakeOver": True}), "Ada Lovelace", "Take control…, Ask for control…"),
        "you asked": (
            held({"mayAsk": False}, ask=ask(isMine=True)),
            r"You asked Ada Lovelace for control\. No answer for 1:",
            "Withdraw",
        ),
        "you stand in line": (
            held({"mayAsk": False}, ask=ask(isMine=True, place=2, inLine=3)),
            r"^You asked Ada Lovelace for control\. You are No\. 2 in line\.$",
            "Withdraw",
        ),
        "nobody answers": (
            held({"mayAsk": False, "mayTake": True}, ask=ask(isMine=True), isAway=True),
            "Ada is away.$",
            "Withdraw, Take control",
        ),
        "you are asked": (mine(ask=ask()), "^Ben Osei asks for control: two pictures$", "Not now…, Give control"),
        "a job": (
            held(**HELD_BY_JOB),
            "^Ada's job Wound 3, HeLa controls the camera until .* Next picture in",
            "Ask Ada…, Open the job",
        ),
        "your own job": (
            held({"mayAsk": False}, isOwn=True, **HELD_BY_JOB),
            "^Your job Wound 3, HeLa controls",
            "Pause, Open the job",
        ),
        "your own script": (own_script, r"^Your script night_scan\.py controls .* Last call \d+ s ago", "Take it back"),
        "ended": (
            free(notice=notice("ended", text="this page was away for 90 s")),
            r"^Your control ended at \S+: this page was away for 90 s\. The camera is free\.$",
            "Close",
        ),
        "taken": (
            held(notice=notice("taken", text="sample change", jobId=41)),
            r"^Grace Hopper took control at \S+: sample change\. Your job is paused\.$",
            "Open the job, Close",
        ),
        "taken from a job": (
            held(notice=notice("taken", text="sample change", jobId=41, pictureNumber=1118)),
            r"^Grace Hopper took control at \S+: sample change\. Your job is paused after No\. 1,118\.$",
            "Open the job, Close",
        ),
        "denied": (
            held(notice=notice("denied", byName="Ada Lovelace", text="In 5 minutes")),
            r"^Ada Lovelace keeps control: In 5 minutes\.$",
            "Close",
        ),
    }


def text_of(page) -> str:
    return page.locator(".control-text .control-wide").inner_text()


def acts_of(page) -> str:
    buttons = page.locator(".control-said > :is(.control-act, .control-close):visible").all()
    return ", ".join(button.get_attribute("aria-label") or button.inner_text() for button in buttons)


def test_an_answer_is_over_when_its_holder_has_control_anew(told):
    denied = notice("denied", byName="Ada Lovelace", at=moment(-1))
    page = told(held(notice=denied, since=moment(-5)))
    expect(page.locator(".control-text")).to_contain_text("Ada Lovelace keeps control")
    page.told.say(held(notice=denied, since=moment(-0.5)))
    expect(page.locator(".control-text")).to_contain_text("Ada Lovelace controls the camera")


@pytest.mark.parametrize("name", states())
def test_the_line_says_who_why_and_until_when_and_what_one_can_do(told, name):
    control, words, acts = states()[name]
    page = told(control)
    expect(page.locator(".control-text")).to_be_visible()
    assert re.search(words, text_of(page)), text_of(page)
    assert acts_of(page) == acts


def test_the_picture_does_not_move_when_the_line_comes_and_goes(told):
    page = told(free())
    before = page.locator("#viewport").bounding_box()
    capture = page.locator("#capture").bounding_box()
    assert page.locator(".control-said").count() == 0
    page.told.say(held())
    expect(page.locator(".control-text")).to_be_visible()
    expect(page.locator("#capture")).to_contain_text("Keep this picture")
    assert page.locator("#viewport").bounding_box() == before
    assert page.locator("#capture").bounding_box() == capture


def test_where_one_account_alone_exists_line_and_place_are_absent(told):
    page = told(free(isAlone=True))
    expect(page.locator("#control-line")).to_be_hidden()
    expect(page.locator("#control-row")).to_be_hidden()
    assert page.locator("#stage").bounding_box()["y"] == page.locator(".bar").bounding_box()["height"]


def test_the_seconds_count_and_the_buttons_stay(told):
    page = told(mine(**UNKEPT, secondsToFree=500.0))
    button = page.get_by_role("button", name="Keep it…")
    button.focus()
    first = text_of(page)
    wait_until(page, lambda: text_of(page), lambda now: now != first)
    expect(button).to_be_focused()


def test_who_watches_is_a_list_of_names(told):
    page = told(held())
    page.locator(".control-watchers summary").click()
    expect(page.locator(".control-watchers li")).to_have_text(["Ada Lovelace", "Ben Osei"])
    page.keyboard.press("Escape")
    expect(page.locator(".control-watchers li").first).to_be_hidden()


def test_a_closed_notice_stays_closed_after_a_reload(told):
    ended = notice("ended")
    page = told(free(notice=ended))
    page.get_by_role("button", name="Close").click()
    expect(page.locator(".control-said")).to_have_count(0)
    page.reload()
    live_stage(page).wait_for()
    page.told.say(held(notice=ended))
    expect(page.locator(".control-text")).to_contain_text("Ada Lovelace controls")
    page.told.say(held(notice=notice("taken", number=18)))
    expect(page.locator(".control-text")).to_contain_text("Grace Hopper took control")


def test_while_another_controls_the_settings_are_text_and_say_whose(told):
    page = told(free())
    expect(page.locator("#exposure")).to_be_enabled()
    page.told.say(held())
    expect(page.locator("#control-row")).to_have_text(re.compile(r"Ada sets the camera until \d\d:\d\d\."))
    expect(page.get_by_role("group", name="Camera settings")).to_have_accessible_description(re.compile("Ada sets"))
    for selector in ("#exposure", "#gain", "#exposure-slider", "#objective", "#roi-left"):
        expect(page.locator(selector)).to_be_disabled()
    expect(page.locator("#auto-exposure")).to_be_hidden()
    expect(page.locator("#white-balance")).to_be_hidden()
    expect(page.locator("#white-balance-note")).to_have_text(re.compile(r"^R \d"))
    for selector in ("#sample", "#note", "#quality"):
        expect(page.locator(selector)).to_be_enabled()


def test_what_was_being_typed_gives_way_to_the_value_in_force(told):
    page = told(free())
    field = page.locator("#exposure")
    expect(field).to_have_value("10.00")
    in_force = field.input_value()
    field.press_sequentially("77")
    page.told.say(held())
    expect(field).to_have_value(in_force)


def test_control_that_passes_to_the_page_is_said_once(told):
    page = told(held())
    slot = page.locator("#slot-result")
    expect(page.locator("#control-row")).to_contain_text("Ada sets")
    page.told.say(mine())
    expect(slot).to_have_text("You control the camera.")
    expect(page.locator("#exposure")).to_be_enabled()
    page.told.say(held())
    expect(slot).to_be_empty()


def test_without_a_live_picture_there_is_nothing_to_keep(told):
    page = told(held({"mayKeepPicture": False}))
    expect(page.locator("#capture")).to_be_disabled()
    expect(page.locator("#capture")).to_contain_text("Keep this picture")
    expect(page.locator("#capture-hint")).to_have_text("No live picture to keep.")


@pytest.mark.parametrize("name", ["you keep control", "nobody answers", "you are asked", "a job", "taken"])
def test_axe_finds_nothing_in_the_line_and_the_panel(told, name):
    page = told(states()[name][0])
    expect(page.locator(".control-text")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_has_two_lines_and_one_button(told, width):
    page = told(free(), **{**PHONE, "viewport": {"width": width, "height": 740}})
    before = page.locator("#viewport").bounding_box()
    for control, _, _ in states().values():
        page.told.say(control)
        page.wait_for_function("() => document.querySelector('.control-said')")
        assert page.locator(".control-said > :is(button, a):not(.control-text):visible").count() == 1
        assert not scrolls_sideways(page)
        page.told.say(free())
        expect(page.locator(".control-said")).to_have_count(0)
    assert page.locator("#viewport").bounding_box() == before
    assert page.locator("#control-line").bounding_box()["height"] == 52
