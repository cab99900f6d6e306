"""How a connection of cheroot reads requests and writes answers, as microscope/http needs it."""

import _pyio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from cheroot import makefile, server, wsgi

from .cheroot_servers import BODY, REQUEST, answer, connected, receive


class TestConnection:
    def test_it_asks_for_a_file_to_read_and_one_to_write(self):
        asked = []

        def make(sock: socket.socket, mode: str, size: int) -> Any:
            asked.append((mode, size > 0))
            return makefile.MakeFile(sock, mode, size)

        ours, theirs = socket.socketpair()
        with ours, theirs:
            connection = server.HTTPConnection(wsgi.Server(("127.0.0.1", 0), answer), ours, make)
            assert asked == [("rb", True), ("wb", True)]
            assert (connection.socket, connection.rfile.bytes_read, connection.wfile.bytes_written) == (ours, 0, 0)

    def test_its_memory_of_the_other_end_refers_to_itself(self):
        with connected() as (connection, _):
            assert {"get_peer_creds", "resolve_peer_creds"} <= vars(connection).keys()

    @pytest.mark.parametrize(("header", "stays"), [(b"", True), (b"Connection: close\r\n", False)])
    def test_it_answers_one_request_at_a_time_and_says_whether_more_may_come(self, header, stays):
        with connected() as (connection, client):
            client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + header + b"\r\n")
            assert bool(connection.communicate()) is stays
            assert receive(client).endswith(BODY)

    def test_it_reads_from_the_file_that_was_put_in_place(self):
        """The file of this program holds one whole request."""
        reads = _pyio.BytesIO(REQUEST % b"held")
        reads.bytes_read, reads.has_data = 0, lambda: False
        with connected() as (connection, client):
            connection.rfile = reads
            assert connection.communicate()
            assert receive(client).endswith(BODY)


class TestRequest:
    def test_headers_are_bytes_by_their_canonical_name(self):
        seen = {}

        class Request(server.HTTPRequest):
            def read_request_headers(self) -> bool:
                is_clear = super().read_request_headers()
                seen.update(self.inheaders)
                seen["conn"] = self.conn
                return is_clear

        with connected(Request) as (connection, client):
            head = (
                b"GET / HTTP/1.1\r\nhost: localhost\r\ncontent-LENGTH: 0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
            )
            client.sendall(head)
            connection.communicate()
        assert (seen[b"Content-Length"], seen[b"Transfer-Encoding"]) == (b"0", b"chunked")
        assert seen["conn"] is connection

    def test_a_method_that_refuses_the_headers_sends_the_answer_itself(self):
        class Request(server.HTTPRequest):
            def read_request_headers(self) -> bool:
                assert super().read_request_headers()
                self.simple_response("411 Length Required", "Send the body as a whole.")
                return False

        with connected(Request) as (connection, client):
            client.sendall(REQUEST % b"")
            assert connection.communicate() is False
            connection.close()
            received = b"".join(iter(lambda: client.recv(65536), b""))
        assert received.startswith(b"HTTP/1.1 411 Length Required\r\n") and received.count(b"HTTP/1.1") == 1

    @pytest.mark.parametrize(("headers", "is_chunked"), [([("Content-Length", "4")], False), ([], True)])
    def test_each_part_of_the_answer_is_written_by_one_method(self, headers, is_chunked):
        written = []

        class Request(server.HTTPRequest):
            def write(self, chunk: bytes) -> None:
                written.append((chunk, bool(self.chunked_write)))
                super().write(chunk)

        def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
            start_response("200 OK", headers)
            return [b"ab", b"cd"]

        with connected(Request, application) as (connection, client):
            client.sendall(REQUEST % b"")
            connection.communicate()
            assert client.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n"), "the head goes another way"
        assert written == [(b"ab", is_chunked), (b"cd", is_chunked)]


class TestWriter:
    class Raw(_pyio.RawIOBase):
        def __init__(self) -> None:
            self.written: list[bytes] = []

        def writable(self) -> bool:
            return True

        def write(self, block: Any) -> int:
            self.written.append(bytes(block))
            return len(block)

    def test_what_is_written_passes_the_raw_file_at_once_and_is_counted(self):
        raw = self.Raw()
        writer = makefile.StreamWriter.__new__(makefile.StreamWriter)
        _pyio.BufferedWriter.__init__(writer, raw, 8192)
        writer.bytes_written = 0
        writer.write(b"head")
        assert (raw.written, writer.bytes_written, writer.raw) == ([b"head"], 4, raw)

    def test_a_file_on_a_socket_keeps_the_socket_under_this_name(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            assert socket.SocketIO(ours, "wb")._sock is ours
