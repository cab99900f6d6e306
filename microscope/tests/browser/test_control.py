"""Control with the real server: it passes between browsers, and nobody is disturbed who watches."""

import re
import time
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import fill_in
from microscope.tests.browser.control_states import LOOK_AGAIN

TAGS = "<img src=nowhere onerror=alert(1)><b>"


@pytest.fixture(autouse=True)
def free(bench, steady):
    """Nobody controls the camera before and after the test."""
    yield
    bench.free_camera()


@pytest.fixture
def both(watch_live):
    """The live pages of ada, who keeps control, and of linus, who sees it."""
    ada, linus = watch_live("ada"), watch_live("linus")
    set_exposure(ada, "25")
    said(ada, "You control the camera. It becomes free in")
    keep(ada, "focus series")
    linus.evaluate(LOOK_AGAIN)
    said(linus, "ada controls the camera until")
    return ada, linus


def set_exposure(page, value: str) -> None:
    page.locator("#exposure").fill(value)
    page.locator("#exposure").press("Enter")


def said(page, words: str) -> None:
    """Wait until the line of the page begins with these words."""
    expect(page.locator(".control-text .control-wide")).to_have_text(re.compile(f"^{re.escape(words)}"))


def press(page, name: str) -> None:
    """Press a button of the control line, and wait until the server has answered."""
    line = page.locator("#control-line")
    line.get_by_role("button", name=name).click()
    expect(line.locator("[aria-busy=true]")).to_have_count(0)


def keep(page, note: str) -> None:
    press(page, "Keep it…")
    dialog = page.get_by_role("dialog", name="Keep control")
    dialog.get_by_label("What for").fill(note)
    dialog.get_by_role("button", name="Keep control").click()
    said(page, "You control the camera until")


def ask(page, message: str = "two pictures") -> None:
    press(page, "Ask for control…")
    dialog = page.get_by_role("dialog", name="for control")
    dialog.get_by_label("Why, and for how long").fill(message)
    dialog.get_by_role("button", name="Ask").click()
    expect(dialog).to_be_hidden()


def test_control_is_asked_for_and_given_and_comes_back(both, bench):
    ada, linus = both
    expect(linus.locator("#exposure")).to_be_disabled()
    ask(linus)
    said(linus, "You asked ada for control. No answer for")
    said(ada, "linus asks for control: two pictures")
    press(ada, "Give control")
    expect(linus.locator("#slot-result")).to_have_text("You control the camera.")
    set_exposure(linus, "33")
    expect(ada.locator("#exposure")).to_have_value("33.00")
    expect(ada.locator("#exposure")).to_be_disabled()
    said(ada, "linus controls the camera")
    ask(ada, "mine again")
    said(linus, "ada asks for control: mine again")
    press(linus, "Give control")
    expect(ada.locator("#slot-result")).to_have_text("You control the camera.")
    assert bench.camera()["settings"]["exposure"] == pytest.approx(33, abs=0.1)


def test_a_hand_over_is_asked_for_so_often_that_it_is_seen_within_two_seconds(both):
    """The pages of watcher and holder ask for the state at least each 2 s while somebody controls the camera."""
    for page in both:
        begun = []
        page.on(
            "request", lambda one, begun=begun: one.url.endswith("/api/v1/camera") and begun.append(time.monotonic())
        )
        # On a busy machine one answer or another takes long.
        for _ in range(30):
            with page.expect_response("**/api/v1/camera"):
                pass
            if any(later - earlier < 2 for earlier, later in pairwise(begun)):
                break
        assert any(later - earlier < 2 for earlier, later in pairwise(begun))


def test_not_now_tells_the_asker_when(both):
    ada, linus = both
    ask(linus)
    said(ada, "linus asks for control")
    press(ada, "Not now…")
    dialog = ada.get_by_role("dialog", name="Tell linus when")
    dialog.get_by_label("Your own words").fill("two planes are left")
    dialog.get_by_role("button", name="Tell linus").click()
    said(ada, "You control the camera until")
    said(linus, "ada keeps control: In 5 minutes, at")
    expect(linus.locator(".control-text .control-wide")).to_contain_text("two planes are left.")
    press(linus, "Close")
    said(linus, "ada controls the camera until")


