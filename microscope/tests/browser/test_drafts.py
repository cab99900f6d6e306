"""Text that was typed but not sent survives the page, for the user who typed it and for nobody else."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.sight import draw_line, live_stage


@pytest.fixture
def become(keys_of):
    """become(page, "linus") signs linus in, in another tab of the same browser. The page that is open stays."""

    def go(page, person: str) -> None:
        # The new cookies replace the old ones in one step: a request that the page makes meanwhile has a user.
        page.context.add_cookies(keys_of(person)["cookies"])

    return go


@pytest.fixture
def open_as(become):
    """open_as(page, "linus", "/") leaves the page, signs linus in and opens this one in the same tab."""

    def go(page, person: str, address: str) -> None:
        # A page that is open asks for its state, and if that has another user it loads again by itself.
        page.goto("about:blank")
        become(page, person)
        page.goto(address)

    return go


def let_only_changes_through(route) -> None:
    """Leave what a page reads without an answer."""
    if route.request.method != "GET":
        route.continue_()


def test_an_objective_that_was_typed_is_still_there_when_its_user_is_back(visit, become, open_as):
    page = visit("/objectives/", "grace")
    page.incidents.expect("409")
    page.locator("#name").fill("Plan 63, oil")
    page.locator("#magnification").fill("63")
    # The page learns of the other user from its own change, and not from its state before.
    page.route("**/api/v1/**", let_only_changes_through)
    become(page, "linus")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#toasts")).to_contain_text("You are now signed in as linus")
    expect(page.locator("#add")).to_have_count(0)
    page.unroute("**/api/v1/**")
    open_as(page, "grace", "/objectives/")
    expect(page.locator("#name")).to_have_value("Plan 63, oil")
    expect(page.locator("#magnification")).to_have_value("63")
    expect(page.locator("#add-problem")).to_have_text("Not added yet.")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("heading", name="Plan 63, oil")).to_be_visible()
    expect(page.locator("#name")).to_have_value("")
    expect(page.locator("#add-problem")).to_be_empty()


def test_a_new_name_that_was_typed_outlives_the_page_until_it_is_saved(objective, visit):
    page = visit("/objectives/", "grace")
    part = page.locator(f"section[data-id='{objective['id']}']")
    part.get_by_role("button", name="Rename").click()
    page.locator("#new-name").fill("Plan 20, new")
    page.reload()
    expect(page.locator("#rename-dialog")).to_be_visible()
    expect(page.locator("#new-name")).to_have_value("Plan 20, new")
    page.locator("#rename-dialog").get_by_role("button", name="Rename").click()
    expect(part.get_by_role("heading")).to_have_text("Plan 20, new")
    expect(page.locator("#rename-dialog")).to_be_hidden()


def test_a_line_and_its_length_outlive_the_page_until_they_are_saved(objective, bench, visit):
    bench.set_camera(objective=objective["id"])
    number = bench.capture(format="jpg")["imageId"]
    page = visit(f"/images/{number}/calibrate/", "grace")
    expect(page.locator("#x1")).not_to_have_value("")
    draw_line(page, 200)
    page.locator("#length").fill("123.5")
    drawn = [page.locator(f"#{end}").input_value() for end in ("x1", "y1", "x2", "y2")]
    page.reload()
    expect(page.locator("#length")).to_have_value("123.5")
    assert [page.locator(f"#{end}").input_value() for end in ("x1", "y1", "x2", "y2")] == drawn
    page.get_by_role("button", name="Save calibration").click()
    expect(page.locator("#calibrate-told")).to_contain_text("Saved.")
    page.reload()
    expect(page.locator("#x1")).not_to_have_value(drawn[0])


def test_sample_and_note_of_a_capture_are_not_those_of_the_next_user(watch_live, open_as):
    page = watch_live()
    page.locator("#sample").fill("liver of ada")
    page.locator("#note").fill("half a note")
    page.reload()
    expect(page.locator("#note")).to_have_value("half a note")
    open_as(page, "linus", "/")
    live_stage(page).wait_for()
    expect(page.locator("#sample")).to_have_value("")
    expect(page.locator("#note")).to_have_value("")
    open_as(page, "ada", "/")
    expect(page.locator("#sample")).to_have_value("liver of ada")
    expect(page.locator("#note")).to_have_value("half a note")


def test_a_note_that_was_typed_on_an_image_is_not_offered_to_the_next_user(capture_set, visit, open_as):
    address = f"/images/{capture_set(1)[0]['imageId']}/"
    page = visit(address, "ada")
    page.keyboard.press("e")
    page.locator("#note").fill("of ada")
    open_as(page, "grace", address)
    expect(page.locator("#edit")).to_be_visible()
    expect(page.locator("#note")).to_have_value("")
    open_as(page, "ada", address)
    expect(page.locator("#note")).to_have_value("of ada")
    expect(page.locator("#edit-problem")).to_have_text("Not saved yet.")
