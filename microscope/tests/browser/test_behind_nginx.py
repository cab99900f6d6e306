"""The whole program under a path, behind a real nginx with the lines of docs/run/install.md."""

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from microscope.tests.browser.conftest import DESK
from microscope.tests.browser.incidents import Incidents
from microscope.tests.browser.nginx import Nginx, read_location, read_settings
from microscope.tests.browser.sight import live_stage, wait_for_change
from microscope.tests.server_process import ServerProcess

PASSWORD = "behind-nginx-password"
CAMERA = {"CAMERA_DRIVER": "simulated", "SIMULATED_CAMERA": "colour-small", "LIVE_MAX_FPS": "5"}
# Every address in an element of the page, resolved like the browser does.
READ_ADDRESSES = """() => [
    ...[...document.querySelectorAll("a[href], link[href], area[href]")].map(one => [one.localName, one.href]),
    ...[...document.querySelectorAll("script[src], img[src], source[src]")].map(one => [one.localName, one.src]),
    ...[...document.querySelectorAll("form")]
        .map(one => ["form", new URL(one.getAttribute("action") ?? "", location).href]),
    ...[...document.querySelectorAll("button[formaction]")].map(one => ["button", one.formAction]),
    ...[...document.querySelectorAll("meta[content^='/']")].map(one => ["meta", new URL(one.content, location).href]),
]"""
# Addresses where a click downloads or ends the session.
NOT_A_PAGE = re.compile(r"/status/report$|/(sign-out|logout|api/v1/|api/schema|static/)")
START = ["/", "/images/", "/profile", "/admin/", "/api/docs"]
MIN_PAGES = 30


class Site:
    """The program as its users reach it. All other paths of the host belong to others."""

    def __init__(self, nginx: Nginx, root: str) -> None:
        self.root = nginx.address(root)

    def address(self, path: str) -> str:
        return f"{self.root}{path}"

    def holds(self, address: str) -> bool:
        parts = urlsplit(address)
        return parts.scheme in ("data", "blob", "about") or address.startswith(f"{self.root}/")


@pytest.fixture(scope="module", params=["kept", "removed"])
def site(request, chromium, tmp_path_factory):
    """The proxy keeps the path, or it removes it. The page allows both."""
    folder, wanted, location = tmp_path_factory.mktemp("proxied"), read_settings(), read_location()
    if request.param == "removed":
        location = location.replace(":3000;", ":3000/;")
    server = ServerProcess(folder, DATABASE_URL="", ADMIN_PASSWORD=PASSWORD, **{**wanted, **CAMERA})
    nginx = Nginx(folder, location, server.port)
    try:
        server.wait_until_ready()
        yield Site(nginx, wanted["ROOT_PATH"])
    finally:
        nginx.stop()
        server.kill()


@pytest.fixture
def page(chromium, site):
    """A browser where the administrator is signed in. It must not request anything outside the path.

    `ignore_https_errors` is for `page.request`, which does not go through the browser.
    """
    context = chromium.new_context(ignore_https_errors=True, viewport=DESK, timezone_id="UTC")
    context.set_default_timeout(60_000)
    incidents, asked = Incidents(context), []
    context.on("request", lambda request: asked.append(request.url))
    page = context.new_page()
    page.incidents = incidents
    page.goto(site.address("/images/"))
    expect(page).to_have_url(re.compile(re.escape(site.address("/sign-in?next="))))
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(site.address("/images/"))
    yield page
    context.close()
    assert [address for address in asked if not site.holds(address)] == []
    assert incidents.unexpected() == []


def capture(page, site) -> str:
    """Capture on the live page and return the address of the new image's page."""
    page.goto(site.address("/"))
    live_stage(page).wait_for()
    page.locator("#capture").click()
    expect(page.locator("#slot-result")).to_contain_text("Safe on disk")
    return page.locator("#slot-result").get_by_role("link", name="Open").evaluate("link => link.href")


def shape_of(address: str) -> str:
    """Return the address without numbers and query: one page is visited for all that differ only by these."""
    return re.sub(r"\d+|[0-9a-f]{8}-[0-9a-f-]{27}", "N", urlsplit(address).path)


def test_every_address_of_every_page_lies_beneath_the_path(page, site):
    waiting, visited = [capture(page, site), *map(site.address, START)], set()
    while waiting:
        address = waiting.pop(0)
        if shape_of(address) in visited:
            continue
        visited.add(shape_of(address))
        page.goto(address)
        found = [(kind, one) for kind, one in page.evaluate(READ_ADDRESSES) if one]
        assert [pair for pair in found if not site.holds(pair[1])] == [], address
        waiting += [one for kind, one in found if kind == "a" and not NOT_A_PAGE.search(one)]
    assert len(visited) >= MIN_PAGES, sorted(visited)


def test_the_live_picture_moves_and_a_capture_is_downloaded_as_it_was_kept(page, site):
    page.goto(site.address("/"))
    live_stage(page).wait_for()
    wait_for_change(page)
    wait_for_change(page)
    page.goto(capture(page, site))
    image_id = int(re.search(r"/images/(\d+)/", page.url)[1])
    kept = page.request.get(site.address(f"/api/v1/images/{image_id}")).json()
    with page.expect_download() as coming:
        page.keyboard.press("d")
    assert hashlib.sha256(Path(coming.value.path()).read_bytes()).hexdigest() == kept["sha256"]


def test_a_link_for_other_programs_is_the_proxys_address(page, site):
    page.goto(site.address("/"))
    page.get_by_role("button", name="Open in another program").click()
    field = page.get_by_label("One picture (JPEG)")
    expect(field).not_to_have_value("")
    address = field.input_value()
    assert site.holds(address)
    answer = page.request.get(address)
    assert (answer.status, answer.body()[:2]) == (200, b"\xff\xd8")


def test_what_is_changed_in_the_admin_is_kept(page, site):
    page.goto(site.address("/admin/auth/group/add/"))
    page.get_by_label("Name").fill("visitors")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page).to_have_url(site.address("/admin/auth/group/"))
    page.get_by_role("link", name="visitors").last.click()
    page.get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Yes").click()
    expect(page).to_have_url(site.address("/admin/auth/group/"))
    expect(page.locator("#result_list").get_by_role("link", name="visitors")).to_have_count(0)


def test_the_page_of_the_api_captures(page, site):
    page.goto(site.address("/api/docs"))
    call = page.locator("#operations-camera-camera_capture_create")
    call.locator(".opblock-summary-control").click()
    call.get_by_role("button", name="Try it out").click()
    call.get_by_role("button", name="Execute").click()
    expect(call.locator(".live-responses-table .response-col_status").last).to_contain_text("201")


def test_signing_out_ends_on_the_page_of_signing_in(page, site):
    page.goto(site.address("/profile"))
    page.locator("#account-menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page).to_have_url(re.compile(re.escape(site.address("/sign-in"))))
