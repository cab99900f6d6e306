"""Sign-in by tokens, also while the database is away."""

from typing import Any

from rest_framework.request import Request
from rest_framework_simplejwt.tokens import Token

from accounts.models import PersonalToken
from accounts.personal_tokens.authentication import PersonalTokenAuthentication, limit_user, read_token_text
from accounts.sign_in.tokens import TokenAuthentication
from microscope.offline.people import SignIn
from microscope.offline.recall import Known, RememberedUser, ask_or_recall, hash_key


class OfflinePersonalTokens(PersonalTokenAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, PersonalToken] | None:
        text = read_token_text(request)
        if text is None:
            return None
        key = hash_key("personal token", text)

        def recall(known: Known, user: RememberedUser) -> tuple[Any, PersonalToken]:
            number, name, scope = known.sign_in.token or (0, "", "")
            token = PersonalToken(pk=number, name=name, scope=scope)
            limit_user(user, token, request)
            return user, token

        ask = super().authenticate
        return ask_or_recall(request._request, key, lambda: ask(request), lambda answer: _describe(key, answer), recall)


class OfflineTokens(TokenAuthentication):
    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        # The library gives `get_user` no request. So each request has its own object of this class, which keeps it.
        self._asking = request._request
        return super().authenticate(request)

    def get_user(self, validated_token: Token) -> Any:
        key = hash_key("token", str(validated_token.get("jti")))

        def describe(user: Any) -> SignIn:
            return SignIn(key, user.pk, user.get_session_auth_hash(), float(validated_token["exp"]))

        ask = super().get_user
        return ask_or_recall(self._asking, key, lambda: ask(validated_token), describe, lambda known, user: user)


def _describe(key: str, answer: Any) -> SignIn:
    user, token = answer
    columns = (token.pk, token.name, str(token.scope))
    return SignIn(key, user.pk, user.get_session_auth_hash(), token.expires_at.timestamp(), columns)
