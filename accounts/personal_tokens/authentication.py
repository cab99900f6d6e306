"""Signs in the requests of scripts that show a personal token."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from accounts.addresses import address_of
from accounts.errors import BeyondToken, TokenUnknown
from accounts.models import PersonalToken, User
from accounts.personal_tokens.tokens import BEGINNING, LEFT_BY_SCOPE, find_token, note_use
from accounts.throttling import Attempt

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class PersonalTokenAuthentication(BaseAuthentication):
    """It stands before the class for JWTs, and leaves every other kind of token to it."""

    def authenticate(self, request: Request) -> tuple[User, PersonalToken] | None:
        """Return the user with the permissions that the token leaves. Raises TokenRefused, BeyondToken and
        TooManyAttempts."""
        text = read_token_text(request)
        if text is None:
            return None
        try:
            token = find_token(text)
        except TokenUnknown:
            # Only a token that never existed counts as a guess. So a script with an expired token does not lock its
            # address out.
            Attempt(request, "token").begin()
            raise
        limit_user(token.user, token, request)
        note_use(token, address_of(request))
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'


class PersonalTokenScheme(OpenApiAuthenticationExtension):
    """Describes the class in the schema."""

    target_class = "accounts.personal_tokens.authentication.PersonalTokenAuthentication"
    match_subclasses = True
    name = "personalToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": f"{BEGINNING}…",
            "description": "A personal token from the profile page, or from `POST /api/v1/auth/tokens`.",
        }


def limit_user(user: Any, token: PersonalToken, request: Request) -> None:
    """Leave the user the permissions that the token leaves. Raises BeyondToken if it leaves none for this request."""
    if token.scope == PersonalToken.Scope.VIEW and request.method not in SAFE_METHODS:
        raise BeyondToken(f"The token “{token.name}” may only watch and download. Make one that may also capture.")
    user.limited_to = LEFT_BY_SCOPE[PersonalToken.Scope(token.scope)]


def refuse_token(request: Request, act: str) -> None:
    """Raise BeyondToken if the request shows a personal token. `act` says what needs the password."""
    if isinstance(request.auth, PersonalToken):
        raise BeyondToken(f"A token may not {act}. Sign in with your password.")


def read_token_text(request: Request) -> str | None:
    """Return the personal token that the request shows, if it shows one."""
    kind, _, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    return text.strip() if kind == "Bearer" and text.strip().startswith(BEGINNING) else None
