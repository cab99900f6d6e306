"""Two tabs of one browser, in which two users sign in one after the other."""

from contextlib import suppress

from playwright.sync_api import Error, expect

from microscope.tests.browser.conftest import fill_in
from microscope.tests.browser.sight import live_stage


def captured_by(bench) -> list[str]:
    return [image["user"] for image in bench.ask("GET", "/api/v1/images?limit=5", token=bench.token())[1]["results"]]


def test_a_page_that_was_made_for_another_user_captures_nothing_and_says_who_is_signed_in(open_browser, bench):
    first = open_browser()
    first.incidents.expect("409")
    first.goto("/sign-in?next=/")
    fill_in(first, "ada")
    live_stage(first).wait_for()
    before = captured_by(bench)

    # Requests of the first tab while nobody is signed in would redirect it to the sign-in page.
    held = []
    first.route("**/api/v1/**", lambda route: held.append(route))
    second = first.context.new_page()
    second.goto("/profile")
    second.locator("#account-menu summary").click()
    second.get_by_role("button", name="Sign out").click()
    second.wait_for_url("**/sign-in*")
    second.goto("/sign-in?next=/profile")
    fill_in(second, "linus")
    second.wait_for_url("**/profile")
    first.unroute("**/api/v1/**")
    for route in held:
        with suppress(Error):  # the page's deadlines end open requests
            route.continue_()

    first.locator("#capture").click()
    expect(first.locator("#toasts")).to_contain_text("You are now signed in as linus")
    assert captured_by(bench) == before
    live_stage(first).wait_for()
    expect(first.locator("#account-menu summary")).to_have_attribute("aria-label", "Menu of linus")
    first.locator("#capture").click()
    expect(first.locator("#slot-result")).not_to_be_empty()
    assert captured_by(bench)[0] == "linus"