def test_an_ask_is_withdrawn(both):
    ada, linus = both
    ask(linus)
    said(ada, "linus asks for control")
    press(linus, "Withdraw")
    said(linus, "ada controls the camera until")
    said(ada, "You control the camera until")


def test_the_holder_is_asked_on_every_other_page(both):
    ada, linus = both
    ada.goto("/images/")
    ask(linus)
    toast = ada.locator(".toast-asked")
    expect(toast).to_contain_text("linus asks for control")
    toast.get_by_role("button", name="Give").click()
    expect(toast).to_have_count(0)
    expect(linus.locator("#slot-result")).to_have_text("You control the camera.")


def test_who_watches_keeps_the_picture_with_the_same_key_and_changes_nothing(both, bench):
    ada, linus = both
    before = bench.camera()["settings"]
    expect(linus.locator("#capture")).to_contain_text("Keep this picture")
    expect(linus.locator("#capture-hint")).to_contain_text("The next frame, as ada has set the camera.")
    linus.locator("#stage").click()
    linus.keyboard.press(" ")
    expect(linus.locator("#slot-result")).to_contain_text("Safe on disk")
    number = re.search(r"\d+", linus.locator("#slot-result a").get_attribute("href"))[0]
    image = bench.image(int(number))
    assert image["exposureTime"] == before["exposure"]
    assert bench.camera()["settings"] == before
    said(ada, "You control the camera until")


def test_released_control_leaves_the_place_empty(both):
    ada, linus = both
    press(ada, "Release")
    for page in both:
        expect(page.locator(".control-said")).to_have_count(0)
        expect(page.locator("#exposure")).to_be_enabled()
    assert linus.locator("#control-line").bounding_box()["height"] == 36


def test_whoever_signs_out_has_no_control_any_more(both, open_browser):
    """At whichever of their browsers: what they leave behind must not hold others up."""
    _, linus = both
    elsewhere = open_browser()  # a sign-in of its own, so that that of other tests lives on
    elsewhere.goto("/sign-in?next=/profile")
    fill_in(elsewhere, "ada")
    elsewhere.wait_for_url("**/profile")
    elsewhere.locator("summary").filter(has_text="ada").or_(elsewhere.locator(".avatar")).first.click()
    elsewhere.get_by_role("button", name="Sign out").click()
    expect(linus.locator(".control-said")).to_have_count(0)
    expect(linus.locator("#exposure")).to_be_enabled()


def test_a_manager_takes_control_with_a_reason_that_the_holder_reads(both, watch_live):
    ada, linus = both
    grace = watch_live("grace")
    said(grace, "ada controls the camera until")
    press(grace, "Take control…")
    dialog = grace.get_by_role("dialog", name="Take control from ada?")
    dialog.get_by_label("Reason, ada reads it").fill("sample change")
    dialog.get_by_role("button", name="Take control").click()
    expect(grace.locator("#slot-result")).to_have_text("You control the camera.")
    said(ada, "grace took control at")
    expect(ada.locator(".control-text .control-wide")).to_contain_text(": sample change.")
    expect(ada.locator("#exposure")).to_be_disabled()
    said(linus, "grace controls the camera")
    press(ada, "Close")
    said(ada, "grace controls the camera")


def test_a_setting_of_somebody_whose_page_does_not_know_yet_is_refused_with_the_holders_name(watch_live, bench):
    linus = watch_live("linus")
    linus.incidents.expect("409")
    known = linus.evaluate("fetch('/api/v1/camera').then((answer) => answer.json())")
    linus.route("**/api/v1/camera", lambda route: route.fulfill(json=known))
    bench.set_camera(exposure=25)  # ada controls the camera from here on
    set_exposure(linus, "44")
    expect(linus.locator("#exposure-note")).to_contain_text("controls the camera")
    linus.unroute("**/api/v1/camera")
    linus.evaluate(LOOK_AGAIN)
    expect(linus.locator("#exposure")).to_be_disabled()
    assert bench.camera()["settings"]["exposure"] == pytest.approx(25, abs=0.1)


