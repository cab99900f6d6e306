"""A real browser and the real server. Without Chromium the tests are skipped, except with REQUIRE_BROWSER."""

import os
import shutil
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from playwright.sync_api import expect, sync_playwright

from microscope.tests.browser.bench import EXPOSURE_MS, GAIN_DB, UPRIGHT, Bench
from microscope.tests.browser.control_states import Told
from microscope.tests.browser.incidents import Incidents
from microscope.tests.browser.serve_bench import PASSWORD
from microscope.tests.browser.sight import live_stage, take_answers

FOLDER = Path(__file__).parent
# The first is Chromium without its desktop windows, and needs far less processor time.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
# Takes nginx's own certificate like one of an authority. If Chromium asks about each connection instead, as it does for
# `ignore_https_errors`, it can give up a page that opens many at once: net::ERR_TOO_MANY_RETRIES.
# Fewer processes of its own take a tenth less processor time for a page.
ARGUMENTS = (
    *("--no-sandbox", "--ignore-certificate-errors"),
    *("--in-process-gpu", "--enable-features=NetworkServiceInProcess2"),
)
DESK = {"width": 1440, "height": 900}
# Leaves room for a machine that is busy with other tests.
expect.set_options(timeout=20_000)
# Their tests take longest: they begin first, so that no process is left with one of them in the end.
FIRST = ("test_behind_nginx.py", "test_silent_network.py", "test_control.py", "test_control_table.py")
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark all tests of this folder as long. Pytest passes the tests of other folders too, so the path is compared."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.long)
    first = [FOLDER / name for name in FIRST]
    items.sort(key=lambda item: item.path not in first)


def find_browser() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found:
        return found
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(f"no browser: none of {', '.join(NAMES)} is on the PATH")
    pytest.skip(f"no browser: none of {', '.join(NAMES)} is on the PATH")


@pytest.fixture(scope="package")
def chromium():
    """Yield the browser. Playwright keeps an event loop in this thread, which Django takes for asynchronous code."""
    path = find_browser()
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
        yield playwright.chromium.launch(executable_path=path, args=ARGUMENTS)


@pytest.fixture(scope="package")
def database_url():
    """SQLite in the server's folder, or a database of its own if the tests run on PostgreSQL."""
    server, _, name = os.environ.get("DATABASE_URL", "").rpartition("/")
    if not server.startswith("postgres"):
        yield ""
        return
    own_name = f"{name}_browser_{os.getpid()}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{own_name}"')
        yield f"{server}/{own_name}"
        connection.execute(f'DROP DATABASE "{own_name}" WITH (FORCE)')


@pytest.fixture(scope="package")
def bench(chromium, database_url, tmp_path_factory):
    """One server for all tests. Each test finds the camera as `steady` leaves it, and the images of earlier tests."""
    server = Bench(tmp_path_factory.mktemp("bench"), DATABASE_URL=database_url)
    try:
        yield server.wait_until_ready()
    finally:
        server.kill()


@pytest.fixture(autouse=True)
def steady(bench):
    """The same settings for each test, and nobody controls the camera."""
    if not bench.is_steady():
        bench.free_camera()
        bench.set_camera(exposure=EXPOSURE_MS, gain=GAIN_DB)
        bench.free_camera()


@pytest.fixture
def upright(bench, steady):
    """Set the camera like a newly opened one, before and after the test."""
    bench.set_camera(**UPRIGHT)
    yield
    bench.set_camera(**UPRIGHT)


@pytest.fixture(scope="package")
def keys_of(chromium, bench):
    """keys_of("ada") returns the cookies of a browser where ada is signed in. She signs in once for all tests."""
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


def open_page(chromium, bench, keys, **kind):
    """Open an empty page of a new browser that has these keys. Close its `context`; `incidents` are those of all its
    pages."""
    known = {"base_url": bench.address("/"), "storage_state": keys, "timezone_id": "UTC", "viewport": DESK}
    context = chromium.new_context(**{**known, **kind})
    context.set_default_timeout(30_000)
    incidents = Incidents(context)
    page = context.new_page()
    page.incidents = incidents
    return page


@pytest.fixture
def open_browser(chromium, bench, keys_of):
    """open_browser("ada") returns an empty page of a new browser where ada is signed in; without a name, nobody is.

    At the end of the test no page may have an incident that `page.incidents.expect` did not name.
    """
    opened = []

    def make(person: str | None = None, **kind):
        opened.append(open_page(chromium, bench, keys_of(person) if person else None, **kind))
        return opened[-1]

    yield make
    for page in opened:
        page.context.close()
    assert [text for page in opened for text in page.incidents.unexpected()] == []


@pytest.fixture
def visit(open_browser):
    """visit("/images/") opens the page as ada, an operator; visit("/", "vera") as a viewer."""

    def go(address: str, person: str = "ada", **kind):
        page = open_browser(person, **kind)
        page.goto(address)
        return page

    return go


@pytest.fixture
def watch_live(visit):
    """watch_live() opens the live page and waits until pictures come."""

    def go(person: str = "ada", **kind):
        page = visit("/", person, **kind)
        live_stage(page).wait_for()
        return page

    return go


@pytest.fixture
def live_settings(watch_live):
    """The live page with all settings open."""
    page = watch_live()
    page.locator("#geometry").evaluate("details => { details.open = true; }")
    expect(page.locator("#gains-red")).to_have_value("1")
    expect(page.locator("#exposure")).to_have_value("10.00")
    return page


@pytest.fixture
def objective(bench, request):
    """An objective of this test's own. After the test no objective is in place."""
    yield bench.add_objective(request.node.name)
    bench.set_camera(objective=None)


@pytest.fixture
def calibrated(bench, objective):
    """The objective, calibrated at half a micrometre per sensor pixel. It is not in place yet."""
    micrometer = bench.capture(format="jpg", sample="stage micrometer")
    bench.calibrate(objective["id"], micrometer["imageId"], um_per_pixel=0.5)
    return objective


@pytest.fixture
def capture_set(bench, request):
    """capture_set(3) captures three images of a sample of this test alone, and returns them newest first."""
    sample = request.node.name

    def capture(number: int, **wanted):
        return [bench.capture(sample=sample, format="jpg", **wanted) for _ in range(number)][::-1]

    capture.sample = sample
    return capture


def describe(request) -> str:
    return f"{request.method} {urlsplit(request.url).path}"


@pytest.fixture
def changes_of():
    """changes_of(page) returns the changing calls since it was first called, such as "POST /api/v1/images/bin"."""
    asked = {}

    def watch(page) -> list[str]:
        if page not in asked:
            asked[page] = []
            page.on(
                "request",
                lambda one: one.method != "GET" and asked[page].append(f"{one.method} {urlsplit(one.url).path}"),
            )
        # The page's earlier events come before this answer: all earlier calls are noted by now.
        take_answers(page)
        return asked[page]

    return watch


@pytest.fixture
def told(open_browser):
    """told(control) opens the live page, or another one, and the server says this of control."""

    def go(control, address="/", **kind):
        page = open_browser(**{"person": "ada", **kind})
        page.told = Told(page, control)
        page.goto(address)
        if address == "/":
            live_stage(page).wait_for()
        return page

    return go
