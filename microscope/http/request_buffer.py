"""Collects requests. A thread gets a request only when all of it has come, however slowly.

Until then a request costs a socket and the bytes that have come.
"""

import io
import re
import selectors
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

# The slowest rate for a whole request or for a block of an answer, and the time that everybody gets in addition.
MIN_BYTES_PER_S = 20_000
CLIENT_TIMEOUT_S = 10
MAX_HEADER_BYTES = 64 * 1024
# The most memory for all incomplete requests together. Real bodies have some kilobytes.
MAX_HELD_BYTES = 32 * 1024 * 1024
# The time that a late client may stay after its deadline.
LOOK_EVERY_S = 1.0
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\n *content-length *: *(\d{1,12}) *(?=\r\n)", re.IGNORECASE)
# Several lengths that differ. `read_request_headers` refuses the request.
UNCLEAR = -1


class Received(io.BytesIO):
    """One complete request. Reading it never waits, and never returns bytes of the next one. The other methods are
    those that cheroot calls."""

    bytes_read = 0

    def has_data(self) -> bool:
        return False


class RequestBuffer:
    """The bytes of a connection that have come and are not served yet."""

    def __init__(self, most_body_bytes: int) -> None:
        """If a request announces a longer body, it is refused at once, and nobody waits for the body."""
        self._most_body_bytes = most_body_bytes
        self._bytes = bytearray()
        self._began_s = time.monotonic()
        self._head_bytes = 0
        self.body_bytes = 0
        self.has_ended = False
        self.waits_for_word = False

    def __len__(self) -> int:
        return len(self._bytes)

    @property
    def is_whole(self) -> bool:
        """Return True if there is work for a thread: a complete request, one that is too long, or the end of the
        connection."""
        if self.has_ended:
            return True
        if not self._head_bytes:
            return len(self) > MAX_HEADER_BYTES
        return len(self) >= self._head_bytes + self._awaited_bytes

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self._began_s + CLIENT_TIMEOUT_S + len(self) / MIN_BYTES_PER_S

    def add(self, block: bytes) -> None:
        """Add a block. An empty block is the end of the connection."""
        if not self._bytes:
            self._began_s = time.monotonic()
        # Search only new bytes, and the few before in which the end may have begun. Otherwise a slow client costs much
        # time.
        searched = max(len(self) - len(END_OF_HEAD) + 1, 0)
        self._bytes += block
        self.has_ended = not block
        if not self._head_bytes:
            self._look_for_head(searched)

    def take(self) -> bytes:
        """Return the first request, or as much of it as there is. `body_bytes` is of this request until the next
        call."""
        taken = self._head_bytes + self._awaited_bytes if self._head_bytes else len(self)
        request, self._bytes = bytes(self._bytes[:taken]), self._bytes[taken:]
        self.taken_body_bytes = self.body_bytes
        self._began_s = time.monotonic()
        self._head_bytes = self.body_bytes = 0
        self.waits_for_word = False
        # Clients may send the next request without waiting for the answer.
        self._look_for_head(0)
        return request

    @property
    def _awaited_bytes(self) -> int:
        # A request that will be refused anyway does not wait for its body.
        return self.body_bytes if 0 <= self.body_bytes <= self._most_body_bytes else 0

    def _look_for_head(self, searched: int) -> None:
        end = self._bytes.find(END_OF_HEAD, searched)
        if end < 0:
            return
        self._head_bytes = end + len(END_OF_HEAD)
        lengths = set(map(int, LENGTH.findall(self._bytes, 0, self._head_bytes))) or {0}
        self.body_bytes = lengths.pop() if len(lengths) == 1 else UNCLEAR
        self.waits_for_word = not self.is_whole and b"100-continue" in self._bytes[: self._head_bytes].lower()


class PendingConnections:
    """Connections with a request that is not complete. One thread collects them all, until each is complete or late. It
    sleeps while nothing comes."""

    def __init__(self, serve: Callable[[Any], None], most: int) -> None:
        """`serve` takes a connection with a complete request.

        If there are more than `most` connections, the address with the most of them loses the one that has waited
        longest. So a client that floods the program makes room for others.
        """
        self._serve = serve
        self._most = most
        self._new: deque[Any] = deque()
        self._waiting: dict[int, Any] = {}
        self._selector = selectors.DefaultSelector()
        self._waker, self._woken = socket.socketpair()
        self._has_ended = False
        self._looked_s = float("-inf")

    def start(self) -> None:
        for end in (self._waker, self._woken):
            end.setblocking(False)
        self._selector.register(self._woken, selectors.EVENT_READ)
        threading.Thread(target=self._gather, name="pending connections", daemon=True).start()

    def add(self, connection: Any) -> None:
        """Take over a connection until its request is complete. Any thread may call it."""
        self._new.append(connection)
        self._wake()

    def close(self) -> None:
        self._has_ended = True
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # if the buffer is full, the thread is about to wake anyway
            self._waker.send(b".")

    def _gather(self) -> None:
        while not self._has_ended:
            for key, _ in self._selector.select(LOOK_EVERY_S if self._waiting else None):
                if key.fileobj is self._woken:
                    self._take_new()
                elif key.fd in self._waiting:  # it may have been closed to make room
                    self._receive(key.fd)
            self._drop_late()
        for connection in self._waiting.values():
            connection.close()

    def _take_new(self) -> None:
        with suppress(OSError):
            self._woken.recv(4096)
        while self._new:
            connection = self._new.popleft()
            number = connection.socket.fileno()
            self._waiting[number] = connection
            self._selector.register(number, selectors.EVENT_READ)
            if len(self._waiting) > self._most:
                self._release(self._longest_of_the_many()).close()

    def _receive(self, number: int) -> None:
        connection = self._waiting[number]
        if connection.receive():
            self._serve(self._release(number))
        elif len(connection.incoming) > MAX_HELD_BYTES // self._most and self._held_bytes() > MAX_HELD_BYTES:
            self._release(max(self._waiting, key=lambda one: len(self._waiting[one].incoming))).close()

    def _held_bytes(self) -> int:
        return sum(len(one.incoming) for one in self._waiting.values())

    def _drop_late(self) -> None:
        now_s = time.monotonic()
        if now_s - self._looked_s < LOOK_EVERY_S:
            return
        self._looked_s = now_s
        for number in [number for number, one in self._waiting.items() if one.incoming.is_late]:
            self._release(number).close()

    def _longest_of_the_many(self) -> int:
        addresses = Counter(one.remote_addr for one in self._waiting.values())
        [(most, _)] = addresses.most_common(1)
        # A dict keeps the order of insertion, so the first one has waited longest.
        return next(number for number, one in self._waiting.items() if one.remote_addr == most)

    def _release(self, number: int) -> Any:
        self._selector.unregister(number)
        return self._waiting.pop(number)
