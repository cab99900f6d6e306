"""The dialogs about control, and the toast of whoever is asked on another page."""

import json
import re

import pytest
from playwright.sync_api import expect

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
from microscope.tests.browser.test_accessible import violations

TAGS = "<img src=nowhere onerror=alert(1)></script><b>"


def sent_by(page, address: str, act) -> dict:
    """Carry `act` out and return what the page sends to the address, which answers that all is well."""
    page.route(f"**/api/v1/control{address}", lambda route: route.fulfill(status=200, json={}))
    with page.expect_request(f"**/api/v1/control{address}") as sent:
        act()
    return json.loads(sent.value.post_data or "{}")


def test_asking_carries_the_message(told):
    page = told(held())
    page.get_by_role("button", name="Ask for control…").click()
    dialog = page.get_by_role("dialog", name="Ask Ada for control")
    dialog.get_by_label("Why, and for how long").fill("two pictures")
    assert sent_by(page, "/ask", dialog.get_by_role("button", name="Ask").click) == {
        "message": "two pictures",
        "queue": True,
    }
    expect(dialog).to_be_hidden()


def test_not_now_names_a_time(told):
    page = told(mine(ask=ask()))
    page.get_by_role("button", name="Ben Osei asks for control").click()
    asked = page.get_by_role("dialog", name="Ben Osei asks for control")
    expect(asked).to_contain_text("“two pictures”")
    expect(asked.get_by_role("button", name="Not now…")).to_be_focused()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Tell Ben when")
    dialog.get_by_label(re.compile(r"In 15 minutes, at \d\d:\d\d")).check()
    dialog.get_by_label("Your own words").fill("after this series")
    told_ben = sent_by(page, "/answer", dialog.get_by_role("button", name="Tell Ben").click)
    assert told_ben["give"] is False
    assert re.fullmatch(r"In 15 minutes, at \d\d:\d\d: after this series", told_ben["message"])
    expect(asked).to_be_hidden()


def test_a_question_that_was_taken_back_closes_its_dialogs(told):
    page = told(mine(ask=ask()))
    page.get_by_role("button", name="Not now…").click()
    expect(page.get_by_role("dialog", name="Tell Ben when")).to_be_visible()
    page.told.say(mine())
    expect(page.get_by_role("dialog", name="Tell Ben when")).to_be_hidden()


def test_control_is_kept_until_a_time_of_ones_choice(told):
    page = told(mine(**UNKEPT, secondsToFree=72.0))
    page.get_by_role("button", name="Keep it…").click()
    dialog = page.get_by_role("dialog", name="Keep control")
    dialog.get_by_label("Time, as the clock of the lab").fill(moment(60)[11:16])
    dialog.get_by_label("What for").fill("focus series")
    kept = sent_by(page, "", dialog.get_by_role("button", name="Keep control").click)
    assert kept["note"] == "focus series"
    assert 58 <= kept["minutes"] <= 60


