"""Two installations on one PC: a browser sends the cookies of one port to the other, too."""

import re
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar

import pytest

from microscope.tests.server_process import ServerProcess

PASSWORD = "a-long-secret-word"


@pytest.fixture
def two_servers(tmp_path):
    """The second installation is a copy with the same key, which is the harder case."""
    servers = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        servers.append(ServerProcess(tmp_path / name, DATABASE_URL="", ADMIN_PASSWORD=PASSWORD))
    yield [server.wait_until_ready() for server in servers]
    for server in servers:
        server.kill()


def read(opener, address: str, form: dict[str, str] | None = None) -> str:
    data = urllib.parse.urlencode(form).encode() if form else None
    with opener.open(address, data, timeout=60) as page:
        return page.read().decode()


def sign_in(opener, server: ServerProcess) -> None:
    page = read(opener, server.address("/sign-in"))
    token = re.search('name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert token
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    read(opener, server.address("/sign-in"), form)


def test_a_browser_stays_signed_in_to_both_and_writes_to_both(two_servers):
    cookies = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    for server in two_servers:
        sign_in(opener, server)
    for server in two_servers:
        page = read(opener, server.address("/"))
        assert "Sign out" in page
        name = re.search('data-csrf-cookie="([^"]+)"', page)
        token = next(cookie.value for cookie in cookies if name and cookie.name == name[1])
        request = urllib.request.Request(
            server.address("/api/v1/camera/settings"),
            b'{"gain": 1}',
            {"Content-Type": "application/json", "X-CSRFToken": token},
            method="PATCH",
        )
        assert opener.open(request, timeout=60).status == 200
