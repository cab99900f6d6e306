"""Connections to slow clients. No client may keep a thread from others for long.

A connection gets a thread only when its whole request is there (see `request_buffer`). Then each block of the answer
has a deadline, also if some bytes get through. While others wait for a thread the deadline is short.
"""

import _pyio
import socket
import time
from collections.abc import Callable
from typing import Any

from cheroot.makefile import StreamWriter
from cheroot.server import HTTPConnection, HTTPRequest

from microscope.http.request_buffer import CLIENT_TIMEOUT_S, MIN_BYTES_PER_S, Received, RequestBuffer

# The time for a client that stops reading while others wait for a thread.
CROWDED_TIMEOUT_S = 1.0
LOOK_EVERY_S = 0.5
RECEIVED_AT_ONCE = 64 * 1024


class DeadlineSocket(socket.SocketIO):
    """Sends bytes to a client. The deadline moves on with the bytes that got through, at the slowest allowed rate."""

    def __init__(self, sock: socket.socket, is_crowded: Callable[[], bool] = lambda: False) -> None:
        """`is_crowded` returns True if others wait for a thread."""
        super().__init__(sock, "wb")
        self._is_crowded = is_crowded
        self.begin()

    def begin(self) -> None:
        """Start the client's time again."""
        self._began_s = self._passed_s = time.monotonic()
        self._passed_bytes = 0

    def write(self, block: Any) -> int | None:
        """Send a block. Raises TimeoutError after the deadline, as all methods here that send."""
        return self._pass_in_time(super().write, block)

    def send(self, block: Any) -> int | None:
        """Send some of the block. Returns the number of bytes."""
        return self._pass_in_time(self._sock.send, block)

    if hasattr(socket.socket, "sendmsg"):  # not on Windows

        def sendmsg(self, blocks: Any) -> int | None:
            """Send some of the blocks. Returns the number of bytes."""
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
        """Return the seconds that are left. Bytes that the system only put into its buffers do not count: a client that
        reads nothing must not gain time by them."""
        now_s = time.monotonic()
        behind_s = max(now_s - self._passed_s, now_s - self._began_s - self._passed_bytes / MIN_BYTES_PER_S)
        is_hurried = behind_s >= CROWDED_TIMEOUT_S and self._is_crowded()
        return (CROWDED_TIMEOUT_S if is_hurried else CLIENT_TIMEOUT_S) - behind_s


class Writer(StreamWriter):
    def __init__(self, raw: DeadlineSocket, size: int) -> None:
        _pyio.BufferedWriter.__init__(self, raw, size)
        self.bytes_written = 0

    def write(self, val: Any, *args: Any, **kwargs: Any) -> Any:
        self.raw.begin()
        return super().write(val, *args, **kwargs)


class Request(HTTPRequest):
    """Sends the application's blocks without a copy. cheroot copies a body four times, which would be most of the cost
    of a watcher."""

    def read_request_headers(self) -> bool:
        """Return True if the request can be answered.

        Program and proxy must agree where a body ends. Otherwise the rest of a body becomes the next request of
        another user. A body in chunks, without a length, is refused too: the application would see an empty one.
        """
        if not super().read_request_headers():
            return False
        if b"Transfer-Encoding" in self.inheaders:
            self.simple_response("411 Length Required", "Send the body as a whole, with its Content-Length.")
            return False
        # The buffer has read the header by itself. If the two differ, somebody tries to smuggle a request.
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
    """cheroot's connection, with whole requests and with deadlines for its answers."""

    RequestHandlerClass = Request

    def __init__(self, server: Any, sock: socket.socket, makefile: Any = None) -> None:
        def make_file(sock: socket.socket, mode: str, size: int) -> Received | Writer:
            return Received() if "r" in mode else Writer(DeadlineSocket(sock, server.is_crowded), size)

        super().__init__(server, sock, make_file)
        self.incoming = RequestBuffer(server.max_request_body_size)
        # cheroot's memory of who is at the other end, wanted nowhere, refers to the connection itself: it would live
        # on until the garbage collector comes.
        del self.resolve_peer_creds, self.get_peer_creds

    def receive(self) -> bool:
        """Read what has come, without waiting. Returns True if the request is complete."""
        self.socket.setblocking(False)
        try:
            self.incoming.add(self.socket.recv(RECEIVED_AT_ONCE))
            if self.incoming.waits_for_word:
                self.incoming.waits_for_word = False
                # curl sends a large body only after this word.
                self.socket.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        except BlockingIOError:
            return False
        except OSError:
            self.incoming.add(b"")
        return self.incoming.is_whole

    def has_hung_up(self) -> bool:
        """Return True if the client has closed the connection. Does not wait. Only for the thread that answers."""
        self.socket.setblocking(False)
        try:
            return not self.socket.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return False
        except OSError:
            return True

    def communicate(self) -> bool | None:
        self.rfile = Received(self.incoming.take())
        return super().communicate()


def send_all(connection: Any, parts: list[bytes]) -> None:
    """Send all parts in order, in as few calls as the system allows. `connection` has `send`, and `sendmsg` if the
    system has it. Blocks. Raises OSError, and TimeoutError if the client is too slow."""
    if not hasattr(connection, "sendmsg"):
        # One copy costs less than several calls, each of which sends a packet.
        parts = [b"".join(parts)] if len(parts) > 1 else parts
    views = [memoryview(part) for part in parts if part]
    while views:
        sent = connection.sendmsg(views) if len(views) > 1 else connection.send(views[0])
        while views and sent >= len(views[0]):
            sent -= len(views.pop(0))
        if sent:
            views[0] = views[0][sent:]
