"""HTTP with a deadline for the whole call."""

import urllib.request
from functools import partial
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from typing import Any

from images.notices.deadline import Deadline


class _Connection(HTTPConnection):
    def __init__(self, deadline: Deadline, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._deadline = deadline

    def connect(self) -> None:
        super().connect()
        self._deadline.watch(self.sock)


class _SecureConnection(_Connection, HTTPSConnection):
    """HTTPSConnection comes second among the bases, so that the socket is watched once it is encrypted."""


class _Http(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def http_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_Connection, self._deadline), request)  # type: ignore[arg-type]


class _Https(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._deadline = deadline

    def https_open(self, request: urllib.request.Request) -> HTTPResponse:
        return self.do_open(partial(_SecureConnection, self._deadline), request)  # type: ignore[arg-type]


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        # The administrator trusts this address, not the ones to which it might send on, such as one inside the
        # laboratory.
        return None


def make_opener(deadline: Deadline) -> urllib.request.OpenerDirector:
    """Return an opener whose connections end with the deadline. It follows no redirect."""
    return urllib.request.build_opener(_NoRedirect, _Http(deadline), _Https(deadline))
