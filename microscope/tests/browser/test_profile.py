import re

from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE, fill_in
from microscope.tests.browser.serve_bench import PASSWORD
from microscope.tests.browser.sight import live_stage
from microscope.tests.browser.test_accessible import violations

NEW_PASSWORD = "another-long-secret"


def test_the_profile_says_who_one_is_and_what_one_may(visit):
    page = visit("/profile", "vera")
    fields = page.locator(".fields")
    expect(fields).to_contain_text("viewers")
    expect(fields.locator("dd").last).to_have_text("watch, search and download")


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
        page.wait_for_url("**/profile/password")
    # A page that is open learns by itself that its session has ended, and goes to sign in.
    elsewhere.goto("about:blank")
    change_password(here, PASSWORD, "12345")
    expect(here.get_by_role("alert").first).to_be_visible()
    here.incidents.expect("401")  # what the page asked with the sign-in that the new password just ended
    change_password(here, PASSWORD, NEW_PASSWORD)
    expect(here.get_by_role("status").filter(has_text="Password changed.")).to_be_visible()
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


def test_a_token_is_made_copied_and_revoked_by_keyboard_and_is_gone_after_a_reload(visit):
    page = visit("/profile", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_label("Name", exact=True).fill("night_scan.py")
    expect(page.locator("#would-end")).to_contain_text("It would end on")
    page.keyboard.press("Enter")
    made = page.get_by_label("The token “night_scan.py” is made. Copy it now: it is shown only this once.")
    text = made.input_value()
    page.get_by_role("button", name="Copy").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    assert page.evaluate("navigator.clipboard.readText()") == text
    assert violations(page) == []
    page.goto("/profile")
    expect(made).to_have_count(0)
    page.get_by_role("button", name="Revoke night_scan.py").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").filter(has_text="It opens nothing now.")).to_be_visible()
    expect(page.get_by_role("row", name="night_scan.py")).to_contain_text("revoked")


def test_axe_finds_nothing_in_tokens_on_a_phone(visit):
    page = visit("/profile", **PHONE)
    page.get_by_label("Name", exact=True).fill("on a phone")
    page.get_by_role("button", name="Make a token").tap()
    expect(page.get_by_role("button", name="Revoke on a phone")).to_be_visible()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
