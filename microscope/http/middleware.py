"""The middleware: every request and answer passes through it."""

import time
from collections.abc import Callable
from datetime import UTC

from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, UnreadablePostError
from django.utils import timezone

from microscope.errors import answer, answer_page_error, is_for_programs, refuse_other_user

POLICY = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"

PAGE_USER_HEADER, PAGE_USER_FIELD = "X-Page-User", "page_user"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}


class ArrivalMiddleware:
    """Notes when a request came, as `request.arrived_at_s` (time.perf_counter). A captured frame must begin after it.
    It comes first, so that the time of the other middleware counts too."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.arrived_at_s = time.perf_counter()
        return self.get_response(request)


class KeptCookieMiddleware:
    """Lets no poll take the browser's session cookie away. A poll that was asked under an old session may be answered
    after the browser has got the cookie of the new one. It comes before the middleware of the sessions."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        cookie = response.cookies.get(settings.SESSION_COOKIE_NAME)
        if cookie is not None and not cookie.value and request.method in SAFE_METHODS and is_for_programs(request):
            del response.cookies[settings.SESSION_COOKIE_NAME]
        return response


class ContentSecurityPolicyMiddleware:
    """Forbids scripts, styles and pictures from other hosts, and those inside a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response


class ApiTimeMiddleware:
    """Sets UTC for calls of the API. Pages use the time zone of the lab."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not is_for_programs(request):
            return self.get_response(request)
        with timezone.override(UTC):
            return self.get_response(request)


class PageUserMiddleware:
    """Refuses a change that a page asks for if another user is signed in than the one the page was made for.

    A page names its user in a header or in a field of its form. Scripts do not send that, and one with a token acts
    for the token's user anyway. It comes after Django's authentication.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            refusal = self._refuse(request)
        # `process_exception` sees only the errors of views, not those of middleware.
        except (DatabaseError, InterfaceError, UnreadablePostError) as problem:
            refusal = answer_page_error(request, problem)
        return refusal or self.get_response(request)

    def _refuse(self, request: HttpRequest) -> HttpResponse | None:
        if request.method in SAFE_METHODS or "Authorization" in request.headers:
            return None
        in_header = request.headers.get(PAGE_USER_HEADER)
        page_user = in_header or request.POST.get(PAGE_USER_FIELD)
        if not page_user or not request.user.is_authenticated or page_user == str(request.user.pk):
            return None
        return refuse_other_user(request, is_form=not in_header)


class FreshAnswersMiddleware:
    """Keeps pages and answers out of every cache, also out of that of the Back button, because they show the library as
    it is now. Files that may be cached set their own header."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        return response


class ErrorTableMiddleware:
    """Turns errors into answers by the table, for views outside the REST framework."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            page = answer(request, 405, "method_not_allowed", f"This address takes {response.headers['Allow']} only.")
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        return answer_page_error(request, problem)
