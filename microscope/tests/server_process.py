"""The real server as a process of its own, for tests that stop it, kill it, or take its things away."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


class ServerProcess:
    """Started on a free port with the given folder; `wait_until_ready` before asking it anything."""

    def __init__(self, data_path: Path, **environment: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._log = (data_path / f"server-{self.port}.log").open("w+")
        self._process = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env={**os.environ, "DATA_PATH": str(data_path), "PORT": str(self.port), **environment},
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )

    @property
    def process_id(self) -> int:
        return self._process.pid

    def log(self) -> str:
        self._log.flush()
        return Path(self._log.name).read_text()

    def wait_until_ready(self, patience_s: float = 60) -> "ServerProcess":
        """Until it answers and the camera is open, or has failed to open."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s and self._process.poll() is None:
            try:
                if self.ask("GET", "/health")[1]["camera"]["state"] not in ("closed", "opening"):
                    return self
            except urllib.error.URLError:
                pass
            time.sleep(0.05)
        raise AssertionError(self.log())

    def ask(self, method: str, path: str, body: Any = None, token: str = "") -> tuple[int, Any]:
        """Status and JSON of the answer."""
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
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

    def tell_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def interrupt(self) -> None:
        """As Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def wait_until_ended(self, patience_s: float = 30) -> int:
        return self._process.wait(patience_s)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()
