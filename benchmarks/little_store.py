"""A little store in a process of its own, so that a benchmark measures the server. It keeps only sizes and sums.

`LittleStore("takes")` runs it. It takes everything; or it `hangs` and says nothing, or is `still`: it says nothing and
takes nothing, so that the sender's connection fills up. One that `keeps` keeps the bytes, too, and gives them back.
"""

import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from benchmarks.server_process import ROOT

BLOCK_BYTES = 2**20
KINDS = ("takes", "hangs", "still")


def settings_of_store(endpoint: str) -> dict[str, str]:
    """Return the settings of a program that uses this store."""
    keys = {"S3_ACCESS_KEY": "benchmark", "S3_SECRET_KEY": "benchmark-secret"}
    return {"S3_ENDPOINT": endpoint, "S3_BUCKET": "pictures", **keys}


class LittleStore:
    """`with LittleStore("takes") as store:` serves at `store.endpoint` within the block."""

    def __init__(self, kind: str) -> None:
        self._command = [sys.executable, "-m", "benchmarks.little_store", kind]

    def __enter__(self) -> "LittleStore":
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(self._command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
        assert self._process.stdout
        self.endpoint = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()


class _Store(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    kind = "takes"

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.kept: dict[str, tuple[int, str]] = {}
        self.contents: dict[str, bytes] = {}

    def handle_error(self, *_: object) -> None:
        """A program that ends breaks its connections off."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Store

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_PUT(self) -> None:
        left = size_bytes = int(self.headers["Content-Length"])
        while self.server.kind == "takes" and left:
            left -= len(self.rfile.read(min(left, BLOCK_BYTES)))
        if self.server.kind in ("hangs", "keeps"):
            content = self.rfile.read(size_bytes)
        if self.server.kind == "keeps":
            self.server.contents[self.path] = content
        elif self.server.kind != "takes":
            threading.Event().wait()
        self.server.kept[self.path] = size_bytes, self.headers["x-amz-meta-sha256"] or ""
        self._answer(200, 0, {"ETag": '"kept"'})

    def do_GET(self) -> None:
        content = self.server.contents.get(self.path)
        if content is None:
            self._answer(404, 0, {})
        else:
            self._answer(200, len(content), {"x-amz-meta-sha256": self.server.kept[self.path][1]})
            self.wfile.write(content)

    def do_HEAD(self) -> None:
        known = self.server.kept.get(self.path)
        if known is None:
            self._answer(404, 0, {})
        else:
            self._answer(200, known[0], {"x-amz-meta-sha256": known[1]})

    def _answer(self, status: int, size_bytes: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(size_bytes), **headers}.items():
            self.send_header(name, value)
        self.end_headers()


if __name__ == "__main__":
    _Store.kind = sys.argv[1]
    store = _Store()
    print(store.server_port, flush=True)
    store.serve_forever()
