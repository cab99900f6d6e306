"""The names in cheroot that microscope/http uses beyond the documented interface.

If an upgrade moves one of them, a test here, in test_cheroot_server.py or in test_cheroot_connection.py fails, and
docs/develop/web-server.md says what uses it.
"""

import _pyio
import inspect
import re
from pathlib import Path

import pytest
from cheroot import makefile, server, wsgi
from cheroot.connections import ConnectionManager, _ThreadsafeSelector
from cheroot.workers import threadpool

from .cheroot_servers import answer

PAGE = Path(__file__).resolve().parents[2] / "docs" / "develop" / "web-server.md"
# Each name as the page has it, and the object that has it. Attributes that only an instance has are tested elsewhere.
NAMES = {
    "HTTPServer.prepare": server.HTTPServer,
    "HTTPServer.stop": server.HTTPServer,
    "HTTPServer.process_conn": server.HTTPServer,
    "HTTPServer.put_conn": server.HTTPServer,
    "HTTPServer.error_log": server.HTTPServer,
    "HTTPServer.ConnectionClass": server.HTTPServer,
    "HTTPServer.keep_alive_conn_limit": server.HTTPServer,
    "ConnectionManager.put": ConnectionManager,
    "_ThreadsafeSelector.connections": _ThreadsafeSelector,
    "_ThreadsafeSelector.unregister": _ThreadsafeSelector,
    "ThreadPool.qsize": threadpool.ThreadPool,
    "ThreadPool._spawn_worker": threadpool.ThreadPool,
    "HTTPConnection.RequestHandlerClass": server.HTTPConnection,
    "HTTPConnection.communicate": server.HTTPConnection,
    "HTTPConnection.last_used": server.HTTPConnection,
    "HTTPConnection.remote_addr": server.HTTPConnection,
    "HTTPConnection.get_peer_creds": server.HTTPConnection,
    "HTTPConnection.resolve_peer_creds": server.HTTPConnection,
    "HTTPRequest.read_request_headers": server.HTTPRequest,
    "HTTPRequest.simple_response": server.HTTPRequest,
    "HTTPRequest.write": server.HTTPRequest,
    "StreamWriter.write": makefile.StreamWriter,
    "_pyio.BufferedWriter.__init__": _pyio.BufferedWriter,
}


@pytest.mark.parametrize("name", NAMES)
def test_the_name_is_there(name):
    assert hasattr(NAMES[name], name.rpartition(".")[2])


def test_the_page_names_what_is_tested_here():
    _, _, table = PAGE.read_text(encoding="utf-8").partition("## What it leans on")
    named = re.findall(r"^\| `([\w.]+)` \|", table, re.MULTILINE)
    assert sorted(named) == sorted(NAMES)


def test_a_server_takes_the_numbers_that_are_set_on_it():
    parameters = inspect.signature(wsgi.Server.__init__).parameters
    assert {"numthreads", "server_name", "request_queue_size", "timeout", "shutdown_timeout"} <= parameters.keys()
    made = wsgi.Server(("127.0.0.1", 0), answer, shutdown_timeout=7)
    assert made.shutdown_timeout == 7
    assert hasattr(made, "max_request_header_size") and hasattr(made, "max_request_body_size")
