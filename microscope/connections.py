"""Clients that take their time: none of them may keep a thread from the others for long.

A connection gets a thread only once its request has come as a whole (see `incoming`). From then on each block of the
answer has a deadline, however few bytes trickle out; it is a short one while others wait for a thread.
"""

import _pyio
import socket
import time
from collections.abc import Callable
from typing import Any

from cheroot.makefile import StreamWriter
from cheroot.server import HTTPConnection, HTTPRequest

from microscope.incoming import CLIENT_TIMEOUT_S, SLOWEST_BYTES_PER_S, Incoming, Received

# What a client that stops reading is given while others wait for a thread.
HURRIED_S = 1.0
LOOK_EVERY_S = 0.5
RECEIVED_AT_ONCE = 64 * 1024


class TimelySocket(socket.SocketIO):
    """Bytes on their way to a client, with a deadline that moves on with what has passed, as slow as one may be."""

    def __init__(self, sock: socket.socket, is_crowded: Callable[[], bool] = lambda: False) -> None:
        """`is_crowded` says whether others wait for the thread that sends."""
        super().__init__(sock, "wb")
        self._is_crowded = is_crowded
        self.begin()

    def begin(self) -> None:
        """From now on the client has its time anew."""
        self._began_s = self._passed_s = time.monotonic()
        self._passed_bytes = 0

    def write(self, block: Any) -> int | None:
        """Raises TimeoutError past the deadline, as all that send do."""
        return self._pass_in_time(super().write, block)

    def send(self, block: Any) -> int | None:
        """Some of the block, and how many bytes."""
        return self._pass_in_time(self._sock.send, block)

    if hasattr(socket.socket, "sendmsg"):  # not on Windows

        def sendmsg(self, blocks: Any) -> int | None:
            """Some of the blocks, and how many bytes."""
            return self._pass_in_time(self._sock.sendmsg, blocks)

    def _pass_in_time(self, pass_on: Callable[[Any], int | None], block: Any) -> int | None:
        while (left_s := self._left_s()) > 0:
            self._sock.settimeout(min(left_s, LOOK_EVERY_S))
            try:
                passed = pass_on(block)
            except TimeoutError:
                continue
            self._passed_bytes += passed or 0
            self._passed_s = time.monotonic()
            return passed
        raise TimeoutError("timed out")

    def _left_s(self) -> float:
        """What the system took of the block into its buffers is no credit for one who reads nothing."""
        now_s = time.monotonic()
        behind_s = max(now_s - self._passed_s, now_s - self._began_s - self._passed_bytes / SLOWEST_BYTES_PER_S)
        is_hurried = behind_s >= HURRIED_S and self._is_crowded()
        return (HURRIED_S if is_hurried else CLIENT_TIMEOUT_S) - behind_s


class Writer(StreamWriter):
    def __init__(self, raw: TimelySocket, size: int) -> None:
        _pyio.BufferedWriter.__init__(self, raw, size)
        self.bytes_written = 0

    def write(self, val: Any, *args: Any, **kwargs: Any) -> Any:
        self.raw.begin()
        return super().write(val, *args, **kwargs)


class Request(HTTPRequest):
    """Sends as it is what the application gives: cheroot copies a body four times on its way, which makes up most of
    what a watcher of the live picture costs."""

    def read_request_headers(self) -> bool:
        """Whether the request can be answered. Where its body ends must be as clear to this program as to whoever
        stands between it and the client: else the one's body is the other's next request. In pieces without a length
        no body could be read here either: the application would take it for empty."""
        if not super().read_request_headers():
            return False
        if b"Transfer-Encoding" in self.inheaders:
            self.simple_response("411 Length Required", "Send the body as a whole, with its Content-Length.")
            return False
        if int(self.inheaders.get(b"Content-Length", 0)) != self.conn.incoming.taken_body_bytes:
            self.simple_response("400 Bad Request", "The Content-Length is not clear.")
            return False
        return True

    def write(self, chunk: bytes) -> None:
        connection = self.conn.wfile.raw
        connection.begin()
        if self.chunked_write and chunk:
            send_all(connection, [b"%x\r\n" % len(chunk), chunk, b"\r\n"])
        else:
            send_all(connection, [chunk])


class Connection(HTTPConnection):
    """cheroot's, whose requests come whole, and whose answers have deadlines."""

    RequestHandlerClass = Request

    def __init__(self, server: Any, sock: socket.socket, makefile: Any = None) -> None:
        def make_file(sock: socket.socket, mode: str, size: int) -> Received | Writer:
            return Received() if "r" in mode else Writer(TimelySocket(sock, server.is_crowded), size)

        super().__init__(server, sock, make_file)
        self.incoming = Incoming(server.max_request_body_size)
        # cheroot's memory of who is at the other end, wanted nowhere, refers to the connection itself: it would live
        # on until the garbage collector comes.
        del self.resolve_peer_creds, self.get_peer_creds

    def receive(self) -> bool:
        """Take what has come, without waiting. Answers whether the request is whole now."""
        self.socket.setblocking(False)
        try:
            self.incoming.add(self.socket.recv(RECEIVED_AT_ONCE))
            if self.incoming.waits_for_word:
                self.incoming.waits_for_word = False
                self.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        except BlockingIOError:
            return False
        except OSError:
            self.incoming.add(b"")
        return self.incoming.is_whole

    def communicate(self) -> bool | None:
        self.rfile = Received(self.incoming.take())
        return super().communicate()


def send_all(connection: Any, parts: list[bytes]) -> None:
    """All of the parts, one after the other, in as few calls as the system allows. `connection` has `send` and, where
    the system has it, `sendmsg`. Blocks; raises OSError, which is TimeoutError where the other side is too slow."""
    if not hasattr(connection, "sendmsg"):
        parts = [b"".join(parts)] if len(parts) > 1 else parts
    views = [memoryview(part) for part in parts if part]
    while views:
        sent = connection.sendmsg(views) if len(views) > 1 else connection.send(views[0])
        while views and sent >= len(views[0]):
            sent -= len(views.pop(0))
        if sent:
            views[0] = views[0][sent:]