def test_names_notes_and_messages_are_shown_as_text(watch_live):
    ada, linus = watch_live("ada"), watch_live("linus")
    for page in (ada, linus):
        page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    set_exposure(ada, "25")
    said(ada, "You control the camera. It becomes free in")
    keep(ada, f"note {TAGS}")
    linus.evaluate(LOOK_AGAIN)
    said(linus, "ada controls the camera until")
    expect(linus.locator(".control-text .control-wide")).to_contain_text(f"note {TAGS}")
    ask(linus, f"why {TAGS}")
    said(ada, f"linus asks for control: why {TAGS}")
    for page in (ada, linus):
        assert page.locator("#control-line :is(img, b)").count() == 0


def test_who_watches_is_told_by_name(both):
    _, linus = both
    linus.locator(".control-watchers summary").click()
    expect(linus.locator(".control-watchers li").filter(has_text="ada")).to_have_count(1)
    expect(linus.locator(".control-watchers li").filter(has_text="linus")).to_have_count(1)


def test_a_viewer_sees_who_controls_and_is_offered_nothing(both, watch_live):
    vera = watch_live("vera")
    said(vera, "ada controls the camera until")
    assert vera.locator(".control-act").count() == 0
    expect(vera.locator("#control-row")).to_contain_text("ada sets the camera until")


def test_a_script_is_a_holder_like_a_person_and_its_owner_takes_it_back(watch_live, bench):
    ada, linus = watch_live("ada"), watch_live("linus")
    bench.free_camera()
    taken = bench.ask("POST", "/api/v1/control", {"label": "night_scan.py", "minutes": 30}, bench.token())[1]
    said(ada, "Your script night_scan.py controls the camera until")
    said(linus, "ada's script night_scan.py controls the camera until")
    for page in (ada, linus):
        expect(page.locator("#exposure")).to_be_disabled()
    press(ada, "Take it back")
    expect(ada.locator("#exposure")).to_be_enabled()
    set_exposure(ada, "21")
    expect(linus.locator("#exposure")).to_have_value("21.00")
    again = ("PATCH", "/api/v1/camera/settings", {"exposure": 7}, bench.token(), taken["leaseId"])
    status, answer = bench.ask(*again)
    assert (status, answer["code"]) == (409, "control_lost")
    assert bench.camera()["settings"]["exposure"] == pytest.approx(21, abs=0.1)


def test_a_running_job_holds_the_camera_on_every_page_until_it_is_stopped(watch_live, bench):
    ada, linus = watch_live("ada"), watch_live("linus")
    bench.free_camera()
    plan = {"time_plan": {"interval": 3600, "loops": 3}}
    job = bench.ask("POST", "/api/v1/jobs", {"name": "Wound 3", "plan": plan}, bench.token())[1]["jobId"]
    try:
        said(linus, "ada's job Wound 3 controls the camera until")
        for page in (ada, linus):
            expect(page.locator("#exposure")).to_be_disabled()
        for act in ("PATCH", "/api/v1/camera/settings"), ("POST", "/api/v1/camera/capture"):
            for person in ("ada", "linus", "grace"):
                status, answer = bench.ask(*act, {"exposure": 9}, bench.token(person))
                assert (status, answer["code"]) == (409, "control_held")
        linus.locator("#stage").click()
        linus.keyboard.press(" ")
        expect(linus.locator("#slot-result")).to_contain_text("Safe on disk")
    finally:
        bench.ask("POST", f"/api/v1/jobs/{job}/stop", {}, bench.token())
    expect(linus.locator(".control-said")).to_have_count(0)
    expect(ada.locator("#exposure")).to_be_enabled()
