"""How long the program waits for the store, and what breaks off a call that takes longer.

A timeout of the socket starts again with each byte, so a store that sends a byte now and then would hold a call for
ever. So each call has a deadline, and a thread that breaks off its connections.
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType

# How soon a call notices that it is to stop.
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Patience:
    """`connect_s`: how long the store may take to accept a connection, or to accept more bytes of a put. `answer_s`:
    how long it may send nothing. `call_s`: how long a whole call may take without its bytes. For its bytes it gets the
    time that they take at `slowest_bytes_per_s`."""

    connect_s: float = 10.0
    answer_s: float = 20.0
    call_s: float = 30.0
    slowest_bytes_per_s: float = 64_000.0

    def whole_s(self, size_bytes: int) -> float:
        """Return how many seconds a call with so many bytes may take."""
        return self.call_s + size_bytes / self.slowest_bytes_per_s


class Call:
    """One call to the store, for use with `with`. If its time is up, or one of `stops` is set, its connections are
    broken off: reading and writing then end as if the store had closed them."""

    def __init__(self, within_s: float, *stops: threading.Event | None) -> None:
        self.within_s = within_s
        self._until_s = time.monotonic() + within_s
        self._stops = [stop for stop in stops if stop is not None]
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._is_broken_off = False
        self._outer: Call | None = None

    @property
    def is_late(self) -> bool:
        return self._is_broken_off and not self.is_stopped

    @property
    def is_stopped(self) -> bool:
        return any(stop.is_set() for stop in self._stops)

    def allow(self, seconds: float) -> None:
        """Give the call more time, because the program itself waits, not the store."""
        self._until_s += seconds

    def watch(self, connected: socket.socket) -> None:
        """Break this connection off if the call does not end in time. The caller may close, wrap or reuse it."""
        # A duplicate: if the caller closed the socket, its descriptor could soon belong to another connection.
        line = socket.socket(fileno=socket.dup(connected.fileno()))
        with self._lock:
            self._lines.append(line)
            if self._is_broken_off:
                _break_off(line)

    def __enter__(self) -> "Call":
        self._outer, _current.call = current_call(), self
        _watcher.add(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, problem: object, trace: TracebackType | None) -> None:
        _current.call = self._outer
        _watcher.remove(self)
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()

    def look(self) -> None:
        """Break it off if its time is up, or if it shall stop. Any thread may call it."""
        if self._is_broken_off or not (self.is_stopped or time.monotonic() > self._until_s):
            return
        with self._lock:
            self._is_broken_off = True
            for line in self._lines:
                _break_off(line)


class _Watcher:
    """Looks at all calls of this process now and then, in one thread: to start one for each call costs up to a
    millisecond. The thread begins with the first call, and sleeps while there is none."""

    def __init__(self) -> None:
        self._calls: set[Call] = set()
        self._has_calls = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, call: Call) -> None:
        with self._has_calls:
            self._calls.add(call)
            self._has_calls.notify()
            # A process that was forked from another has its calls, and not its thread.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="watches the store", daemon=True)
                self._thread.start()

    def remove(self, call: Call) -> None:
        with self._has_calls:
            self._calls.discard(call)

    def _run(self) -> None:
        while True:
            for call in self._wait_for_calls():
                call.look()
            time.sleep(LOOK_EVERY_S)

    def _wait_for_calls(self) -> list[Call]:
        with self._has_calls:
            self._has_calls.wait_for(lambda: bool(self._calls))
            return list(self._calls)


_watcher = _Watcher()
_current = threading.local()


def current_call() -> Call | None:
    """Return the call that this thread makes."""
    return getattr(_current, "call", None)


def _break_off(line: socket.socket) -> None:
    # `shutdown` and not `close`: only this wakes a thread that waits in a read.
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)
