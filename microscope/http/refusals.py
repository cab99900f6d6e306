"""Refuses requests before a view sees them. Each refusal says what is wrong, and what a person can do about it."""

from urllib.parse import SplitResult, urlsplit

from django.core.exceptions import DisallowedHost, RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent
from django.http import HttpRequest

MAX_SHOWN = 100  # characters of what a client says of itself


class Refusal(Exception):
    """The root of the family: a sentence, and advice."""

    code = "bad_request"
    fields: dict[str, list[str]] = {}

    def __init__(self, sentence: str, advice: str = "") -> None:
        super().__init__(f"{sentence} {advice}".strip())
        self.sentence = sentence
        self.advice = advice


class HostRefused(Refusal):
    """The request names a host that is not among ALLOWED_HOSTS."""

    code = "host_refused"


class TooMuchSent(Refusal):
    code = "too_much_sent"


class HttpsNeeded(Refusal):
    """The settings say HTTPS=true, and the request came by plain HTTP."""

    code = "https_needed"


class BeingSetUp(Refusal):
    """The administrator's password is not set yet."""

    code = "being_set_up"


class PageOutdated(Refusal):
    """The token of the form differs from the one in the browser's cookie."""

    code = "page_outdated"


class OriginRefused(Refusal):
    """The browser says that the request comes from a page at another address."""

    code = "origin_refused"


def explain_bad_request(request: HttpRequest, problem: Exception) -> Refusal:
    """Return the refusal for a request that Django calls suspicious."""
    if isinstance(problem, DisallowedHost):
        return _explain_host()
    if isinstance(problem, (RequestDataTooBig, TooManyFieldsSent, TooManyFilesSent)):
        return TooMuchSent(
            "More was sent at once than this program takes.", "Select fewer, or send it in several requests."
        )
    return Refusal("This request is not valid.", "Go back, load the page again and try once more.")


def explain_forgery(request: HttpRequest, reason: str) -> Refusal:
    """Return the refusal for a request that failed Django's CSRF check. `reason` is Django's text."""
    if "origin" in reason.lower() or "referer" in reason.lower():
        return _explain_origin(request)
    return PageOutdated(
        "This page was out of date, and nothing was done.",
        "Since it was loaded, somebody signed in or out in this browser, or the browser lost its cookies. Load the "
        "page again and repeat what you did. If that does not help, allow this address to keep cookies.",
    )


def _explain_host() -> HostRefused:
    """Explain a refused host name. The answer does not repeat the name, because a stranger may have written it. The
    program's log has it."""
    return HostRefused(
        "This program does not know the name under which it was called.",
        "If the name is right, add it to ALLOWED_HOSTS in the program's settings and start the program again; the log "
        "says which name it was. A reverse proxy must pass on the name that the browser shows (nginx: "
        "proxy_set_header Host $http_host). On the PC itself, localhost always works.",
    )


def _explain_origin(request: HttpRequest) -> OriginRefused:
    claimed = request.headers.get("Origin") or request.headers.get("Referer", "")
    reached = f"{request.scheme}://{request.get_host()}"
    return OriginRefused(
        f"The request comes from {_shorten(claimed) or 'a page that the browser does not name'}, but it reached the "
        f"program as {reached}. Nothing was done.",
        _advise_on_origin(claimed, reached),
    )


def _advise_on_origin(claimed: str, reached: str) -> str:
    here, there = urlsplit(reached), _split(claimed)
    if there is None or not there.netloc:
        return "Open the program's own page and try again. The browser must be allowed to say from which page it comes."
    if there.netloc == here.netloc and there.scheme == "https":
        return (
            "A reverse proxy with TLS must send X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme), "
            "and the program's settings must say HTTPS=true."
        )
    return (
        "If both are this program, a reverse proxy changes the name or drops the port: it must pass on the name that "
        "the browser shows (nginx: proxy_set_header Host $http_host). If another site sent you here, open the page of "
        "the program itself."
    )


def _split(address: str) -> SplitResult | None:
    try:
        return urlsplit(address)
    except ValueError:
        return None


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
