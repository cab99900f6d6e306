"""The control line in each of its states, its dialogs, and the panel while somebody else controls the camera."""

import json
import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.control_states import Told, ask, free, held, holder, mine, moment, notice
from microscope.tests.browser.sight import live_stage, scrolls_sideways, wait_until
from microscope.tests.browser.test_accessible import violations

TAGS = "<img src=nowhere onerror=alert(1)></script><b>"
JOB = {"id": 41, "name": "Wound 3, HeLa", "state": "running", "secondsToNext": 3600.0}
HELD_BY_JOB = {"kind": "job", "note": "", "job": JOB, "holder": holder(label="job 41")}
OWN_SCRIPT = held(
    {"mayAsk": False, "mayTake": True}, isOwn=True, kind="script", note="", holder=holder(label="night_scan.py")
)
UNKEPT = {"isKept": False, "until": None, "note": ""}
# state, what the line says, its buttons
STATES = {
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
    "your own script": (OWN_SCRIPT, r"^Your script night_scan\.py controls .* Last call \d+ s ago", "Take it back"),
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
    "denied": (
        held(notice=notice("denied", byName="Ada Lovelace", text="In 5 minutes")),
        r"^Ada Lovelace keeps control: In 5 minutes\.$",
        "Close",
    ),
}


@pytest.fixture
def told(visit):
    """told(control) opens the live page, or another one, and the server says this of control."""

    def go(control, address="/", **kind):
        page = visit("/profile", **kind)
        page.told = Told(page, control)
        page.goto(address)
        if address == "/":
            live_stage(page).wait_for()
        return page

    return go


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


@pytest.mark.parametrize("name", STATES)
def test_the_line_says_who_why_and_until_when_and_what_one_can_do(told, name):
    control, words, acts = STATES[name]
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
    assert sent_by(page, "/ask", dialog.get_by_role("button", name="Ask").click) == {"message": "two pictures"}
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
    told_by_act = held()
    refusal = {"statusCode": 409, "code": "control_held", "message": "Ada Lovelace controls the camera.", "errors": {}}
    answer = {**refusal, "control": told_by_act}
    page.route("**/api/v1/camera/settings", lambda route: route.fulfill(status=409, json=answer))
    page.told.say(held())  # what the server says from now on; the page has not asked yet, or has just been told
    page.evaluate("document.getElementById('settings').disabled = false")
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


@pytest.mark.parametrize("name", ["you keep control", "nobody answers", "you are asked", "a job", "taken"])
def test_axe_finds_nothing_in_the_line_and_the_panel(told, name):
    page = told(STATES[name][0])
    expect(page.locator(".control-text")).to_be_visible()
    assert violations(page) == []


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


@pytest.mark.parametrize("width", [360, 390])
def test_a_phone_has_two_lines_and_one_button(told, width):
    page = told(free(), **{**PHONE, "viewport": {"width": width, "height": 740}})
    before = page.locator("#viewport").bounding_box()
    for control, _, _ in STATES.values():
        page.told.say(control)
        page.wait_for_function("() => document.querySelector('.control-said')")
        assert page.locator(".control-said > :is(button, a):not(.control-text):visible").count() == 1
        assert not scrolls_sideways(page)
        page.told.say(free())
        expect(page.locator(".control-said")).to_have_count(0)
    assert page.locator("#viewport").bounding_box() == before
    assert page.locator("#control-line").bounding_box()["height"] == 52


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
