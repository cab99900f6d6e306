import re

from playwright.sync_api import expect

from microscope.tests.browser.conftest import fill_in
from microscope.tests.browser.serve_bench import PASSWORD
from microscope.tests.browser.sight import live_stage

NEW_PASSWORD = "another-long-secret"


def test_the_profile_says_who_one_is_and_what_one_may(visit):
    page = visit("/profile", "vera")
    facts = page.locator(".facts")
    expect(facts).to_contain_text("viewers")
    expect(facts.locator("dd").last).to_have_text("watch, find and download")


def test_single_letter_keys_can_be_switched_off_and_space_still_captures(visit):
    page = visit("/profile")
    page.get_by_role("switch", name="Single-letter keys").uncheck()
    page.goto("/")
    live_stage(page).wait_for()
    page.keyboard.press("x")
    page.keyboard.press(" ")
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    expect(page.locator("#tool-crosshair")).to_have_attribute("aria-pressed", "false")


def test_the_keys_are_listed(watch_live):
    page = watch_live()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("Capture")
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_a_changed_password_ends_sessions_elsewhere_and_is_asked_for_from_then_on(open_browser):
    here, elsewhere = open_browser(), open_browser()
    for page in (here, elsewhere):
        page.goto("/sign-in?next=/profile/password")
        fill_in(page, "mary")
    change_password(here, PASSWORD, "12345")
    expect(here.get_by_role("alert").first).to_be_visible()
    change_password(here, PASSWORD, NEW_PASSWORD)
    expect(here.get_by_role("status").filter(has_text="The password is changed.")).to_be_visible()
    elsewhere.incidents.expect("401")
    elsewhere.goto("/profile")
    expect(elsewhere).to_have_url(re.compile("/sign-in"))
    fill_in(elsewhere, "mary", NEW_PASSWORD)
    expect(elsewhere).to_have_url(re.compile("/profile$"))


def change_password(page, old: str, new: str) -> None:
    page.get_by_label("Old password").fill(old)
    page.get_by_label("New password", exact=True).fill(new)
    page.get_by_label("New password confirmation").fill(new)
    page.get_by_role("button", name="Change password").click()
