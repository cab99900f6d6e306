"""The body of a request to the store: an open file, read in blocks, at a limited speed, until somebody stops it."""

import hashlib
import os
import threading
from base64 import b64encode
from dataclasses import dataclass
from typing import BinaryIO

from images.archive.paced_reader import SharedSpeed, StopRequested
from images.store.patience import current_call

BLOCK_BYTES = 2**20


class Pace(SharedSpeed):
    """The speed that all transfers share. Any thread may use it."""

    def wait(self, byte_count: int, stop: threading.Event) -> None:
        """Block until so many bytes may travel. Raises StopRequested."""
        wait_s = self.book(byte_count)
        # The program itself makes this call slow. Without more time, the deadline of the call would take a slow limit
        # for a slow store.
        if wait_s and (call := current_call()):
            call.allow(wait_s)
        # Not to wait for no time: it costs something for each block.
        if stop.wait(wait_s) if wait_s else stop.is_set():
            raise StopRequested


class FileBody:
    """An open file as boto3 wants it. `problem`: the OSError if the file could not be read, because boto3 would report
    it as a broken connection."""

    def __init__(self, file: BinaryIO, pace: Pace, stop: threading.Event) -> None:
        self.problem: OSError | None = None
        self._file = file
        self._pace = pace
        self._stop = stop
        self._is_sent = False
        self.seek, self.tell = file.seek, file.tell

    def begin_sending(self) -> None:
        """From here on, keep the pace: what boto3 reads now is sent. What it read before was only summed up, to sign
        it."""
        self._is_sent = True

    def read(self, most: int = -1) -> bytes:
        try:
            block = self._file.read(most)
        except OSError as problem:
            self.problem = problem
            raise
        if self._stop.is_set():
            raise StopRequested
        if self._is_sent:
            self._pace.wait(len(block), self._stop)
        return block


@dataclass(frozen=True, slots=True)
class Content:
    """What is known of some bytes before they are sent. `sha256` in hexadecimal; `md5`: None if nobody read the bytes
    for it."""

    size_bytes: int
    sha256: str
    md5: bytes | None

    @property
    def sha256_text(self) -> str:
        """The SHA-256 as the header of S3 wants it: base64 of the bytes, not hexadecimal."""
        return b64encode(bytes.fromhex(self.sha256)).decode()

    @property
    def md5_text(self) -> str:
        return b64encode(self.md5 or b"").decode()


def measure_file(file: BinaryIO, sha256: str, stop: threading.Event) -> Content:
    """Read an open file from its start, for its MD5. `sha256` is the sum that was saved with it. Leaves the file at its
    start. Blocks while it reads. Raises OSError and StopRequested."""
    file.seek(0)
    digest, size_bytes = hashlib.md5(usedforsecurity=False), 0
    while block := file.read(BLOCK_BYTES):
        if stop.is_set():
            raise StopRequested
        digest.update(block)
        size_bytes += len(block)
    file.seek(0)
    return Content(size_bytes, sha256, digest.digest())


def size_up_file(file: BinaryIO, sha256: str) -> Content:
    """Like `measure_file`, but without the MD5, so that the file is not read: boto3 sums it up anyway, to sign it.
    Raises OSError."""
    size_bytes = file.seek(0, os.SEEK_END)
    file.seek(0)
    return Content(size_bytes, sha256, None)


def measure_bytes(content: bytes) -> Content:
    md5 = hashlib.md5(content, usedforsecurity=False).digest()
    return Content(len(content), hashlib.sha256(content).hexdigest(), md5)
