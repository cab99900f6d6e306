"""Many pages that ask for the camera's state, in one process of their own, so that a benchmark measures the server.

`Pollers` runs it. Each page has a connection and a thread; their first questions are spread over one interval.
"""

import json
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from http.client import HTTPConnection
from http.cookiejar import CookieJar

from benchmarks.server_process import PASSWORD, ROOT

STATE = "/api/v1/camera"
POLL_EVERY_S = 1.5  # static/microscope/control/state.js, while somebody controls the camera


class Pollers:
    """`with Pollers(port, 50) as pollers:` polls within the block. Then `took_ms` holds how long each answer took."""

    def __init__(self, port: int, pages: int) -> None:
        self._command = [sys.executable, "-m", "benchmarks.pollers", str(port), sign_in(port), str(pages)]
        self.took_ms: list[float] = []

    def __enter__(self) -> "Pollers":
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdout
        self._process.stdout.readline()  # each page has its first answer
        return self

    def __exit__(self, *_: object) -> None:
        said, _ = self._process.communicate(timeout=60)
        self.took_ms = json.loads(said)


def sign_in(port: int) -> str:
    """Sign the administrator in as a browser does. Returns the header with the cookies."""
    cookies = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    address = f"http://127.0.0.1:{port}/sign-in"
    opener.open(address).close()
    token = next(cookie.value for cookie in cookies if "csrf" in cookie.name)
    form = {"username": "admin", "password": PASSWORD, "csrfmiddlewaretoken": token or ""}
    opener.open(address, urllib.parse.urlencode(form).encode()).close()
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in cookies)


class Page(threading.Thread):
    """Asks at once, and then in each interval."""

    def __init__(self, port: int, cookies: str, ending: threading.Event) -> None:
        super().__init__(daemon=True)
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Cookie": cookies, "X-Page-In-Sight": "1"}
        self._ending = ending
        self.took_ms: list[float] = []
        self.has_begun = threading.Event()

    def run(self) -> None:
        while not self._ending.is_set():
            began_s = time.perf_counter()
            self._ask()
            took_s = time.perf_counter() - began_s
            self.took_ms.append(took_s * 1000)
            self.has_begun.set()
            self._ending.wait(max(POLL_EVERY_S - took_s, 0))

    def _ask(self) -> None:
        self._connection.request("GET", STATE, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status} {content!r}")


def main() -> None:
    port, cookies, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    ending = threading.Event()
    pages = [Page(port, cookies, ending) for _ in range(count)]
    for page in pages:
        page.start()
        time.sleep(POLL_EVERY_S / count)
    for page in pages:
        if not page.has_begun.wait(60):
            sys.exit("A page got no answer.")
    print(flush=True)
    sys.stdin.read()
    ending.set()
    for page in pages:
        page.join(60)
    print(json.dumps([took_ms for page in pages for took_ms in page.took_ms[1:]]))


if __name__ == "__main__":
    main()
