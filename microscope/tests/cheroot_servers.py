"""cheroot's own server and connections, for the tests of what this program uses in cheroot."""

import socket
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from cheroot import server, wsgi

BODY = b"the body"
REQUEST = b"GET /%s HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Recording(wsgi.Server):
    """cheroot's server. It notes what is called, by which thread, and with what."""

    def __init__(self, application: Callable[..., Any]) -> None:
        super().__init__(("127.0.0.1", 0), application, numthreads=2, shutdown_timeout=30)
        self.calls: list[tuple[str, Any, str]] = []
        self.faults: list[BaseException | None] = []

    def process_conn(self, conn: Any) -> None:
        self.calls.append(("process", conn.last_used, threading.current_thread().name))
        super().process_conn(conn)

    def put_conn(self, conn: Any) -> None:
        self.calls.append(("put", conn.last_used, threading.current_thread().name))
        super().put_conn(conn)

    def error_log(self, msg: str = "", level: int = 20, traceback: bool = False) -> None:
        self.faults.append(sys.exc_info()[1])

    def find_idle(self) -> list[tuple[int, Any]]:
        return [(number, conn) for number, conn in self._connections._selector.connections if conn is not self]


def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    start_response("200 OK", [("Content-Length", str(len(BODY)))])
    return [BODY]


@contextmanager
def serving(application: Callable[..., Any] = answer):
    """Yield a server that serves within the block."""
    served = Recording(application)
    served.prepare()
    thread = threading.Thread(target=served.serve, name="accepts")
    thread.start()
    try:
        yield served
    finally:
        served.stop()
        thread.join()


def connect(served: Recording) -> socket.socket:
    return socket.create_connection(served.bind_addr, timeout=30)


def ask(client: socket.socket) -> None:
    client.sendall(REQUEST % b"")
    assert receive(client).endswith(BODY)


def receive(client: socket.socket, answers: int = 1) -> bytes:
    """Return the bytes of this many answers, or fewer if the connection ends before."""
    received = b""
    while received.count(BODY) < answers and (block := client.recv(65536)):
        received += block
    return received


@contextmanager
def connected(handler: type[server.HTTPRequest] = server.HTTPRequest, application: Callable[..., Any] = answer):
    """Yield a connection that its server does not know, and its other end. The test makes the calls of the server."""
    ours, theirs = socket.socketpair()
    theirs.settimeout(30)
    asked = wsgi.Server(("127.0.0.1", 0), application, numthreads=1)
    asked.prepare()
    try:
        with ours, theirs:
            connection = server.HTTPConnection(asked, ours)
            connection.RequestHandlerClass = handler
            yield connection, theirs
    finally:
        asked.stop()


class StandIn:
    """Another object, with some of its methods replaced."""

    def __init__(self, of: Any, **methods: Callable[..., Any]) -> None:
        self._of = of
        vars(self).update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._of, name)
