"""The door of the program. It is shut until the administrator's password is set: then only the one-time link leads in,
and only from this PC."""

import hmac
import secrets
from collections.abc import Callable
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.first_administrator import has_administrator
from images.errors import DATABASE_AWAY
from microscope.errors import refuse
from microscope.http.proxy import is_from_this_pc
from microscope.http.refusals import BeingSetUp

START = "/setup/start/"


class Door:
    """Safe to use from any thread. The secret of the link lives in memory only, so each start has another one."""

    def __init__(self) -> None:
        self._secret: str | None = None

    @property
    def is_shut(self) -> bool:
        return self._secret is not None

    def shut(self) -> str:
        """Shut the door, and return the secret of the link. It stays the same until the door is opened."""
        self._secret = self._secret or secrets.token_urlsafe(32)
        return self._secret

    def open(self) -> None:
        """Let everybody in, up to the sign-in. The link does not work any more."""
        self._secret = None

    def fits(self, secret: str) -> bool:
        expected = self._secret
        # In constant time, so that the time of an answer shows nothing of the secret.
        return expected is not None and hmac.compare_digest(secret.encode(), expected.encode())


_door = Door()


def the_door() -> Door:
    return _door


class DoorMiddleware:
    """While the door is shut, refuses everything but health, the styles of pages and the one-time link.

    It stands after the static files, so that the page with the explanation has its style."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not _door.is_shut or request.path_info == "/health" or self._is_led_in(request) or _has_opened_elsewhere():
            return self.get_response(request)
        refusal = refuse(request, _explain())
        # Django's own mark. Without it, each request of a page that waits would be an error in the log.
        refusal._has_been_logged = True  # type: ignore[attr-defined]
        return refusal

    def _is_led_in(self, request: HttpRequest) -> bool:
        secret = request.path_info.removeprefix(START)
        return request.path_info.startswith(START) and is_from_this_pc(request) and _door.fits(secret)


def _has_opened_elsewhere() -> bool:
    """Open the door if another node of the same library has been set up meanwhile."""
    if not settings.MICROSCOPE_ROLE:
        return False
    with suppress(*DATABASE_AWAY):
        if has_administrator():
            _door.open()
    return not _door.is_shut


def _explain() -> BeingSetUp:
    return BeingSetUp(
        "Microscope is being set up.",
        "On the PC of the microscope, open the link that the program printed when it started. Until the "
        "administrator's password is set, nothing else is shown.",
    )
