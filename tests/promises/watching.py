"""Watchers of the live view: some read the pictures, some never do."""

import re
import socket
import threading
from contextlib import suppress
from typing import Any

from tests.promises.server import Server

CONTENT_LENGTH = re.compile(rb"Content-Length: (\d+)")
AGE = re.compile(rb"X-Frame-Age-Ms: ([\d.]+)")


class Watcher:
    """One lasting connection, like a browser's. `pictures` counts the pictures read. `newest_age_ms` is the age of the
    last picture when it was sent."""

    def __init__(self, server: Server, is_reading: bool = True) -> None:
        self.pictures = 0
        self.status = 0
        self.newest_age_ms = float("inf")
        self._connection = socket.create_connection(("127.0.0.1", server.port), timeout=30)
        lines = ["GET /api/v1/camera/live HTTP/1.1", "Host: localhost", f"Authorization: Bearer {server.client.token}"]
        self._connection.sendall("\r\n".join([*lines, "", ""]).encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        if is_reading:
            self.begin_to_read()

    def begin_to_read(self) -> None:
        self._thread.start()

    def _read(self) -> None:
        with suppress(OSError, ValueError), self._connection.makefile("rb") as stream:
            self.status = int(stream.readline().split()[1])
            while line := stream.readline():
                if CONTENT_LENGTH.match(line):
                    self.pictures += 1
                elif age := AGE.match(line):
                    self.newest_age_ms = float(age[1])

    def close(self) -> None:
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_RDWR)
        self._connection.close()
        if self._thread.is_alive():
            self._thread.join(5)

    def __enter__(self) -> "Watcher":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
