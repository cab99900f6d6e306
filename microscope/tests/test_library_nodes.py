"""Two nodes of one library, as processes of their own: neither knows of any camera, and neither keeps what the other
one does not know."""

import http.cookiejar
import re
import urllib.error
import urllib.parse
import urllib.request

import pytest

from accounts.throttling import MAX_BY_NAME_AND_ADDRESS
from images.tests.store.lying_store import lying_store
from microscope.tests.migrated import own_postgres
from microscope.tests.server_process import ColdStart, ServerProcess
from tests.promises.routes import API, PAGES

pytestmark = pytest.mark.long

PASSWORD = "a-long-enough-word-19"
DRIVERS = ("camera.drivers.pixelink", "camera.drivers.simulated")


class ImportingServer(ColdStart):
    """Prints each module that it imports."""

    program = ("-X", "importtime", "manage.py", "serve")

    def imported(self) -> set[str]:
        return set(re.findall(r"^import time:.*\| +([\w.]+)$", self.log(), re.MULTILINE))


@pytest.fixture
def database(needs_postgres):
    with own_postgres(needs_postgres, "nodes") as address:
        yield address


@pytest.fixture
def start_node(database, tmp_path):
    """start_node() starts a node with a data folder of its own, and waits until it answers."""
    started = []
    with lying_store() as store:
        of_all = {"DATABASE_URL": database, "S3_BUCKET": "pictures", "S3_ENDPOINT": store.endpoint}
        of_all |= {"S3_ACCESS_KEY": "access", "S3_SECRET_KEY": "secret-of-the-store", "ADMIN_PASSWORD": PASSWORD}

        def start(kind: type[ServerProcess] = ServerProcess) -> ServerProcess:
            folder = tmp_path / f"node-{len(started)}"
            folder.mkdir()
            started.append(kind(folder, MICROSCOPE_ROLE="library", CAMERA_DRIVER="", **of_all))
            return started[-1].wait_until_ready()

        yield start
        for node in started:
            node.kill()


def fill_in(address: str) -> str:
    return re.sub("<int:[a-z_]+>", "1", re.sub("<uuid:[a-z_]+>", "00000000-0000-4000-8000-000000000000", address))


def ask(node: ServerProcess, method: str, address: str, token: str) -> int:
    """Return the status of the answer, whatever it holds."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = None if method == "GET" else b"{}"
    request = urllib.request.Request(node.address(address), body, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


class Browser:
    """One browser: its cookies go to every port of this computer."""

    def __init__(self) -> None:
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, address: str, **form: str) -> tuple[int, str, str]:
        """Return status, final address and text."""
        data = urllib.parse.urlencode(form).encode() if form else None
        try:
            with self._opener.open(address, data, timeout=60) as answer:
                return answer.status, answer.url, answer.read().decode()
        except urllib.error.HTTPError as refused:
            return refused.code, address, refused.read().decode()

    def sign_in(self, node: ServerProcess) -> None:
        page = self.open(node.address("/sign-in"))[2]
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        form = {"csrfmiddlewaretoken": token[1], "username": "admin", "password": PASSWORD}
        assert self.open(node.address("/sign-in"), **form)[0] == 200


def test_no_address_of_a_library_imports_a_driver(start_node):
    node, browser = start_node(ImportingServer), Browser()
    browser.sign_in(node)
    token = node.log_in("admin", PASSWORD)
    asked = [(method, fill_in(address)) for address, methods in API.items() for method in methods]
    for method, address in asked:
        if not address.startswith(("/api/v1/auth", "/api/schema")):
            assert ask(node, method, address, token) < 500, (method, address)
    for address in PAGES:
        if "<" not in address and "GET" in PAGES[address]:
            assert browser.open(node.address(address))[0] < 500, address
    imported = node.imported()
    assert "camera.absent.camera" in imported and "microscope.status.read" in imported
    assert not [name for name in imported if name.startswith(DRIVERS)]
    assert not (node.data_path / "images").exists()
    node.tell_to_stop()
    assert node.wait_until_ended() == 0
    assert "Ended." in node.log() and "Traceback" not in node.log()


def test_what_one_node_knows_the_other_one_knows_too(start_node):
    first, second = start_node(), start_node()
    assert "first administrator was made" in first.log() and "first administrator" not in second.log()
    # Tokens, sessions, and who has to wait.
    token = first.log_in("admin", PASSWORD)
    assert second.ask("GET", "/api/v1/auth/me", token=token)[0] == 200
    assert second.ask("POST", "/api/v1/camera/capture", {}, token)[1]["code"] == "no_camera"
    browser = Browser()
    browser.sign_in(first)
    status, address, page = browser.open(second.address("/images/"))
    assert (status, address) == (200, second.address("/images/")) and "Sign out" in page
    for attempt in range(MAX_BY_NAME_AND_ADDRESS):
        node = (first, second)[attempt % 2]
        assert node.ask("POST", "/api/v1/auth/login", {"username": "ada", "password": "wrong"})[0] == 401
    for node in (first, second):
        assert node.ask("POST", "/api/v1/auth/login", {"username": "ada", "password": "wrong"})[0] == 429
    # What ends on one node has ended on the other.
    made = first.ask("POST", "/api/v1/auth/tokens", {"name": "script"}, token)
    assert made[0] == 201, made
    personal = made[1]["token"]
    assert second.ask("GET", "/api/v1/auth/me", token=personal)[0] == 200
    assert ask(second, "DELETE", f"/api/v1/auth/tokens/{made[1]['id']}", token) == 204
    assert first.ask("GET", "/api/v1/auth/me", token=personal)[0] == 401
    # Events of one node are read, and waited for, at the other.
    events = second.ask("GET", "/api/v1/events?after=0", token=token)[1]
    assert second.ask("GET", f"/api/v1/events?after={events['next']}", token=token)[0] == 200
