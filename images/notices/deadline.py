"""HTTP with a deadline for the whole call. A timeout alone begins anew with each byte, so an address that sends a byte
now and then would hold the call for ever."""

import contextlib
import socket
import threading
import urllib.request
from collections.abc import Iterator
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any


class Deadline:
    """Breaks off the connections that it was told of, once the time is up."""

    def __init__(self) -> None:
        self.is_over = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()

    def watch(self, connected: socket.socket) -> None:
        with self._lock:
            self._sockets.append(connected)
            if self.is_over:
                _break_off(connected)

    def end(self) -> None:
        with self._lock:
            self.is_over = True
            for connected in self._sockets:
                _break_off(connected)


@contextlib.contextmanager
def deadline_of(seconds: float) -> Iterator[Deadline]:
    """Within the block, and after so many seconds, what the deadline watches is broken off: reading and writing then
    end as if the other side had gone. Raises TimeoutError then."""
    deadline = Deadline()
    timer = threading.Timer(seconds, deadline.end)
    timer.daemon = True
    timer.start()
    too_late = TimeoutError(f"no whole answer within {seconds:g} s")
    try:
        yield deadline
    except Exception as problem:
        if deadline.is_over:
            raise too_late from problem
        raise
    finally:
        timer.cancel()
    # An answer that was broken off can look like one that has come to its end.
    if deadline.is_over:
        raise too_late


class _Connection(HTTPConnection):
    def __init__(self, deadline: Deadline, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self._deadline.watch(self.sock)


class _SecureConnection(_Connection, HTTPSConnection):
    """HTTPSConnection comes second, so that the socket is watched once it is encrypted."""


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_Connection, self._deadline), request)  # type: ignore[arg-type]


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_SecureConnection, self._deadline), request)  # type: ignore[arg-type]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def make_opener(deadline: Deadline) -> urllib.request.OpenerDirector:
    """Return an opener whose connections end with the deadline. It follows no redirect."""
    return urllib.request.build_opener(_NoRedirect, _Http(deadline), _Https(deadline))


def _break_off(connected: socket.socket) -> None:
    # Not `close`: that does not wake a thread that reads.
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
