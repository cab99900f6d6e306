"""A little store on this computer that keeps objects in memory. When a test says so, it lies, drips, hangs or breaks
off."""

import hashlib
import socket
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

BLOCK_BYTES = 65_536
# So many bytes wait in the system at most before a sender notices that nobody takes them.
SMALL_BUFFER_BYTES = 4096
# A drip goes on for so long; then it ends well, so that whoever waits for ever fails and does not hang.
DRIPS, DRIP_S = 1200, 0.05
ETAG = {"ETag": '"of-what-was-put"'}
LIST = (
    "<?xml version='1.0'?><ListBucketResult xmlns='http://s3.amazonaws.com/doc/2006-03-01/'>"
    "<IsTruncated>{}</IsTruncated>{}{}</ListBucketResult>"
)
LISTED = "<Contents><Key>{}</Key><Size>{}</Size><LastModified>2026-11-27T10:00:00.000Z</LastModified></Contents>"
ERROR = "<?xml version='1.0'?><Error><Code>{}</Code><Message>said so</Message></Error>"


@dataclass
class LyingStore:
    """`lie` sees each request first, and returns True if it has dealt with it. `seen`: the requests, as `PUT a/b`."""

    port: int = 0
    lie: Callable[["Handler"], bool] = lambda handler: False
    objects: dict[str, bytes] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)
    has_come: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)
    was_outwaited: bool = False  # somebody waited until a drip or a silence had come to its end

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def fail(self, method: str, status: int, code: str, **headers: str) -> None:
        """Answer every request of this method with an error of S3."""
        self.lie = lambda handler: handler.command == method and handler.refuse(status, code, headers)


class Handler(BaseHTTPRequestHandler):
    """One connection. `store` is what it speaks for."""

    protocol_version = "HTTP/1.1"
    store: LyingStore

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    @property
    def key(self) -> str:
        """The key of the request; empty for the bucket itself."""
        return unquote(urlsplit(self.path).path).lstrip("/").partition("/")[2]

    def deal(self) -> None:
        self._body: bytes | None = None
        self.store.seen.append(f"{self.command} {self.key}")
        self.store.has_come.set()
        with suppress(OSError):
            if not self.store.lie(self):
                getattr(self, f"tell_{self.command.lower()}")()

    do_PUT = do_GET = do_HEAD = do_DELETE = deal

    def tell_put(self) -> None:
        body = self.read_body()
        if self.key in self.store.objects and self.headers["If-None-Match"] == "*":
            self.refuse(412, "PreconditionFailed")
        elif self.headers["Content-MD5"] not in (None, b64encode(hashlib.md5(body).digest()).decode()):
            self.refuse(400, "BadDigest")
        else:
            self.store.objects[self.key] = body
            self.store.metadata[self.key] = self.headers["x-amz-meta-sha256"] or ""
            self.answer(200, headers=ETAG)

    def tell_get(self) -> None:
        if not self.key:
            self.tell_list()
            return
        body = self.store.objects.get(self.key)
        if body is None:
            self.refuse(404, "NoSuchKey")
            return
        asked = (self.headers["Range"] or "").removeprefix("bytes=")
        if not asked:
            self.answer(200, body)
            return
        first, _, last = asked.partition("-")
        part = body[int(first) : int(last) + 1 if last else None]
        self.answer(206, part, {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(body)}"})

    def tell_list(self) -> None:
        """Tell one page of the keys; the token of the next one is the last key."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        prefix, after = asked.get("prefix", ""), asked.get("continuation-token", "")
        keys = [key for key in sorted(self.store.objects) if key.startswith(prefix) and key > after]
        page = keys[: int(asked.get("max-keys", 1000))]
        entries = "".join(LISTED.format(escape(key), len(self.store.objects[key])) for key in page)
        is_cut = len(page) < len(keys)
        more = f"<NextContinuationToken>{escape(page[-1])}</NextContinuationToken>" if is_cut else ""
        self.answer(200, LIST.format(str(is_cut).lower(), more, entries).encode())

    def tell_head(self) -> None:
        body = self.store.objects.get(self.key)
        if self.key and body is None:
            self.answer(404)
        else:
            self.answer(200, body or b"")

    def tell_delete(self) -> None:
        self.store.objects.pop(self.key, None)
        self.answer(204)

    def read_body(self) -> bytes:
        if self._body is None:
            self._body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return self._body

    def answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> bool:
        self.begin(status, len(body), headers)
        if self.command != "HEAD":
            self.wfile.write(body)
        return True

    def begin(self, status: int, size_bytes: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        said = {"Content-Length": str(size_bytes), "Last-Modified": self.date_time_string(), **(headers or {})}
        if sum_told := self.store.metadata.get(self.key):
            said["x-amz-meta-sha256"] = sum_told
        for name, value in said.items():
            self.send_header(name, value)
        self.end_headers()

    def refuse(self, status: int, code: str, headers: dict[str, str] | None = None) -> bool:
        self.read_body()
        return self.answer(status, ERROR.format(code).encode(), headers)

    # Lies

    def hang(self) -> bool:
        """Say nothing, and take nothing."""
        self.store.was_outwaited |= not self.store.is_over.wait(DRIPS * DRIP_S)
        self.close_connection = True
        return True

    def drip(self, text: bytes) -> bool:
        """Send a byte now and then, for ever."""
        for byte in text * (DRIPS // len(text) + 1):
            self.wfile.write(bytes([byte]))
            if self.store.is_over.wait(DRIP_S):
                break
        else:
            self.store.was_outwaited = True
        self.close_connection = True
        return True

    def cut(self) -> bool:
        """Break the connection off."""
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True
        return True


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
        super().server_bind()


@contextmanager
def lying_store() -> Iterator[LyingStore]:
    store = LyingStore()
    server = _Server(("127.0.0.1", 0), type("Telling", (Handler,), {"store": store}))
    store.port = server.server_port
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    serving.start()
    try:
        yield store
    finally:
        store.is_over.set()
        server.shutdown()
        server.server_close()
        serving.join()
