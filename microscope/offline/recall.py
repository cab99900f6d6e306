"""Asks the database who signs in, or the copy if the database does not answer."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import InterfaceError, OperationalError
from rest_framework.exceptions import AuthenticationFailed

from accounts.errors import TokenRefused
from microscope.offline.copy import Known, the_copy
from microscope.offline.people import RememberedUser, SignIn, describe_person
from microscope.offline.routes import goes_on_offline

# Narrower than images.errors.DATABASE_AWAY: if a database answers with another error, it is there.
NO_ANSWER = (OperationalError, InterfaceError)
REFUSED = (AuthenticationFailed, TokenRefused)
Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Accepted:
    """An accepted sign-in. It is noted when the request is answered, because only then the permissions of its user are
    known."""

    user: Any
    sign_in: SignIn
    forgettings: int


def hash_key(kind: str, secret: str) -> str:
    return hashlib.sha256(f"{kind}\n{secret}".encode("utf-8", "replace")).hexdigest()


def ask_or_recall(
    request: Any,
    key: str,
    ask: Callable[[], Answer],
    describe: Callable[[Answer], SignIn | None],
    recall: Callable[[Known, RememberedUser], Answer],
) -> Answer:
    """Return what `ask` returns. If the database does not answer, and both address and sign-in may go on, return what
    `recall` makes of the copy. `request` is Django's own. Raises what `ask` raises."""
    copy = the_copy()
    forgettings = copy.forgettings
    try:
        answer = ask()
    except NO_ANSWER:
        copy.note_away()
        known = copy.find(key) if goes_on_offline(request) else None
        if known is None:
            raise
        request.offline_until = known.until
        return recall(known, RememberedUser(known.person))
    except REFUSED:
        copy.forget_key(key)
        raise
    copy.note_answer()
    sign_in = describe(answer)
    if sign_in is None:
        copy.forget_key(key)
    else:
        user = answer[0] if isinstance(answer, tuple) else answer
        request.accepted_sign_in = Accepted(user, sign_in, forgettings)
    return answer


def note_accepted(request: Any) -> None:
    """Note what the database said about the user of this request. Makes no query."""
    accepted = getattr(request, "accepted_sign_in", None)
    person = describe_person(accepted.user) if accepted else None
    if accepted and person:
        the_copy().note(person, accepted.sign_in, accepted.forgettings)
