"""Two users, or one user in two tabs, edit one image: no text is lost unseen."""

import re

import pytest
from playwright.sync_api import expect

ALONE = "DO NOT USE blurred"


@pytest.fixture
def image(capture_set):
    return capture_set(1)[0]


@pytest.fixture
def open_form(image, visit):
    """open_form("ada") opens the image's page as ada, with the form open."""

    def go(person: str = "ada"):
        page = visit(f"/images/{image['imageId']}/", person)
        page.incidents.expect("409")
        page.keyboard.press("e")
        return page

    return go


def save(page) -> None:
    page.get_by_role("button", name="Save", exact=True).click()


def kept(bench, image) -> tuple[str, str]:
    now = bench.image(image["imageId"])
    return now["sample"], now["note"]


def test_a_form_that_was_opened_before_shows_the_others_text_and_loses_nothing(open_form, image, bench):
    first, second = open_form(), open_form("grace")
    second.locator("#note").fill(ALONE)
    save(second)
    expect(second.locator("#said-note")).to_have_text(ALONE)

    first.locator("#sample").fill("liver 7")
    save(first)
    expect(
        first.get_by_role("heading", name=re.compile("grace changed this at .* while you were editing"))
    ).to_be_focused()
    expect(first.locator("#theirs-note dd")).to_have_text(ALONE)
    expect(first.locator("#sample")).to_have_value("liver 7")
    assert kept(bench, image)[1] == ALONE
    assert kept(bench, image)[0] != "liver 7"

    first.get_by_role("button", name="Keep mine").click()
    expect(first.locator("#edit-form")).to_be_hidden()
    assert kept(bench, image) == ("liver 7", ALONE)
    expect(first.locator("#said-note")).to_have_text(ALONE)


def test_both_changed_the_note_and_one_takes_the_others(open_form, image, bench):
    first, second = open_form(), open_form("grace")
    second.locator("#note").fill(ALONE)
    save(second)
    expect(second.locator("#said-note")).to_have_text(ALONE)
    first.locator("#note").fill("mine")
    save(first)
    expect(first.locator("#note")).to_have_value("mine")
    first.get_by_role("button", name="Take theirs").click()
    expect(first.locator("#note")).to_have_value(ALONE)
    first.get_by_role("button", name="Back to mine").click()
    expect(first.locator("#note")).to_have_value("mine")
    save(first)
    expect(first.locator("#said-note")).to_have_text("mine")
    assert kept(bench, image)[1] == "mine"
    newest = first.locator("#history li").first
    expect(newest).to_contain_text("by ada")
    expect(newest.locator("blockquote")).to_have_text(ALONE)


def test_a_picture_that_was_only_moved_meanwhile_is_no_question(open_form, image, bench):
    page = open_form()
    page.locator("#note").fill("mine")
    assert bench.ask("PATCH", f"/api/v1/images/{image['imageId']}", {"xPosition": 5}, bench.token())[0] == 200
    save(page)
    expect(page.locator("#said-note")).to_have_text("mine")
    assert (kept(bench, image)[1], bench.image(image["imageId"])["xPosition"]) == ("mine", 5)


def test_only_what_was_typed_is_sent(open_form):
    page = open_form()
    page.locator("#note").fill("typed")
    with page.expect_request(lambda request: request.method == "PATCH") as sent:
        save(page)
    assert sent.value.post_data_json == {"note": "typed", "revision": 0}


def test_what_was_typed_outlives_a_reload_and_still_belongs_to_what_was_seen(open_form, image, bench):
    page = open_form()
    page.locator("#note").fill("half a thought")
    address = f"/api/v1/images/{image['imageId']}"
    assert bench.ask("PATCH", address, {"note": ALONE}, bench.token("grace"))[0] == 200
    page.reload()
    expect(page.locator("#note")).to_have_value("half a thought")
    save(page)
    expect(page.locator("#theirs-note dd")).to_have_text(ALONE)
    assert kept(bench, image)[1] == ALONE
