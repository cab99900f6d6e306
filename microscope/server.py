"""The production server: one process, many threads, ended in order."""

import codecs
import errno
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from cheroot import wsgi

from microscope.connections import Connection
from microscope.incoming import CLIENT_TIMEOUT_S, MOST_HEADER_BYTES, HalfSent

logger = logging.getLogger(__name__)

# While files are lacking: how often that is told, and how long to wait before trying again.
SILENCE_S = 10.0
PAUSE_S = 0.1
MOST_BODY_BYTES = 10 * 1024 * 1024
# Connections of which nothing is wanted now. With the threads' own they stay below what every system allows a process.
MOST_IDLE = 250


class Server(wsgi.Server):
    """cheroot, with its messages in our log, and with threads only for requests that have come."""

    ConnectionClass = Connection
    keep_alive_conn_limit = MOST_IDLE

    def prepare(self) -> None:
        self._half_sent = HalfSent(super().process_conn, MOST_IDLE)
        super().prepare()
        self._half_sent.start()

    def stop(self) -> None:
        self._half_sent.close()
        super().stop()

    def process_conn(self, conn: Connection) -> None:
        """Of a new connection, or one of which something has come. Called by the thread that accepts."""
        if conn.last_used is None:
            self._drop_longest_idle()
            self._connections.put(conn)
        elif conn.incoming.is_whole or conn.receive():
            super().process_conn(conn)
        else:
            self._half_sent.add(conn)

    def put_conn(self, conn: Connection) -> None:
        """Of a connection whose request was answered. What came behind it is next. Called by the thread that did."""
        if self.ready and conn.incoming:
            self.process_conn(conn)
        else:
            super().put_conn(conn)

    def is_crowded(self) -> bool:
        """Whether a request that has come waits for a thread."""
        return self.requests.qsize > 0

    def _drop_longest_idle(self) -> None:
        idle = [(conn.last_used, number, conn) for number, conn in self._idle() if conn is not self]
        if len(idle) >= MOST_IDLE:
            _, number, conn = min(idle, key=lambda one: one[0])
            self._connections._selector.unregister(number)
            conn.close()

    def _idle(self) -> list[tuple[int, Any]]:
        return list(self._connections._selector.connections)

    _silent_until_s = float("-inf")

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        fault = sys.exc_info()[1]
        if isinstance(fault, OSError) and fault.errno in (errno.EMFILE, errno.ENFILE):
            self._wait_for_files(fault)
        else:
            logger.log(level, msg, exc_info=traceback)

    def _wait_for_files(self, fault: OSError) -> None:
        """A connection that cannot be opened for want of files is tried again at once: without a pause that would take
        a whole processor and fill the disk with messages."""
        now_s = time.monotonic()
        if now_s >= self._silent_until_s:
            logger.error("Nobody can connect: %s", fault.strerror)
            self._silent_until_s = now_s + SILENCE_S
        time.sleep(PAUSE_S)


def make_server(host: str, port: int, application: Callable[..., Any], threads: int, patience_s: float) -> Server:
    """`patience_s`: how long requests in progress may take to finish once the server is told to stop."""
    # Django logs a refusal with this codec, and loads it then: with no file left to open, the answer would be lost.
    codecs.lookup("unicode_escape")
    server = Server(
        (host, port),
        application,
        numthreads=threads,
        server_name="Microscope",
        request_queue_size=128,
        timeout=CLIENT_TIMEOUT_S,
        shutdown_timeout=patience_s,
    )
    server.max_request_header_size = MOST_HEADER_BYTES
    server.max_request_body_size = MOST_BODY_BYTES
    return server


def serve_until_told(server: Server, end_streams: Callable[[], None]) -> None:
    """Serve, in the main thread, until Ctrl-C or SIGTERM; then let requests in progress finish.

    `end_streams` is called first: a live view would never finish by itself. Call after `server.prepare()`.
    """
    told = threading.Event()

    def stop() -> None:
        told.wait()
        end_streams()
        server.stop()

    stopper = threading.Thread(target=stop, name="stopper")
    stopper.start()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: told.set())
    try:
        server.serve()
    finally:
        told.set()
        stopper.join()
