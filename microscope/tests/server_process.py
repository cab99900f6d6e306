"""The real server as a process of its own, for tests that stop it, kill it, or take things away from it."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from microscope.tests.migrated import fill_file
from microscope.tests.warm.program import run_program, start_cold, start_program

ROOT = Path(__file__).resolve().parents[2]
# The system gives no port of this range to other connections. One of those could be taken again before the server
# starts.
PORTS = range(20_000, 32_000)
# The processes of the tests start servers at the same moment, so each of them takes ports of its own share, in turn.
SHARES = max(64, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))
# How a request ends if its server dies, does not listen yet, or does not answer in time.
NO_ANSWER = (OSError, http.client.HTTPException, json.JSONDecodeError)


def find_free_port() -> int:
    """Return a port of this PC on which no program listens, and that was not returned shortly before."""
    for port in islice(_own_ports(), len(PORTS) // SHARES):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(f"no port of {PORTS} is free")


@cache
def _own_ports() -> Iterator[int]:
    number = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    share = PORTS[number % SHARES :: SHARES]
    return cycle(random.sample(share, len(share)))


class ServerProcess:
    """A server on a free port, with the given folder. Call `wait_until_ready` before the first request.

    Its database has all tables already, and no user. `FirstStart` makes them itself.
    """

    program = ("manage.py", "serve")
    has_tables = True
    is_warm = True

    def __init__(self, data_path: Path, **environment: str) -> None:
        self.port, self.data_path = find_free_port(), data_path
        self._environment = {**os.environ, "DATA_PATH": str(data_path), "PORT": str(self.port), **environment}
        if self.has_tables and not self._environment.get("DATABASE_URL"):
            fill_file(data_path / "microscope.sqlite3")
        self._log = (data_path / f"server-{self.port}.log").open("w+")
        start = start_program if self.is_warm else start_cold
        self._process = start([*self.program], self._environment, self._log, stdin=subprocess.PIPE)

    @property
    def process_id(self) -> int:
        return self._process.pid

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def wait_until_ready(self, patience_s: float = 120) -> "ServerProcess":
        """Wait until the server answers and the camera is open, or could not be opened."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s and self._process.poll() is None:
            try:
                if self.ask("GET", "/health")[1]["camera"]["state"] not in ("closed", "opening"):
                    return self
            except NO_ANSWER:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log())

    def ask(self, method: str, path: str, body: Any = None, token: str = "", lease: str = "") -> tuple[int, Any]:
        """Return status and JSON of the answer. Raises one of NO_ANSWER."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if lease:
            headers["X-Control-Lease"] = lease
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address(path), data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def log_in(self, username: str, password: str) -> str:
        status, answer = self.ask("POST", "/api/v1/auth/login", {"username": username, "password": password})
        assert status == 200, answer
        return answer["access"]

    def address(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def tell(self, line: str) -> None:
        """Write a line to the standard input of the server. `serve` itself reads none."""
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def run_beside(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command of manage.py on the same data to its end. Any exit code is allowed."""
        return run_program(["manage.py", *command], self._environment, timeout_s=120)

    def tell_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """Interrupt the server, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def wait_until_ended(self, patience_s: float = 30) -> int:
        return self._process.wait(patience_s)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._log.close()


class ColdStart(ServerProcess):
    """A server that starts as users start it."""

    is_warm = False


class FirstStart(ColdStart):
    """A server that may find nothing: it makes its tables, as on the day when somebody installs the program."""

    has_tables = False
