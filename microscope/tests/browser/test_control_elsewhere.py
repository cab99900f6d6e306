"""On pages without the control line: who gets control is told, and who is asked may hear it."""

from playwright.sync_api import Page, expect

from microscope.tests.browser.control_states import ask, free, held, mine, notice
from microscope.tests.browser.test_accessible import violations

COUNT_TONES = """
window.tones = 0;
window.OscillatorNode = class extends OscillatorNode {
  start() { super.start(); window.tones += 1; }
};
"""


def received(number: int = 17, **changes):
    return mine(notice=notice("received", number=number, byName="Ada Lovelace", **changes))


def test_who_is_given_control_on_another_page_is_told_once(told):
    given = received()
    page = told(held(), "/images/")
    toast = page.locator(".toast").filter(has_text="You control the camera.")
    expect(page.locator("#status")).to_be_visible()
    page.told.say(given)
    expect(toast).to_contain_text("Ada Lovelace gave you control.")
    expect(toast.get_by_role("link", name="Live")).to_be_visible()
    assert violations(page) == []
    toast.get_by_role("button", name="Close").click()
    page.goto("/jobs/")
    page.told.say(mine(ask=ask()))  # the page hears the server
    expect(page.locator(".toast-asked")).to_be_visible()
    page.told.say(given)
    expect(page.locator(".toast-asked")).to_have_count(0)
    assert toast.count() == 0
    page.told.say(received(18))
    expect(toast).to_be_visible()
    page.told.say(free())
    expect(toast).to_have_count(0)


def test_the_toast_leads_to_the_live_page(told):
    page = told(received(), "/images/")
    page.locator(".toast").get_by_role("link", name="Live").click()
    expect(page.locator("#control-line")).to_contain_text("You control the camera")


def is_heard(page: Page, times: int) -> None:
    page.wait_for_function("times => window.tones === times", arg=times)


def test_an_ask_is_heard_once_by_who_allows_it(told):
    page = told(mine(), "/profile")
    page.add_init_script(COUNT_TONES)
    page.reload()
    switch = page.get_by_role("switch", name="A sound when somebody asks you for control")
    expect(switch).not_to_be_checked()
    switch.check()
    is_heard(page, 1)  # as an example
    page.goto("/images/")
    page.locator("#status-disk").click()
    one, other = mine(ask=ask()), mine(ask=ask(name="Cy"))
    toast = page.locator(".toast-asked")
    for control, times in ((one, 1), (mine(), 1), (one, 1), (other, 2)):
        page.told.say(control)
        expect(toast).to_have_count(1 if control["ask"] else 0)
        is_heard(page, times)


def test_without_leave_nothing_is_heard(told):
    page = told(mine(), "/images/")
    page.add_init_script(COUNT_TONES)
    page.reload()
    page.locator("#status-disk").click()
    page.told.say(mine(ask=ask()))
    expect(page.locator(".toast-asked")).to_be_visible()
    is_heard(page, 0)
