"""Support for a reverse proxy: HTTPS, and a path before all addresses."""

from collections.abc import Callable, Iterable
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import split_domain_port

from microscope.errors import is_for_programs, refuse
from microscope.http.refusals import HttpsNeeded

# What proxies write. One that writes none of these cannot be told from a program on the same PC.
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PROTO", "HTTP_X_REAL_IP")
FORWARDED += ("HTTP_FORWARDED", "HTTP_VIA")


class HttpsMiddleware:
    """With HTTPS=true, refuses everything over plain HTTP but health, metrics for this PC, and the styles of pages.

    It comes after the static files, so that the page with the explanation has its style."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not settings.HTTPS or request.is_secure() or _is_open(request):
            return self.get_response(request)
        if _can_be_redirected(request):
            return HttpResponseRedirect(f"https://{split_domain_port(request.get_host())[0]}{request.get_full_path()}")
        return refuse(request, _explain(request))


def is_from_this_pc(request: HttpRequest) -> bool:
    """Return True if a program on this PC asks, and asks for itself. A proxy on this PC writes for whom it asks; a
    client that forges such a header only makes the answer False."""
    if any(name in request.META for name in FORWARDED):
        return False
    try:
        peer = ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    peer = getattr(peer, "ipv4_mapped", None) or peer
    # If the program listens to one address of the network only, this PC's own requests come from that address.
    return peer.is_loopback or str(peer) == settings.HOST


def _is_open(request: HttpRequest) -> bool:
    # Monitors on the PC itself ask without TLS.
    return request.path_info == "/health" or (request.path_info == "/metrics" and is_from_this_pc(request))


def _can_be_redirected(request: HttpRequest) -> bool:
    """Return True for a page, if a reverse proxy says that the request came to its port for plain HTTP. Then the proxy
    has the other port too. Otherwise perhaps nobody listens there."""
    is_page = request.method in ("GET", "HEAD") and not is_for_programs(request)
    port = split_domain_port(request.get_host())[1]
    return is_page and "X-Forwarded-Proto" in request.headers and port in ("", "80")


def _explain(request: HttpRequest) -> HttpsNeeded:
    if is_for_programs(request):
        return HttpsNeeded(
            "This program is used over HTTPS only: call it by its https:// address.",
            "What this call carried, also a token or a password, went over the network in clear. Sign out with that "
            "token, or change that password.",
        )
    return HttpsNeeded(
        "This program is used over HTTPS only.",
        "Open it by its https:// address. If you did, the reverse proxy does not tell the program: it must send "
        "X-Forwarded-Proto (nginx: proxy_set_header X-Forwarded-Proto $scheme).",
    )


Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


class RootPath:
    """Removes the root path from the path of each request. Some proxies remove it themselves, others do not."""

    def __init__(self, application: Application, root: str) -> None:
        """`root` is for example `/microscope`, or empty."""
        self._application = application
        self._root = root

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        # With the slash, so that `/microscope2` does not count as below `/microscope`.
        if self._root and f"{path}/".startswith(f"{self._root}/"):
            environ["PATH_INFO"] = path.removeprefix(self._root) or "/"
        return self._application(environ, start_response)
