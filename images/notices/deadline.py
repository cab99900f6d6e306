"""A deadline for a whole call to another computer. A timeout of the socket starts again with each byte, so an address
that sends a byte now and then would hold the call for ever."""

import contextlib
import socket
import threading
from collections.abc import Iterator

# How long a whole call may take.
CALL_S = 25.0


class Deadline:
    """Breaks off the connections that it watches once the time is up."""

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
    """Give the block so many seconds. After that, the connections that the deadline watches are broken off: reading and
    writing then end as if the other side had closed them. Raises TimeoutError then."""
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
    # No error yet does not mean a whole response: a connection that was broken off can look like a complete one.
    if deadline.is_over:
        raise too_late


def _break_off(connected: socket.socket) -> None:
    # `shutdown` and not `close`: only this wakes a thread that waits in a read.
    with contextlib.suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
