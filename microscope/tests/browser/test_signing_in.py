import re

from playwright.sync_api import expect

from microscope.tests.browser.conftest import fill_in


def test_who_signs_in_is_brought_to_where_they_were_going(open_browser):
    page = open_browser()
    page.goto("/images/?format=png")
    expect(page).to_have_url(re.compile(r"/sign-in\?next="))
    fill_in(page, "ada")
    expect(page).to_have_url(re.compile(r"/images/\?format=png$"))
    expect(page.locator("#format")).to_have_value("png")


def test_a_wrong_password_is_told_and_the_name_stays(open_browser):
    page = open_browser()
    page.goto("/sign-in")
    fill_in(page, "ada", "ada's cat")
    expect(page.get_by_role("alert")).to_contain_text("The user name or the password is wrong.")
    expect(page.get_by_label("User name")).to_have_value("ada")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()


def test_the_eye_shows_what_was_typed(open_browser):
    page = open_browser()
    page.goto("/sign-in")
    page.get_by_role("button", name="Show the password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")


def test_who_signs_out_is_a_stranger_again(open_browser):
    page = open_browser()
    page.goto("/sign-in?next=/profile")
    fill_in(page, "grace")
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.goto("/profile")
    expect(page).to_have_url(re.compile("/sign-in"))


def test_where_the_session_ended_meanwhile_the_live_page_leads_to_sign_in_and_back(open_browser):
    page = open_browser()
    page.goto("/")
    fill_in(page, "grace")
    page.locator("#stage[data-state=live]").wait_for()
    page.incidents.expect("401|403")
    page.context.clear_cookies(name=re.compile("microscope_session"))
    # Without waiting for the stage: the page may have asked for its state meanwhile, and have left.
    page.keyboard.press(" ")
    expect(page).to_have_url(re.compile(r"/sign-in\?next=%2F$"))
