"""Requests on their way. Each is gathered whole before a thread gets it, however its bytes trickle in.

Until then it costs a socket and what has come of it.
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

# Slower than that, over a whole request or a block of an answer, is as good as not at all; and so much time is given
# besides.
SLOWEST_BYTES_PER_S = 20_000
CLIENT_TIMEOUT_S = 10
MOST_HEADER_BYTES = 64 * 1024
# All that half-sent requests hold together: a body that is meant has some kilobytes.
MOST_HELD_BYTES = 32 * 1024 * 1024
# How long somebody who is late may stay beyond that.
LOOK_EVERY_S = 1.0
END_OF_HEAD = b"\r\n\r\n"
LENGTH = re.compile(rb"\r\n *content-length *: *(\d{1,12}) *(?=\r\n)", re.IGNORECASE)
UNCLEAR = -1


class Received(io.BytesIO):
    """One request as a whole: who reads it waits for nothing, and gets nothing of the next. cheroot asks for the
    rest."""

    bytes_read = 0

    def has_data(self) -> bool:
        return False


class Incoming:
    """What has come of a connection and was not served yet."""

    def __init__(self, most_body_bytes: int) -> None:
        """Who announces a longer body is refused for that: nobody waits for it."""
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
        """Whether a thread has something to do: a request, what is too long for one, or the connection's end."""
        if self.has_ended:
            return True
        if not self._head_bytes:
            return len(self) > MOST_HEADER_BYTES
        return len(self) >= self._head_bytes + self._awaited_bytes

    @property
    def is_late(self) -> bool:
        return time.monotonic() > self._began_s + CLIENT_TIMEOUT_S + len(self) / SLOWEST_BYTES_PER_S

    def add(self, block: bytes) -> None:
        """An empty block is the end of the connection."""
        if not self._bytes:
            self._began_s = time.monotonic()
        searched = max(len(self) - len(END_OF_HEAD) + 1, 0)
        self._bytes += block
        self.has_ended = not block
        if not self._head_bytes:
            self._look_for_head(searched)

    def take(self) -> bytes:
        """The request that came first, or what there is of it. `body_bytes` tells of it until the next call."""
        taken = self._head_bytes + self._awaited_bytes if self._head_bytes else len(self)
        request, self._bytes = bytes(self._bytes[:taken]), self._bytes[taken:]
        self.taken_body_bytes = self.body_bytes
        self._began_s = time.monotonic()
        self._head_bytes = self.body_bytes = 0
        self.waits_for_word = False
        self._look_for_head(0)
        return request

    @property
    def _awaited_bytes(self) -> int:
        return self.body_bytes if 0 <= self.body_bytes <= self._most_body_bytes else 0

    def _look_for_head(self, searched: int) -> None:
        end = self._bytes.find(END_OF_HEAD, searched)
        if end < 0:
            return
        self._head_bytes = end + len(END_OF_HEAD)
        lengths = set(map(int, LENGTH.findall(self._bytes, 0, self._head_bytes))) or {0}
        self.body_bytes = lengths.pop() if len(lengths) == 1 else UNCLEAR
        self.waits_for_word = not self.is_whole and b"100-continue" in self._bytes[: self._head_bytes].lower()


class HalfSent:
    """Connections whose request has begun to come. One thread gathers each until it is whole, or late; it sleeps while
    nothing comes."""

    def __init__(self, serve: Callable[[Any], None], most: int) -> None:
        """`serve` takes a connection whose request is whole. Beyond `most`, that one has to go which waits longest of
        those from the address that has the most: whoever floods the program makes room for others."""
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
        threading.Thread(target=self._gather, name="half-sent requests", daemon=True).start()

    def add(self, connection: Any) -> None:
        """From any thread. It belongs to this one until it is served."""
        self._new.append(connection)
        self._wake()

    def close(self) -> None:
        self._has_ended = True
        self._wake()

    def _wake(self) -> None:
        with suppress(OSError):  # when its buffer is full, it is about to wake anyway
            self._waker.send(b".")

    def _gather(self) -> None:
        while not self._has_ended:
            for key, _ in self._selector.select(LOOK_EVERY_S if self._waiting else None):
                if key.fileobj is self._woken:
                    self._take_new()
                elif key.fd in self._waiting:  # it may have had to go for another one
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
        elif len(connection.incoming) > MOST_HELD_BYTES // self._most and self._held_bytes() > MOST_HELD_BYTES:
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
        return next(number for number, one in self._waiting.items() if one.remote_addr == most)

    def _release(self, number: int) -> Any:
        self._selector.unregister(number)
        return self._waiting.pop(number)
