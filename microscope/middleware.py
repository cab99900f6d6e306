"""What every answer passes through."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from microscope.errors import answer_page_error

POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"


class ArrivalMiddleware:
    """Notes when a request came, as `request.arrived_at_s` (time.perf_counter). A capture is measured from then on.
    Stands first, lest the time that the others take be lost."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.arrived_at_s = time.perf_counter()
        return self.get_response(request)


class ContentSecurityPolicyMiddleware:
    """No script, style or picture from elsewhere, and none written into a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class ErrorTableMiddleware:
    """Turns the program's errors into answers, for views outside the REST framework."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        return answer_page_error(request, problem)
