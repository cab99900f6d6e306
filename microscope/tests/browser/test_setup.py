"""The first minutes in a real browser: from the one-time link to the first picture, with the keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import PHONE
from microscope.tests.browser.incidents import Incidents
from microscope.tests.browser.test_accessible import violations
from microscope.tests.server_process import FirstStart

PASSWORD = "a-long-secret-word"


class NewProgram(FirstStart):
    """A program that nobody has set up. It prints its link, and opens no browser."""

    program = ("manage.py", "serve", "--no-browser")

    def link(self) -> str:
        return re.search(r"http://\S+/setup/start/\S+", self.log())[0]


@pytest.fixture(scope="module")
def new_program(tmp_path_factory):
    server = NewProgram(tmp_path_factory.mktemp("new"), DATABASE_URL="", SIMULATED_CAMERA="colour-2mp")
    yield server.wait_until_ready()
    server.kill()


@pytest.fixture
def browser_at(chromium):
    """browser_at(**kind) returns an empty page of a new browser."""
    opened = []

    def make(**kind):
        context = chromium.new_context(**{"timezone_id": "UTC", "viewport": {"width": 720, "height": 560}, **kind})
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.incidents = Incidents(context)
        opened.append((context, page.incidents))
        return page

    yield make
    for context, _ in opened:
        context.close()
    assert [text for _, incidents in opened for text in incidents.unexpected()] == []


def place_of(page, selector: str) -> tuple[float, float]:
    box = page.locator(selector).first.bounding_box()
    return box["x"], box["y"]


def assert_well(page, places: list) -> None:
    """axe finds nothing, the page fits, and its head stands where it stood on the page before."""
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    places.append((place_of(page, ".setup-mark"), place_of(page, "h1")))
    assert places[-1] == places[0]


# The tests of this file stand in the order of the set-up, on one program.


def test_until_the_password_stands_every_page_says_so(new_program, browser_at):
    page = browser_at()
    page.incidents.expect("503")
    for address in ("/", "/sign-in", "/admin/", "/setup/"):
        page.goto(new_program.address(address))
        expect(page.get_by_role("heading", name="Microscope is being set up.")).to_be_visible()
    assert violations(page) == []
    assert new_program.ask("POST", "/api/v1/auth/login", {"username": "admin", "password": "x"})[1]["code"] == (
        "being_set_up"
    )


def test_the_whole_way_with_the_keyboard_alone(new_program, browser_at):
    page, places = browser_at(), []
    page.goto(new_program.link())
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert_well(page, places)
    page.keyboard.type("short")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("too short")
    expect(page.get_by_label("Password", exact=True)).to_be_focused()
    assert_well(page, places)
    page.keyboard.type(PASSWORD)
    expect(page.locator("#password-note")).to_contain_text("18 characters")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Keep pictures here")).to_be_focused()
    assert_well(page, places)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Use the simulated camera")).to_be_focused()
    assert_well(page, places)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Take the first picture")).to_be_visible()
    assert_well(page, places)
    page.keyboard.press("Space")
    expect(page.get_by_role("status")).to_contain_text("Written, read again, unchanged.")
    expect(page.get_by_role("button", name="Open Microscope")).to_be_focused()
    assert_well(page, places)


def test_back_leads_through_all_steps_and_the_set_up_goes_on_where_it_was(new_program, browser_at):
    page = browser_at(**PHONE)
    page.goto(new_program.address("/setup/"))
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Take the first picture")).to_be_visible()
    for step in (3, 2, 1):
        page.get_by_role("link", name="Back").tap()
        expect(page.get_by_text(f"First start, step {step} of 4")).to_be_visible()
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.goto(new_program.address("/setup/"))
    expect(page.get_by_text("First start, step 4 of 4")).to_be_visible()


def test_a_space_outside_of_buttons_takes_another_and_the_end_is_the_live_picture(new_program, browser_at):
    page = browser_at()
    page.goto(new_program.address("/setup/"))
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Take the first picture")).to_be_visible()
    page.locator("h1").click()
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", name="The first picture is safe")).to_be_visible()
    page.get_by_role("button", name="Open Microscope").click()
    expect(page.locator("#capture")).to_be_visible()
    page.goto(new_program.link())
    expect(page).to_have_url(re.compile(r"/$"))
