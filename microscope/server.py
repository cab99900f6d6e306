"""The production server: one process, many threads, ended in order."""

import logging
import signal
import threading
from collections.abc import Callable
from typing import Any

from cheroot import wsgi

logger = logging.getLogger(__name__)

# A client that neither reads nor sends for so long is dropped.
CLIENT_TIMEOUT_S = 10
MOST_HEADER_BYTES = 64 * 1024
MOST_BODY_BYTES = 10 * 1024 * 1024


class Server(wsgi.Server):
    """cheroot, with its messages in our log."""

    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        logger.log(level, msg, exc_info=traceback)


def make_server(host: str, port: int, application: Callable[..., Any], threads: int, patience_s: float) -> Server:
    """`patience_s`: how long requests in progress may take to finish once the server is told to stop."""
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
