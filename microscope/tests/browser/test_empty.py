"""A new server without images."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.bench import Bench
from microscope.tests.browser.conftest import fill_in
from microscope.tests.browser.test_accessible import violations


@pytest.fixture
def new_bench(chromium, tmp_path):
    server = Bench(tmp_path, DATABASE_URL="")
    yield server.wait_until_ready()
    server.kill()


def test_a_new_library_says_what_to_do_and_the_first_picture_fills_it(new_bench, open_browser):
    page = open_browser()
    page.goto(new_bench.address("/sign-in?next=/images/"))
    fill_in(page, "ada")
    expect(page.get_by_role("heading", name="No images yet")).to_be_visible()
    assert violations(page) == []
    page.goto(new_bench.address("/images/bin/"))
    expect(page.get_by_role("heading", name="The bin is empty")).to_be_visible()
    assert violations(page) == []
    page.goto(new_bench.address("/images/"))
    page.get_by_role("link", name="Capture the first picture").click()
    expect(page.locator("#recent-empty")).to_be_visible()
    page.locator("#stage[data-state=live]").wait_for()
    assert violations(page) == []
    page.keyboard.press(" ")
    expect(page.locator("#recent-list li")).to_have_count(1)
    expect(page.locator("#recent-empty")).to_be_hidden()
