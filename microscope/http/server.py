"""The production server: one process with many threads, and an orderly end."""

import codecs
import errno
import logging
import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from cheroot import wsgi
from cheroot.workers.threadpool import ThreadPool, WorkerThread

from images.api.control.wait import HAS_HUNG_UP
from microscope.http.connections import Connection
from microscope.http.request_buffer import CLIENT_TIMEOUT_S, MAX_HEADER_BYTES, PendingConnections

logger = logging.getLogger(__name__)

# If no file can be opened: how often that is logged, and how long to wait before the next attempt.
SILENCE_S = 10.0
PAUSE_S = 0.1
MAX_BODY_BYTES = 10 * 1024 * 1024
# The most idle connections. With those of the threads they stay below the limit of open files on every system.
MAX_IDLE = 250


class Server(wsgi.Server):
    """cheroot's server. Its messages go to our log, and only a complete request gets a thread."""

    ConnectionClass = Connection
    keep_alive_conn_limit = MAX_IDLE

    def prepare(self) -> None:
        self._pending = PendingConnections(super().process_conn, MAX_IDLE)
        super().prepare()
        self._pending.start()

    def stop(self) -> None:
        self._pending.close()
        super().stop()

    def process_conn(self, conn: Connection) -> None:
        """Handle a new connection, or new data on an idle one. Runs on the accept thread."""
        if conn.last_used is None:
            self._drop_longest_idle()
            self._connections.put(conn)
        elif conn.incoming.is_whole or conn.receive():
            super().process_conn(conn)
        else:
            self._pending.add(conn)

    def put_conn(self, conn: Connection) -> None:
        """Take back a connection after an answer. A request that came behind is next. Runs on the thread that
        answered."""
        if self.ready and conn.incoming:
            self.process_conn(conn)
        else:
            super().put_conn(conn)

    @property
    def busy_threads(self) -> int:
        """How many threads answer a request now. A watcher of the live picture keeps one."""
        return self.requests.busy

    def is_crowded(self) -> bool:
        """Return True if a complete request waits for a thread."""
        return self.requests.qsize > 0

    def _drop_longest_idle(self) -> None:
        idle = [(conn.last_used, number, conn) for number, conn in self._idle() if conn is not self]
        if len(idle) >= MAX_IDLE:
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
        """Pause if no file can be opened. cheroot tries again at once, which would use a whole processor and fill the
        disk with messages."""
        now_s = time.monotonic()
        if now_s >= self._silent_until_s:
            logger.error("Nobody can connect: %s", fault.strerror)
            self._silent_until_s = now_s + SILENCE_S
        time.sleep(PAUSE_S)


class Gateway(wsgi.Gateway_10):
    """Hands a request to the application, with a way to find out that its client has gone."""

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), HAS_HUNG_UP: self.req.conn.has_hung_up}


class RequestQueue:
    """Gives the oldest request to the thread that was busy last.

    Each thread that answers a request keeps a connection to the database and its memory. With this order a few threads
    do all the work, and the others stay small.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: deque[Any] = deque()
        self._idle: list[queue.SimpleQueue[Any]] = []

    def put(self, request: Any, **_options: Any) -> None:
        """Add a request. Never blocks, because the number of connections bounds the queue."""
        with self._lock:
            if self._idle:
                # From the end of the list: the thread that was busy last.
                self._idle.pop().put(request)
            else:
                self._requests.append(request)

    def get(self) -> Any:
        """Return a request for this thread. Blocks until there is one."""
        with self._lock:
            if self._requests:
                return self._requests.popleft()
            mine: queue.SimpleQueue[Any] = queue.SimpleQueue()
            self._idle.append(mine)
        return mine.get()

    def qsize(self) -> int:
        return len(self._requests)

    @property
    def idle_count(self) -> int:
        """How many threads wait for a request."""
        return len(self._idle)


class DaemonThreads(ThreadPool):
    """Threads that do not keep the process from ending, for example if a request hangs in a database."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._queue = RequestQueue()
        self.get = self._queue.get

    @property
    def busy(self) -> int:
        return max(self.min - self._queue.idle_count, 0)

    def _spawn_worker(self) -> WorkerThread:
        worker = WorkerThread(self.server)
        worker.daemon = True
        worker.start()
        return worker


_servers: list[Server] = []


def register_server(server: Server) -> None:
    """Make this the server of the process."""
    _servers[:] = [server]


def the_server() -> Server | None:
    """Return the server of the process; None in a process that does not serve, such as a command."""
    return _servers[0] if _servers else None


def make_server(host: str, port: int, application: Callable[..., Any], threads: int, patience_s: float) -> Server:
    """Make the server. `patience_s`: the time for requests in progress after the server was told to stop."""
    # Django logs a refusal with this codec and loads it only then. If no file can be opened, the answer would be lost.
    codecs.lookup("unicode_escape")
    server = Server(
        (host, port),
        _answer_without_body(_name_host(application)),
        numthreads=threads,
        server_name="Microscope",
        request_queue_size=128,
        timeout=CLIENT_TIMEOUT_S,
        shutdown_timeout=patience_s,
    )
    server.gateway = Gateway
    server.requests = DaemonThreads(server, min=threads)
    server.max_request_header_size = MAX_HEADER_BYTES
    server.max_request_body_size = MAX_BODY_BYTES
    return server


def _name_host(application: Callable[..., Any]) -> Callable[..., Any]:
    """Add a host to a request of HTTP/1.0 that names none, as simple monitors send it. HTTP/1.1 must name one."""

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["SERVER_PROTOCOL"] == "HTTP/1.0":
            environ["SERVER_NAME"] = "localhost"
        return application(environ, start_response)

    return call


def serve_until(stop: threading.Event, server: Server, close_all: Callable[[], None]) -> None:
    """Serve until the event is set. Call it in the main thread, after `server.prepare()`.

    Then another thread calls `close_all`, which also stops the server. The function returns after that.
    """

    def end() -> None:
        stop.wait()
        close_all()

    # In another thread, because the main thread is inside `serve` until the server is stopped.
    stopper = threading.Thread(target=end, name="stopper")
    stopper.start()
    try:
        server.serve()
    finally:
        stop.set()
        stopper.join()


def _answer_without_body(application: Callable[..., Any]) -> Callable[..., Any]:
    """Drop the body of an answer to HEAD (RFC 9110, section 9.3.2), because cheroot would send it. A browser would take
    it for the start of the next answer."""

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        answer = application(environ, start_response)
        if environ["REQUEST_METHOD"] != "HEAD":
            return answer
        if hasattr(answer, "close"):
            # The body is not read, but a stream must still give back its watcher.
            answer.close()
        return []

    return call