def test_a_manager_takes_control_with_a_reason_and_the_safe_button_has_the_focus(told):
    page = told(held({"mayTakeOver": True}, **HELD_BY_JOB), person="grace")
    page.get_by_role("button", name="Take control…").click()
    dialog = page.get_by_role("dialog", name="Take control from Ada's job?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    expect(dialog).to_contain_text("The job pauses.")
    dialog.get_by_role("button", name="Take control").click()
    expect(dialog).to_be_visible()  # without a reason the browser holds it back
    dialog.get_by_label("Reason, Ada reads it").fill("sample change")
    dialog.get_by_label("At once, the picture in progress is lost").check()
    taken = sent_by(page, "/take", dialog.get_by_role("button", name="Take control").click)
    assert taken == {"reason": "sample change", "afterPicture": False, "fence": 7}


def test_a_refusal_stands_in_the_dialog_and_brings_the_line_up_to_date(told):
    page = told(held())
    page.incidents.expect("409")
    sentence = "Ben Osei has asked already."
    refusal = {"statusCode": 409, "code": "asked_by_other", "message": sentence, "errors": {}}
    page.route("**/api/v1/control/ask", lambda route: route.fulfill(status=409, json=refusal))
    page.get_by_role("button", name="Ask for control…").click()
    page.get_by_role("dialog").get_by_role("button", name="Ask").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_have_text(sentence)


def test_a_refused_setting_says_whose_the_camera_is_at_once(told):
    page = told(free())
    page.incidents.expect("409")
    refusal = {"statusCode": 409, "code": "control_held", "message": "Ada Lovelace controls the camera.", "errors": {}}
    answer = {**refusal, "control": held()}

    def refuse(route):
        page.told.let_be(held())  # Ada took control a moment ago, and the page has not asked since
        route.fulfill(status=409, json=answer)

    page.route("**/api/v1/camera/settings", refuse)
    page.locator("#exposure").fill("33")
    page.locator("#exposure").press("Enter")
    expect(page.locator("#exposure-note")).to_have_text("Ada Lovelace controls the camera.")
    expect(page.locator(".control-text")).to_contain_text("Ada Lovelace controls the camera until")


def test_on_another_page_a_toast_stays_until_it_is_answered(told):
    page = told(mine(ask=ask(message="two pictures")), "/images/")
    toast = page.locator(".toast-asked")
    expect(toast).to_contain_text("Ben Osei asks for control")
    expect(toast).to_contain_text("two pictures")
    toast.get_by_role("button", name="Not now…").click()
    expect(page.get_by_role("dialog", name="Tell Ben when")).to_be_visible()
    page.keyboard.press("Escape")
    assert sent_by(page, "/answer", toast.get_by_role("button", name="Give").click) == {"give": True}
    page.told.say(held())
    expect(toast).to_have_count(0)


def test_labels_notes_and_messages_are_shown_as_text(told):
    hostile = {
        "holder": holder(f"Mallory {TAGS}", f"x{TAGS}"),
        "note": f"note{TAGS}",
        "watcherNames": [f"watcher{TAGS}"],
    }
    page = told(held(**hostile))
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    for control in (
        held(**hostile),
        held(**hostile, kind="script"),
        mine(**hostile, ask=ask(name=f"Ben{TAGS}", message=f"message{TAGS}")),
        held(**hostile, notice=notice("taken", byName=f"Grace{TAGS}", text=f"reason{TAGS}")),
    ):
        page.told.say(control)
        page.wait_for_function("tags => document.querySelector('.control-text')?.textContent.includes(tags)", arg=TAGS)
        assert page.locator("#control-line :is(img, b, script)").count() == 0
    page.goto("/images/")
    page.told.say(mine(ask=ask(name=f"Ben{TAGS}", message=f"message{TAGS}")))
    expect(page.locator(".toast-asked")).to_contain_text(f"message{TAGS}")
    assert page.locator(".toast-asked :is(img, b, script)").count() == 0


def test_axe_finds_nothing_in_the_dialogs_and_in_the_toast(told):
    page = told(held({"mayTakeOver": True}))
    for name, control in (
        ("Ask for control…", held({"mayTakeOver": True})),
        ("Take control…", held({"mayTakeOver": True})),
        ("Keep it…", mine(**UNKEPT, secondsToFree=72.0)),
        ("Ben Osei asks", mine(ask=ask())),
        ("Not now…", mine(ask=ask())),
    ):
        page.told.say(control)
        page.locator("#control-line").get_by_role("button", name=name).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == [], name
        page.keyboard.press("Escape")
    page.goto("/images/")
    page.told.say(mine(ask=ask()))
    expect(page.locator(".toast-asked")).to_be_visible()
    assert violations(page) == []


def test_everything_is_done_by_keyboard(told):
    page = told(held())
    page.get_by_role("button", name="Ask for control…").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Ask Ada for control")
    expect(dialog.get_by_label("Why, and for how long")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Ask for control…")).to_be_focused()
    page.told.say(mine())
    expect(page.get_by_role("button", name="Longer…")).to_be_focused()  # the focus stays in the line
