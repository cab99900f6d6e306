"""A real browser before the real server. Where there is no Chromium the tests skip, unless one is demanded."""

import os
import shutil

import psycopg
import pytest
from playwright.sync_api import sync_playwright

from microscope.tests.browser.bench import EXPOSURE_MS, GAIN_DB, Bench
from microscope.tests.browser.incidents import Incidents
from microscope.tests.browser.serve_bench import PASSWORD
from microscope.tests.browser.sight import live_stage

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
DESK = {"width": 1440, "height": 900}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


def find_browser() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the PATH")


@pytest.fixture(scope="package")
def chromium():
    """While it runs Playwright keeps an event loop in this thread, which Django takes for asynchronous code."""
    path = find_browser()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])


@pytest.fixture(scope="package")
def database_url():
    """SQLite in the server's folder; where the tests run on PostgreSQL, a database of its own beside theirs."""
    server, _, name = os.environ.get("DATABASE_URL", "").rpartition("/")
    if not server.startswith("postgres"):
        yield ""
        return
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}_browser" WITH (FORCE)')
        connection.execute(f'CREATE DATABASE "{name}_browser"')
        yield f"{server}/{name}_browser"
        connection.execute(f'DROP DATABASE "{name}_browser" WITH (FORCE)')


@pytest.fixture(scope="package")
def bench(chromium, database_url, tmp_path_factory):
    """One server for all; each test finds its camera as `steady` leaves it, and the images of those before."""
    server = Bench(tmp_path_factory.mktemp("bench"), DATABASE_URL=database_url)
    try:
        yield server.wait_until_ready()
    finally:
        server.kill()


@pytest.fixture(autouse=True)
def steady(bench):
    bench.set_camera(exposure=EXPOSURE_MS, gain=GAIN_DB)


@pytest.fixture(scope="package")
def keys_of(chromium, bench):
    """keys_of("ada") are the cookies of a browser in which ada has signed in, by the page, once for all tests."""
    kept = {}

    def sign_in(person: str):
        if person not in kept:
            context = chromium.new_context(timezone_id="UTC")
            page = context.new_page()
            page.goto(bench.address("/sign-in?next=/profile"))
            fill_in(page, person)
            page.wait_for_url("**/profile")
            kept[person] = context.storage_state()
            context.close()
        return kept[person]

    return sign_in


def fill_in(page, person: str, password: str = PASSWORD) -> None:
    page.get_by_label("User name").fill(person)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()


@pytest.fixture
def open_browser(chromium, bench, keys_of):
    """open_browser("ada") is an empty page of a browser of ada's own; without a name, of a stranger's.

    At the end of the test none of them may have had an incident but those named by `page.incidents.expect`.
    """
    opened = []

    def make(person: str | None = None, **kind):
        state = keys_of(person) if person else None
        context = chromium.new_context(
            base_url=bench.address("/"), storage_state=state, timezone_id="UTC", **{"viewport": DESK, **kind}
        )
        context.set_default_timeout(10_000)
        incidents = Incidents(context)
        page = context.new_page()
        page.incidents = incidents
        opened.append((context, incidents))
        return page

    yield make
    for context, _ in opened:
        context.close()
    assert [text for _, incidents in opened for text in incidents.unexpected()] == []


@pytest.fixture
def visit(open_browser):
    """visit("/images/") is that page as ada, an operator, sees it; visit("/", "vera") as a viewer does."""

    def go(address: str, person: str = "ada", **kind):
        page = open_browser(person, **kind)
        page.goto(address)
        return page

    return go


@pytest.fixture
def watch_live(visit):
    """watch_live() is the live page, once pictures come."""

    def go(person: str = "ada", **kind):
        page = visit("/", person, **kind)
        live_stage(page).wait_for()
        return page

    return go


@pytest.fixture
def objective(bench, request):
    """An objective of this test's own. After the test none is in place."""
    yield bench.add_objective(request.node.name)
    bench.set_camera(objective=None)


@pytest.fixture
def calibrated(bench, objective):
    """The same, calibrated at half a micrometre per pixel of the sensor; not in place yet."""
    micrometer = bench.capture(format="jpg", sample="stage micrometer")
    bench.calibrate(objective["id"], micrometer["imageId"], um_per_pixel=0.5)
    return objective


@pytest.fixture
def capture_set(bench, request):
    """capture_set(3) are three new images of one sample that no other test has, newest first."""
    sample = request.node.name

    def capture(number: int, **wanted):
        return [bench.capture(sample=sample, format="jpg", **wanted) for _ in range(number)][::-1]

    capture.sample = sample
    return capture
