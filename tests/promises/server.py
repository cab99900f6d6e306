"""The real server as a process that the tests of the promises start, call and kill."""

import html
import http.client
import json
import os
import socket
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from microscope.tests.server_process import NO_ANSWER, find_free_port
from microscope.tests.warm.program import start_program

USERNAME, PASSWORD = "admin", "a-long-secret-word"
PATIENCE_S = 180.0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    content: bytes
    took_s: float

    @property
    def body(self) -> Any:
        return json.loads(self.content)


class Client:
    """Calls a server with a new connection each time. Any thread may use it."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port = port
        self.token = token

    def ask(
        self, method: str, path: str, body: Any = None, timeout_s: float = PATIENCE_S, key: str | None = None
    ) -> Answer:
        """`key` is an Idempotency-Key. Raises one of NO_ANSWER."""
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        headers |= {"Idempotency-Key": key} if key else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout_s)
        began_at_s = time.perf_counter()
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        return Answer(answer.status, answer.headers, content, time.perf_counter() - began_at_s)

    def get(self, path: str) -> Any:
        """Return the JSON of an answer. Its status must be 200."""
        answer = self.ask("GET", path)
        assert answer.status == 200, answer.content
        return answer.body

    def health(self) -> dict[str, Any]:
        return self.ask("GET", "/health").body

    def capture(self, **asked: Any) -> Answer:
        return self.ask("POST", "/api/v1/camera/capture", asked)

    def must_capture(self, **asked: Any) -> dict[str, Any]:
        answer = self.capture(**asked)
        assert answer.status == 201, answer.content
        return answer.body

    def must(self, method: str, path: str, body: Any = None) -> Any:
        """Return the JSON of an answer, or None if it has no body. Its status must be a success."""
        answer = self.ask(method, path, body)
        assert 200 <= answer.status < 300, answer.content
        return answer.body if answer.content else None

    def images(self, query: str = "") -> list[dict[str, Any]]:
        """Return all images of the list, page by page."""
        found, address = [], f"/api/v1/images?limit=200{query}"
        while address:
            page = self.get(address)
            found += page["results"]
            address = page["next"]
        return found

    def log_in(self, username: str = USERNAME, password: str = PASSWORD) -> "Client":
        answer = self.ask("POST", "/api/v1/auth/login", {"username": username, "password": password})
        assert answer.status == 200, answer.content
        self.token = answer.body["access"]
        return self


class Browser:
    """A user who is signed in and reads pages. Only one thread may use it."""

    def __init__(self, port: int) -> None:
        self._address = f"http://127.0.0.1:{port}"
        self._cookies = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._cookies))
        self.send("/sign-in", {"username": USERNAME, "password": PASSWORD})

    def read(self, path: str) -> str:
        """Return the page as text, with its entities replaced by their characters."""
        with self._opener.open(self._address + path, timeout=PATIENCE_S) as page:
            return html.unescape(page.read().decode())

    def send(self, path: str, form: dict[str, str]) -> None:
        """Fill in the page's form and send it. Raises urllib's HTTPError if the server refuses it."""
        self.read(path)
        token = next(cookie.value for cookie in self._cookies if cookie.name.startswith("microscope_csrf"))
        data = urllib.parse.urlencode({**form, "csrfmiddlewaretoken": token or ""}).encode()
        self._opener.open(self._address + path, data, PATIENCE_S).close()


class Server:
    """Started on a free port with the given folder and plan (see `serving`)."""

    def __init__(self, data_path: Path, plan: dict[str, Any] | None = None, **environment: str) -> None:
        data_path.mkdir(exist_ok=True)
        self.port = find_free_port()
        self.client = Client(self.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(PATIENCE_S)
        self._link: Any = None
        plan = {**(plan or {}), "control": self._listener.getsockname()[1]}
        self._log_path = data_path / f"server-{time.time_ns()}.log"
        with self._log_path.open("w") as log:
            settings = {**os.environ, "DATA_PATH": str(data_path), "PORT": str(self.port), **environment}
            self._process = start_program(["-m", "tests.promises.serving", json.dumps(plan)], settings, log)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def count_open_files(self) -> int:
        """Linux."""
        return len(os.listdir(f"/proc/{self.process_id}/fd"))

    def resident_mb(self) -> float:
        """Return the memory that the process uses now, in MB. Only on Linux."""
        return self._memory_mb("VmRSS")

    def most_resident_mb(self) -> float:
        """Return the highest memory use so far, in MB. Only on Linux."""
        return self._memory_mb("VmHWM")

    def _memory_mb(self, kind: str) -> float:
        lines = Path(f"/proc/{self.process_id}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(kind))

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def browse(self) -> Browser:
        """Sign a user in, who reads the server's pages."""
        return Browser(self.port)

    def log(self) -> str:
        return self._log_path.read_text()

    def wait_until_answering(self) -> "Server":
        """Wait until the server answers, in good health or not."""
        self.wait_until(lambda: self.client.health()["camera"]["state"] not in ("closed", "opening"))
        return self

    def wait_until(self, is_so: Callable[[], object], within_s: float = PATIENCE_S) -> None:
        """Wait until the condition holds. It does not hold while no answer comes."""
        until_s = time.monotonic() + within_s
        while not _is_so(is_so):
            assert self.is_alive and time.monotonic() < until_s, f"it did not come to be:\n{self.log()[-6000:]}"
            time.sleep(0.02)

    def wait_until_well(self, within_s: float = PATIENCE_S) -> None:
        self.wait_until(lambda: self.client.ask("GET", "/health").status == 200, within_s)

    def tell(self, verb: str, *arguments: Any) -> Any:
        """Ask the process for a verb of `serving`."""
        if self._link is None:
            self._link = self._listener.accept()[0].makefile("rw")
        self._link.write(json.dumps([verb, arguments]) + "\n")
        self._link.flush()
        return json.loads(self._link.readline())

    def wait_until_dead(self, within_s: float = PATIENCE_S) -> None:
        self._process.wait(within_s)

    def kill(self) -> None:
        """End the process at once, as `kill -9` does."""
        self._process.kill()
        self._process.wait()
        self._listener.close()


def _is_so(is_so: Callable[[], object]) -> bool:
    try:
        return bool(is_so())
    except NO_ANSWER:
        return False
