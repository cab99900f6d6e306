"""Many watchers of the live view in one process that costs almost nothing, so that a benchmark measures the server.

It reads raw sockets and lets the system drop the pictures unread. `Watchers` runs it and asks it for figures.
"""

import json
import selectors
import socket
import statistics
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from benchmarks.server_process import ROOT

LIVE_PATH = "/api/v1/camera/live"
PART_BEGINS = b"--frame\r\n"
HEAD_ENDS = b"\r\n\r\n"
READ_BYTES = 64 * 1024
SMALL_BUFFER_BYTES = 64 * 1024
BIN = bytearray(4 * 1024 * 1024)


class Watchers:
    """`with Watchers(port, token, reading=50, stalled=5) as watchers:` watches within the block.

    The block begins when each watcher that reads has got a picture. The `stalled` ones ask for the stream and never
    read.
    """

    def __init__(self, port: int, token: str, reading: int, stalled: int = 0) -> None:
        self._command = [sys.executable, "-m", "benchmarks.watchers", str(port), token, str(reading), str(stalled)]

    def __enter__(self) -> "Watchers":
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self.report()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(30)

    def report(self) -> dict[str, Any]:
        """Return what was delivered since the last report: see `Watcher.figures`."""
        assert self._process.stdin and self._process.stdout
        print("report", file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError("The watchers ended early: see above.")
        return json.loads(answer)


class Stream:
    """One connection that reads. It counts pictures, and notes the age of each when its last byte has come."""

    def __init__(self, port: int, token: str) -> None:
        self.socket = ask_for_stream(port, token)
        self.socket.setblocking(False)
        self.ages_ms: list[float] = []
        self._head = b""
        self._to_skip = 0
        self._taken_at_s = 0.0
        self._last_number = b""

    def read(self) -> None:
        try:
            while self._read_some():
                pass
        except BlockingIOError:
            pass

    def _read_some(self) -> bool:
        """Return True if there may be more to read at once."""
        if self._to_skip:
            # With this flag Linux drops what is read, and copies nothing.
            size = self.socket.recv_into(BIN, self._to_skip, socket.MSG_TRUNC)
            self._require_open(size)
            self._to_skip -= size
            if self._to_skip == 0:
                self._note_arrival()
            return True
        block = self.socket.recv(READ_BYTES)
        self._require_open(len(block))
        self._head += block
        self._find_part()
        return True

    def _require_open(self, size: int) -> None:
        if size == 0:
            raise RuntimeError(f"The stream ended. {self._head[:1000]!r}")

    def _find_part(self) -> None:
        begin = self._head.find(PART_BEGINS)
        end = self._head.find(HEAD_ENDS, begin)
        if begin < 0 or end < 0:
            return
        fields = dict(line.split(b": ", 1) for line in self._head[begin:end].split(b"\r\n")[1:])
        body, self._head = self._head[end + len(HEAD_ENDS) :], b""
        self._to_skip = int(fields[b"Content-Length"]) - len(body)
        assert self._to_skip > 0, "a picture smaller than a read would be taken for two"
        is_new, self._last_number = fields[b"X-Frame-Number"] != self._last_number, fields[b"X-Frame-Number"]
        received_at = datetime.fromisoformat(fields[b"X-Frame-Received-At"].decode())
        self._taken_at_s = received_at.timestamp() if is_new else 0.0

    def _note_arrival(self) -> None:
        """A picture that is sent again is not a new one."""
        if self._taken_at_s:
            self.ages_ms.append((time.time() - self._taken_at_s) * 1000)


def ask_for_stream(port: int, token: str, buffer_bytes: int | None = None) -> socket.socket:
    connection = socket.socket()
    if buffer_bytes:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
    connection.connect(("127.0.0.1", port))
    head = f"GET {LIVE_PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n"
    connection.sendall(head.encode())
    return connection


def figures(streams: list[Stream], seconds: float) -> dict[str, Any]:
    """Return pictures a second (of the watcher who got the fewest, and the median) and ages in milliseconds."""
    rates = [len(stream.ages_ms) / seconds for stream in streams]
    ages_ms = [age_ms for stream in streams for age_ms in stream.ages_ms]
    for stream in streams:
        stream.ages_ms = []
    ranks = statistics.quantiles(ages_ms, n=20) if len(ages_ms) > 1 else [0.0] * 19
    return {
        "slowest_rate_hz": min(rates, default=0.0),
        "median_rate_hz": statistics.median(rates) if rates else 0.0,
        "median_age_ms": ranks[9],
        "age_ms_95": ranks[18],
    }


def main() -> None:
    port, token, reading, stalled = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    never_read = [ask_for_stream(port, token, SMALL_BUFFER_BYTES) for _ in range(stalled)]
    streams = [Stream(port, token) for _ in range(reading)]
    selector = selectors.DefaultSelector()
    for stream in streams:
        selector.register(stream.socket, selectors.EVENT_READ, stream)
    while not all(stream.ages_ms for stream in streams):
        for key, _ in selector.select():
            key.data.read()
    selector.register(sys.stdin, selectors.EVENT_READ)
    serve_figures(selector, streams)
    for connection in never_read:
        connection.close()


def serve_figures(selector: selectors.BaseSelector, streams: list[Stream]) -> None:
    """Write a line of figures for each line of input. Ends with the input."""
    began_at_s = time.perf_counter()
    while True:
        for key, _ in selector.select():
            if key.data:
                key.data.read()
                continue
            if not sys.stdin.readline():
                return
            now_s = time.perf_counter()
            print(json.dumps(figures(streams, now_s - began_at_s)), flush=True)
            began_at_s = now_s


if __name__ == "__main__":
    main()
