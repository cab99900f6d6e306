"""How cheroot's server hands connections to its threads, and how it stops, as microscope/http needs it."""

import errno
import threading
from collections.abc import Callable
from typing import Any

from cheroot import wsgi
from cheroot.workers import threadpool

from images.tests.conftest import wait_until

from .cheroot_servers import BODY, REQUEST, StandIn, answer, ask, connect, receive, serving


class TestServer:
    def test_the_accepting_thread_hands_over_new_connections_and_those_with_new_data(self):
        with serving() as served, connect(served) as client:
            ask(client)
            wait_until(served.find_idle)
            ask(client)
            wait_until(lambda: len(served.calls) == 4)
            processed = [(last_used is None, thread) for what, last_used, thread in served.calls if what == "process"]
        assert processed == [(True, "accepts"), (False, "accepts")]

    def test_the_thread_that_answered_puts_the_connection_back(self):
        with serving() as served, connect(served) as client:
            ask(client)
            wait_until(served.find_idle)
        [thread] = [thread for what, _, thread in served.calls if what == "put"]
        assert thread != "accepts"

    def test_idle_connections_are_known_by_their_number_and_can_be_taken_out(self):
        with serving() as served, connect(served) as client:
            ask(client)
            wait_until(served.find_idle)
            [(number, connection)] = served.find_idle()
            assert number == connection.socket.fileno() and connection.last_used > 0
            served._connections._selector.unregister(number)
            assert served.find_idle() == []
            connection.close()
            assert client.recv(1) == b""

    def test_the_server_itself_is_among_them(self):
        with serving() as served:
            assert served in [conn for _, conn in served._connections._selector.connections]

    def test_a_connection_that_is_put_back_is_asked_for_more_that_has_come(self):
        """`Received.has_data` returns False: `RequestBuffer` holds the bytes that have come behind a request."""
        with serving() as served, connect(served) as client:
            client.sendall(REQUEST % b"first" + REQUEST % b"second")
            assert receive(client, answers=2).count(BODY) == 2
            assert [what for what, *_ in served.calls][:3] == ["process", "put", "process"]

    def test_an_error_at_accepting_can_be_read_while_it_is_logged(self):
        with serving() as served, connect(served) as client:
            ask(client)

            def accept() -> None:
                raise OSError(errno.EMFILE, "Too many open files")

            served.socket = StandIn(served.socket, accept=accept)
            with connect(served):
                wait_until(lambda: served.faults)
            assert served.faults[0].errno == errno.EMFILE

    def test_it_stops_once_and_waits_for_requests_in_progress_no_longer_than_told(self):
        began, goes_on = threading.Event(), threading.Event()

        def hang(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            began.set()
            goes_on.wait(30)
            return answer(environ, start_response)

        with serving(hang) as served, connect(served) as client:
            client.sendall(REQUEST % b"")
            assert began.wait(30)
            threading.Timer(0.2, goes_on.set).start()
            served.stop()
            assert receive(client).endswith(BODY), "the request in progress was answered"
            served.stop()

    def test_a_request_that_waits_for_a_thread_is_counted(self):
        pool = threadpool.ThreadPool(None, min=1)
        pool.put("a connection")
        assert pool.qsize == 1


class TestThreads:
    def test_the_pool_makes_each_thread_by_one_method_and_waits_until_it_is_ready(self):
        made = []

        class Pool(threadpool.ThreadPool):
            def _spawn_worker(self):
                worker = threadpool.WorkerThread(self.server)
                worker.daemon = True
                worker.start()
                made.append(worker)
                return worker

        asked = wsgi.Server(("127.0.0.1", 0), answer)
        asked.requests = Pool(asked, min=3)
        asked.prepare()
        assert [worker.ready for worker in made] == [True] * 3
        asked.stop()
        assert not any(worker.is_alive() for worker in made)
