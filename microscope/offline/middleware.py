"""Finds the user of a session, also while the database is away, and sets the headers that tell it to pages."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import get_user
from django.contrib.sessions.backends.base import SessionBase
from django.core.signals import request_finished
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from images.record.image import format_time
from microscope.offline.copy import the_copy
from microscope.offline.people import RememberedUser, SignIn
from microscope.offline.recall import Known, ask_or_recall, hash_key, note_accepted
from microscope.postgresql.reason import name_outage

OFFLINE_HEADER, UNTIL_HEADER, REASON_HEADER = "X-Offline", "X-Offline-Until", "X-Offline-Reason"


class OfflineMiddleware:
    """Puts the user into the request. It comes after Django's authentication, and before everything that asks for the
    user."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key:
            request.user = SimpleLazyObject(lambda: find_user_of_session(request))  # type: ignore[assignment]
        response = self.get_response(request)
        until = getattr(request, "offline_until", None)
        if until is not None:
            response.headers[OFFLINE_HEADER], response.headers[UNTIL_HEADER] = "1", format_time(until)
            response.headers[REASON_HEADER] = name_outage()
        else:
            note_accepted(request)
        return response


@receiver(request_finished)
def keep_copy(**_: Any) -> None:
    """Note the sign-in in the copy. It happens after the response was sent, so nobody waits for the file."""
    the_copy().write_sometimes()


def find_user_of_session(request: Any) -> Any:
    """Return the user of the session. Raises Django's DatabaseError."""
    session = request.session
    key = hash_key("session", session.session_key)

    def describe(user: Any) -> SignIn | None:
        if not user.is_authenticated:
            return None
        ends_at_s = session.ends_at.timestamp() if session.ends_at else float("inf")
        return SignIn(key, user.pk, user.get_session_auth_hash(), ends_at_s)

    def recall(known: Known, user: RememberedUser) -> RememberedUser:
        request.session = SessionAway(session.session_key)
        return user

    return ask_or_recall(request, key, lambda: get_user(request), describe, recall)


class SessionAway(SessionBase):
    """Takes the place of a session that cannot be read or written now. It is empty, and is never saved."""

    def load(self) -> dict[str, Any]:
        return {}

    def save(self, must_create: bool = False) -> None:
        return
