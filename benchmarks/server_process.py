"""The real server in a process of its own, on a free port, with a temporary data folder."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from microscope.tests.server_process import find_free_port

ROOT = Path(__file__).resolve().parent.parent
PASSWORD = "benchmark-password"
# "none": a library has no camera.
READY = ("ready", "streaming", "none")


class ServerProcess:
    """`with ServerProcess(SIMULATED_CAMERA="...") as server:` serves within the block."""

    def __init__(self, command: list[str] | None = None, **environment: str) -> None:
        """`command` is run instead of `manage.py serve`."""
        self._command = command or [sys.executable, "manage.py", "serve"]
        self._folder = tempfile.TemporaryDirectory(prefix="microscope-benchmark-", ignore_cleanup_errors=True)
        self.data_path = Path(self._folder.name)
        self.port = find_free_port()
        self._environment = {
            **os.environ,
            "DATA_PATH": self._folder.name,
            "PORT": str(self.port),
            "CAMERA_DRIVER": "simulated",
            "ADMIN_USERNAME": "admin",
            "ADMIN_PASSWORD": PASSWORD,
            **environment,
        }

    def __enter__(self) -> "ServerProcess":
        log = open(self.data_path / "server.log", "wb")
        self._process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        self._wait_until_ready()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(30)
        self._folder.cleanup()

    def set_up(self) -> None:
        """Make the database, as the first start does. The block then serves as on every later day."""
        self.manage("migrate", "--verbosity", "0")

    def manage(self, *arguments: str) -> None:
        """Run `manage.py` on the same data, with or without the server beside it."""
        subprocess.run([sys.executable, "manage.py", *arguments], cwd=ROOT, env=self._environment, check=True)

    def log_in(self) -> "Client":
        client = Client(self.port)
        answer = client.post("/api/v1/auth/login", {"username": "admin", "password": PASSWORD})
        client.token = answer["access"]
        return client

    def resident_mb(self) -> float:
        """Return the memory that the process really uses (Linux)."""
        return self._memory_mb("VmRSS")

    def most_resident_mb(self) -> float:
        """Return the most memory since the start, or since `forget_most_resident` (Linux)."""
        return self._memory_mb("VmHWM")

    def forget_most_resident(self) -> None:
        Path(f"/proc/{self._process.pid}/clear_refs").write_text("5")

    def cpu_seconds(self) -> float:
        """Return the processor time until now (Linux)."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def _memory_mb(self, kind: str) -> float:
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1000 for line in lines if line.startswith(kind))

    def _wait_until_ready(self, patience_s: float = 60) -> None:
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            try:
                client = Client(self.port)
                if client.get("/health")["camera"]["state"] in READY:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.1)
        raise RuntimeError((self.data_path / "server.log").read_text())


class Client:
    """One keep-alive connection. For one thread."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.token = token
        self.port = port

    def get(self, path: str) -> dict:
        return self.ask("GET", path, None)

    def post(self, path: str, body: dict) -> dict:
        return self.ask("POST", path, json.dumps(body))

    def ask(self, method: str, path: str, body: str | None) -> dict:
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        content = json.loads(answer.read())
        if answer.status >= 400 and path != "/health":
            raise RuntimeError(f"{method} {path}: {answer.status} {content}")
        return content
