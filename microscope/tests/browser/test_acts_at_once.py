"""A user acts again before the first act is answered, and answers come in another order than their requests.

The last act is the one that lasts, and the page shows what is in force.
"""

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.control_states import LOOK_AGAIN
from microscope.tests.browser.sight import take_answers, wait_until

pytestmark = pytest.mark.usefixtures("upright")

SETTINGS, AUTO_EXPOSURE = "**/api/v1/camera/settings", "**/api/v1/camera/auto-exposure"
# The page stops waiting after 4 s or more. On a slow computer a test holds an answer back for longer.
WAIT_FOR_EVERY_ANSWER = """() => {
    const set = window.setTimeout;
    window.setTimeout = (run, ms, ...rest) => set(run, ms >= 4000 ? 600_000 : ms, ...rest);
}"""


@pytest.fixture
def page(live_settings):
    live_settings.evaluate(WAIT_FOR_EVERY_ANSWER)
    return live_settings


@pytest.fixture
def held(page):
    """The changes that the page requests. Each waits on its way to the server until the test lets it go on."""
    requests = []
    for address in (SETTINGS, AUTO_EXPOSURE):
        page.route(address, lambda route: requests.append(route))
    return requests


@pytest.fixture
def objectives(bench, request):
    """The numbers of two objectives. After the test none is in place."""
    names = (f"{number}, {request.node.name}" for number in (1, 2))
    yield [bench.add_objective(name)["id"] for name in names]
    bench.set_camera(objective=None)


def settings(bench) -> dict:
    return bench.camera()["settings"]


def let_go_on(page, held, number: int) -> None:
    wait_until(page, lambda: len(held), lambda now: now == number)
    held[-1].continue_()


def test_a_flip_that_is_taken_back_at_once_is_taken_back(page, held, bench):
    switch = page.get_by_label("Left to right")
    switch.check()
    switch.uncheck()
    let_go_on(page, held, 1)
    let_go_on(page, held, 2)
    wait_until(page, lambda: settings(bench)["flipHorizontal"], lambda now: not now)
    expect(switch).not_to_be_checked()


def test_two_changes_of_one_setting_are_both_made(page, held, bench):
    page.get_by_label("Binning", exact=True).select_option("2 2")
    page.locator("#binning-mode").select_option("decimate")
    let_go_on(page, held, 1)
    let_go_on(page, held, 2)
    wait_until(page, lambda: settings(bench)["binning"], lambda now: now == {"x": 2, "y": 2, "mode": "decimate"})
    expect(page.get_by_label("Binning", exact=True)).to_have_value("2 2")
    expect(page.locator("#binning-mode")).to_have_value("decimate")
    expect(page.locator("#binning-note")).to_be_empty()


def test_two_gains_are_both_set(page, held, bench):
    for colour in ("red", "blue"):
        page.locator(f"#gains-{colour}").fill("2")
        page.locator(f"#gains-{colour}").press("Enter")
    let_go_on(page, held, 1)
    let_go_on(page, held, 2)
    gains = {"red": 2, "green": 1, "blue": 2}
    wait_until(page, lambda: settings(bench)["whiteBalance"], lambda now: now == gains)
    expect(page.locator("#gains-note")).to_be_empty()


def test_of_two_objectives_the_last_one_is_in_place(objectives, page, held, bench):
    field, (first, last) = page.locator("#objective"), objectives
    field.select_option(first)
    field.select_option(last)
    let_go_on(page, held, 1)
    wait_until(page, lambda: len(held), lambda now: now == 2)
    assert field.input_value() == last
    assert bench.camera()["objective"]["id"] == first
    held[1].continue_()
    wait_until(page, lambda: bench.camera()["objective"]["id"], lambda now: now == last)
    expect(page.locator("#objective-note")).to_have_text("Not calibrated")
    expect(field).to_have_value(last)


@pytest.mark.parametrize("number", [pytest.param(1, id="newer answers come"), pytest.param(None, id="no other comes")])
def test_an_answer_from_before_the_last_change_undoes_nothing_on_the_page(objectives, page, bench, number):
    before = []
    page.route("**/api/v1/camera", lambda route: before.append((route, route.fetch())), times=number)
    page.evaluate(LOOK_AGAIN)
    wait_until(page, lambda: before, bool)
    objective, exposure = page.locator("#objective"), page.locator("#exposure")
    objective.select_option(objectives[0])
    expect(page.locator("#objective-note")).to_have_text("Not calibrated")
    exposure.fill("25")
    exposure.press("Enter")
    wait_until(page, lambda: settings(bench)["exposure"], lambda now: now == 25)
    # For so long the page takes no state at all, whenever it was requested.
    page.wait_for_function("since => performance.now() - since > 1000", arg=page.evaluate("performance.now()"))
    route, answer = before[0]
    with page.expect_response("**/api/v1/camera"):
        route.fulfill(response=answer)
    take_answers(page)
    assert (objective.input_value(), exposure.input_value()) == (objectives[0], "25.00")
    assert page.locator("#objective-note").inner_text() == "Not calibrated"
    assert page.locator("#exposure-note").inner_text() == ""


def test_while_the_camera_finds_its_exposure_nobody_is_said_to_have_set_it(page, held, bench):
    page.locator("#auto-exposure").click()
    wait_until(page, lambda: held, bool)
    bench.set_camera(exposure=33)
    with page.expect_response("**/api/v1/camera"):
        page.evaluate(LOOK_AGAIN)
    take_answers(page)
    assert page.locator("#exposure-note").inner_text() == ""
    held[0].continue_()
    expect(page.locator("#exposure-note")).to_contain_text("Auto set")
