"""The program below a root path, behind a proxy that removes the path and behind one that keeps it."""

import re
import urllib.request
from pathlib import Path

import pytest

from microscope.tests.server_process import ROOT, ServerProcess

PASSWORD = "correct-horse-battery"
VENDORED = "vendor"
# A proxy that takes our paths and puts the root path before them.
TAKES_PATHS = r"(?:\b(?:addressOf|get|post|patch|remove|move|send|Poll)\(|ADDRESS = |\? )"


def pages() -> list[Path]:
    return sorted((ROOT / "templates").rglob("*.html"))


def modules() -> list[Path]:
    return [path for path in sorted((ROOT / "static").rglob("*.js")) if VENDORED not in path.parts]


@pytest.mark.parametrize("path", pages(), ids=lambda path: path.name)
def test_no_page_writes_an_address_by_hand(path):
    assert re.findall(r'\b(?:href|src|action|data-[a-z-]+)="/[^"]*"', path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.name)
def test_no_module_writes_an_address_beside_the_one_root(path):
    code = re.sub(r"/\*.*?\*/", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    written = re.findall(r".*[\"'`]/(?:api|images|sign-in|objectives|static|admin)\b.*", code)
    assert [line for line in written if not re.search(TAKES_PATHS + r"[\"'`]/|addressOf\(", line)] == []


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rooted")
    server = ServerProcess(folder, DATABASE_URL="", ADMIN_PASSWORD=PASSWORD, ROOT_PATH="/microscope")
    yield server.wait_until_ready()
    server.kill()


@pytest.mark.parametrize("before", ["", "/microscope"])
def test_every_address_follows_whether_the_proxy_keeps_the_path_or_not(server, before):
    with urllib.request.urlopen(server.address(f"{before}/images/"), timeout=60) as answer:
        assert answer.url == server.address("/microscope/sign-in?next=/microscope/images/")
        page = answer.read().decode()
        cookies = answer.headers.get_all("Set-Cookie")
    addresses = [one for one in re.findall(r'(?:href|src|action)="([^"]+)"', page) if not one.startswith("#")]
    assert addresses and all(one.startswith("/microscope/") for one in addresses)
    assert cookies and all("Path=/microscope" in cookie for cookie in cookies)
    for address in addresses:
        with urllib.request.urlopen(server.address(address), timeout=60) as answer:
            assert answer.status == 200


@pytest.mark.parametrize("before", ["", "/microscope"])
def test_a_capture_its_file_and_the_next_page_lie_beneath_the_path(server, before):
    _, pair = server.ask("POST", f"{before}/api/v1/auth/login", {"username": "admin", "password": PASSWORD})
    captures = [server.ask("POST", f"{before}/api/v1/camera/capture", {}, pair["access"])[1] for _ in range(2)]
    assert all(one["url"].startswith("/microscope/api/v1/images/") for one in captures)
    _, listed = server.ask("GET", f"{before}/api/v1/images?limit=1", token=pair["access"])
    assert listed["next"].startswith("/microscope/api/v1/images?")
    assert server.ask("GET", listed["next"], token=pair["access"])[0] == 200
    assert server.ask("GET", f"{before}/health")[0] == 200
