"""Program: its version, where it answers, under which names, behind which proxy, and how busy it is."""

import platform
import sys
from ipaddress import ip_address

from django.apps import apps
from django.conf import settings
from django.http import HttpRequest

from camera.registry import the_camera
from images.pages.display_fields import format_bytes
from microscope.http.server import the_server
from microscope.start.log_file import KEPT_FILES, log_files
from microscope.status.line import BAD, FINE, WARN, Line, not_measured
from microscope.status.running import Running

BUSY_SHARE = 0.9
OPEN_TO_ALL = ("0.0.0.0", "::")


def read_program(running: Running) -> list[Line]:
    return [
        describe_version(running),
        describe_address(running),
        describe_names(),
        describe_proxy(running.request),
        describe_tls(running.request),
        describe_threads(running),
        describe_log(running),
    ]


def describe_version(running: Running) -> Line:
    python = ".".join(map(str, sys.version_info[:3]))
    shown = f"Microscope {settings.VERSION}, Python {python}, {platform.system()} {platform.release()}"
    if settings.DEBUG:
        todo = "Set DEBUG=false: pages of errors show the program's inside to everybody."
        return Line("Version", WARN if _is_local() else BAD, "Debugging", shown, todo=todo)
    since = apps.get_app_config("microscope").started_at if running.is_here else None
    return Line("Version", FINE, "Known", shown, since)


def describe_address(running: Running) -> Line:
    shown = f"Port {settings.PORT}, for {'this PC alone' if _is_local() else 'the network'}"
    if running.is_there:
        return Line("Address", FINE, "Answers", shown, names=settings.HOST)
    if running.is_taken:
        todo = "End the other program, or set PORT to another number."
        return Line("Address", BAD, "Taken", f"{shown}. Another program answers there", todo=todo, names=settings.HOST)
    return Line("Address", WARN, "Silent", f"{shown}. The program does not run", todo="Start the program.")


def describe_names() -> Line:
    names = list(dict.fromkeys(settings.ALLOWED_HOSTS))
    shown = f"{len(names)} names"
    if "*" in names:
        todo = "Name the hosts in ALLOWED_HOSTS, instead of *."
        return Line("Names", WARN, "Any", "It answers under every name", todo=todo)
    return Line("Names", FINE, "Known", shown, names=", ".join(names))


def describe_proxy(request: HttpRequest | None) -> Line:
    """Describe the proxies before the program, as far as this request shows them."""
    name, proxies = "Proxy", settings.TRUSTED_PROXIES
    if request is None:
        return not_measured(name, f"TRUSTED_PROXIES is {proxies}. Only a page that came through it can tell")
    forwarded = [one for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if one.strip()]
    if forwarded and not proxies:
        todo = "Set TRUSTED_PROXIES to the number of proxies. Else all people count as one when passwords are tried."
        return Line(name, WARN, "Not trusted", "This page came through a proxy", todo=todo)
    if len(forwarded) < proxies:
        todo = (
            "Let each proxy append to X-Forwarded-For, or correct TRUSTED_PROXIES. Or open this page through the proxy."
        )
        return Line(name, WARN, "Silent", f"{len(forwarded)} of {proxies} proxies say for whom they ask", todo=todo)
    if proxies:
        return Line(name, FINE, "Trusted", f"{proxies} before the program, and this page came through it")
    return Line(name, FINE, "None", "This page came directly")


def describe_tls(request: HttpRequest | None) -> Line:
    if settings.HTTPS:
        kept = f", kept by browsers for {settings.HSTS_SECONDS} s" if settings.HSTS_SECONDS else ""
        if request is not None and not request.is_secure():
            todo = "Let the proxy send X-Forwarded-Proto."
            return Line("TLS", BAD, "Missing", "This page came over plain HTTP", todo=todo)
        return Line("TLS", FINE, "On", f"Nothing over plain HTTP{kept}")
    if _is_local() and not settings.TRUSTED_PROXIES:
        return Line("TLS", FINE, "Not needed", "The program answers on this PC alone")
    todo = "Put a reverse proxy with TLS before the program, and set HTTPS=true."
    return Line("TLS", WARN, "Off", "Passwords and pictures cross the network in clear", todo=todo)


def describe_threads(running: Running) -> Line:
    name, server = "Threads", the_server()
    if not running.is_here or server is None:
        return not_measured(name, f"SERVER_THREADS is {settings.SERVER_THREADS}. Only the running program can tell")
    watchers = the_camera().status().watchers
    busy, waiting = server.busy_threads, server.requests.qsize
    shown = (
        f"{busy} of {settings.SERVER_THREADS} busy, {watchers} of {settings.LIVE_MAX_WATCHERS} places to watch taken"
    )
    if waiting or busy >= BUSY_SHARE * settings.SERVER_THREADS:
        todo = "Raise SERVER_THREADS, or let some people close the live page."
        return Line(name, WARN, "Busy", f"{shown}. {waiting} requests wait", todo=todo)
    return Line(name, FINE, "Enough", shown)


def describe_log(running: Running) -> Line:
    files = log_files(settings.DATA_PATH)
    size_bytes = sum(path.stat().st_size for path in files)
    if files:
        return Line("Log", FINE, "Written", f"{format_bytes(size_bytes)}, in {len(files)} of {KEPT_FILES + 1} files")
    if running.is_here:
        todo = "Make the folder log in the data folder writable, then start the program again."
        return Line("Log", WARN, "None", "It is on the console alone", todo=todo)
    return not_measured("Log", "The program has not written one yet")


def _is_local() -> bool:
    """Return True if the program listens for this PC alone."""
    if settings.HOST in OPEN_TO_ALL:
        return False
    try:
        return ip_address(settings.HOST).is_loopback
    except ValueError:
        return settings.HOST == "localhost"
