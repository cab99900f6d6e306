"""Two users at one camera: a user who changes one setting does not undo what the other user changed meanwhile."""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.sight import wait_until

pytestmark = pytest.mark.usefixtures("upright")


@pytest.fixture
def late(live_settings):
    """The live page, which from now on does not learn of other users' changes."""
    known = live_settings.evaluate("fetch('/api/v1/camera').then((answer) => answer.json())")
    live_settings.route("**/api/v1/camera", lambda route: route.fulfill(json=known))
    return live_settings


def settings(bench) -> dict:
    return bench.camera()["settings"]


def flips(bench) -> tuple[bool, bool]:
    return settings(bench)["flipHorizontal"], settings(bench)["flipVertical"]


def sent(page) -> list[dict]:
    """The changes of settings that this page requests from now on."""
    asked = []
    page.on("request", lambda one: one.method == "PATCH" and asked.append(one.post_data_json))
    return asked


def test_one_flip_leaves_the_other_as_it_is(late, bench):
    bench.set_camera(flipVertical=True)
    late.get_by_label("Left to right").check()
    wait_until(late, lambda: flips(bench), lambda now: now[0])
    assert flips(bench) == (True, True)
    expect(late.locator("#flip-note")).to_be_empty()


@pytest.mark.parametrize("field", ["exposure", "gain"])
def test_enter_in_a_field_that_nobody_touched_sends_nothing(late, bench, field):
    bench.set_camera(exposure=20, gain=6)
    asked = sent(late)
    late.locator(f"#{field}").press("Enter")
    late.locator(f"#{field}").press("1")
    late.locator(f"#{field}").press("Backspace")
    late.locator(f"#{field}").press("Enter")
    late.locator(f"#{field}").blur()
    other = "gain" if field == "exposure" else "exposure"
    late.locator(f"#{other}").fill("5")
    late.locator(f"#{other}").press("Enter")
    wait_until(late, lambda: settings(bench)[other], lambda value: value == 5)
    assert asked == [{other: 5}]
    assert settings(bench)[field] == (20 if field == "exposure" else 6)


def test_a_value_that_was_refused_can_be_sent_again_by_enter(late, bench):
    answer = {"status": 503, "json": {"code": "camera_busy", "message": "The camera is busy."}}
    late.incidents.expect("503")
    late.route("**/api/v1/camera/settings", lambda route: route.fulfill(**answer), times=1)
    late.locator("#exposure").fill("30")
    late.locator("#exposure").press("Enter")
    expect(late.locator("#exposure-note")).to_have_text("The camera is busy.")
    late.locator("#exposure").press("Enter")
    wait_until(late, lambda: settings(bench)["exposure"], lambda value: value == 30)


def test_the_numbers_of_a_region_or_a_gain_that_nobody_touched_are_not_sent(late, bench):
    bench.set_camera(gamma=2, whiteBalance={"red": 2, "green": 2, "blue": 2})
    asked = sent(late)
    for field in ("#roi-left", "#gamma", "#gains-red"):
        late.locator(field).press("Enter")
    late.get_by_label("Rotation").select_option("180")
    wait_until(late, lambda: settings(bench)["rotation"], lambda turn: turn == 180)
    wait_until(late, lambda: asked, bool)
    assert asked == [{"rotation": 180}]


def test_one_gain_that_is_typed_leaves_those_that_another_set_meanwhile(live_settings, bench):
    page = live_settings
    page.locator("#gains-red").fill("1.5")
    bench.set_camera(whiteBalance={"red": 1, "green": 1, "blue": 2})
    expect(page.locator("#gains-note")).to_have_text("Set by ada")
    page.locator("#gains-red").press("Enter")
    wait_until(page, lambda: settings(bench)["whiteBalance"]["red"], lambda red: red == 1.5)
    assert settings(bench)["whiteBalance"]["blue"] == 2
    expect(page.locator("#gains-blue")).to_have_value("2")


def test_a_name_that_nobody_changed_does_not_undo_another_persons_renaming(objective, bench, visit):
    page = visit("/objectives/", "grace")
    part = page.locator(f"section[data-id='{objective['id']}']")
    part.get_by_role("button", name="Rename").click()
    address = f"/api/v1/objectives/{objective['id']}"
    assert bench.ask("PATCH", address, {"name": "Plan 20, left"}, bench.token("grace"))[0] == 200
    page.locator("#rename-dialog").get_by_role("button", name="Rename").click()
    expect(page.locator("#rename-dialog")).to_be_hidden()
    page.reload()
    expect(part.get_by_role("heading")).to_have_text("Plan 20, left")


@pytest.mark.parametrize(("field", "settings_of"), [("#exposure", "settings"), ("#roi-left", "geometry-fields")])
def test_what_is_half_typed_is_not_sent_when_the_settings_are_taken_away(watch_live, field, settings_of):
    """The camera is lost for a moment, or somebody else takes control."""
    page = watch_live()
    page.locator("#geometry").evaluate("details => { details.open = true; }")
    asked = sent(page)
    page.locator(field).press_sequentially("7")
    page.evaluate("id => { document.getElementById(id).disabled = true; }", settings_of)
    page.wait_for_function("field => document.activeElement !== document.querySelector(field)", arg=field)
    # What the page sends at that moment is under way before this answer.
    with page.expect_response("**/api/v1/camera"):
        pass
    assert asked == []
