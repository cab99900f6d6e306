"""The number of a request. Its answer carries it, and so does every line of the log that belongs to it."""

import itertools
import secrets
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-Number"

# It stays after the answer, for the stream that follows it in the same thread, until the next request.
_current: ContextVar[str] = ContextVar("request_number", default="")


def current_request_number() -> str:
    """Return the number of the request that this thread answers; empty in other threads."""
    return _current.get()


class RequestNumberMiddleware:
    """Gives each request its number."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        # Each start counts from 1 again, so its own mark comes before the count.
        self._start = secrets.token_hex(2)
        self._count = itertools.count(1)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        number = f"{self._start}-{next(self._count)}"
        _current.set(number)
        response = self.get_response(request)
        response.headers[HEADER] = number
        return response
