"""The exchange of refresh tokens. Each gives one new pair, however often and from however many threads it is sent.

One row says what became of a token, and only one request can insert it. A second request within a few seconds, for
example from another tab of the browser, gets the same pair. The row holds numbers and times but no token: the program
signs the same pair again from them.
"""

import logging
import uuid
from datetime import datetime, timedelta
from typing import Any

import jwt
from django.db import transaction
from django.db.models.signals import pre_save
from django.dispatch import receiver
from django.utils import timezone
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.exceptions import InvalidToken, TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.state import token_backend
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.tokens import AccessToken, BlacklistMixin, RefreshToken

from accounts.models import UsedRefreshToken

logger = logging.getLogger(__name__)

SAME_PAIR_FOR = timedelta(seconds=10)
NOT_VALID = "The refresh token is not valid any more. Sign in again."
JTI = api_settings.JTI_CLAIM


class RevocableAccessToken(BlacklistMixin, AccessToken):
    """An access token that ends at sign-out, as refresh tokens do. `TokenAuthentication` checks for that in the query
    that finds the user, so the check here does nothing."""

    def check_blacklist(self) -> None:
        return


class SignedRefreshToken(RefreshToken):
    """A refresh token with a good signature that has not expired. It may have been used or revoked."""

    access_token_class = RevocableAccessToken

    def check_blacklist(self) -> None:
        return


def has_good_signature(text: str) -> bool:
    """Return True if this program signed the token, also if it has ended since. Nobody can guess such a signature."""
    try:
        # Only the signature is checked here: an expired token has a good one too.
        jwt.api_jws.decode(text, token_backend.get_verifying_key(text), algorithms=[token_backend.algorithm])
    except jwt.InvalidTokenError:
        return False
    return True


def exchange(text: str) -> dict[str, str]:
    """Return the new pair for a refresh token, and mark the token as used. Raises TokenError or InvalidToken."""
    token = SignedRefreshToken(text)
    # Raises if the account has ended or its password has changed since.
    JWTAuthentication().get_user(token)
    with transaction.atomic():
        # The numbers are chosen before it is known who is first. Only those of the first request are stored.
        successor = {"refresh_jti": uuid.uuid4().hex, "access_jti": uuid.uuid4().hex, "used_at": timezone.now()}
        used, is_first = UsedRefreshToken.objects.get_or_create(jti=token[JTI], defaults=successor)
        if is_first:
            return _make_first_pair(token, used)
    if not _is_repeatable(used):
        logger.warning("A refresh token of user %s was sent again and refused", token[api_settings.USER_ID_CLAIM])
        raise InvalidToken({"detail": NOT_VALID})
    return _sign_pair(token, used)[1]


def revoke(text: str, access: RevocableAccessToken | None) -> None:
    """End both tokens, and those that another tab has just got for the same refresh token. Raises TokenError if the
    refresh token is not valid, or was used or revoked before."""
    token = SignedRefreshToken(text)
    with transaction.atomic():
        used = _use_without_successor(token)
        if used is not None and not _is_repeatable(used):
            raise TokenError(NOT_VALID)
        # Another tab may have exchanged the token a moment ago: end the pair that it got, and so on along the chain.
        while used is not None:
            token, pair = _sign_pair(token, used)
            RevocableAccessToken(pair["access"]).blacklist()
            used = _use_without_successor(token)
        if access is not None:
            access.blacklist()


def _use_without_successor(token: SignedRefreshToken) -> UsedRefreshToken | None:
    """Revoke a token that was not used yet. Returns its row if it was, or was revoked."""
    used, is_first = UsedRefreshToken.objects.get_or_create(jti=token[JTI], defaults={"used_at": timezone.now()})
    if not is_first:
        return used if used.has_successor else _refuse()
    if _is_revoked(token):
        _refuse()
    token.blacklist()
    return None


def _refuse() -> None:
    raise TokenError(NOT_VALID)


def _make_first_pair(token: SignedRefreshToken, used: UsedRefreshToken) -> dict[str, str]:
    if _is_revoked(token):
        raise InvalidToken({"detail": NOT_VALID})
    token.blacklist()
    successor, pair = _sign_pair(token, used)
    successor.outstand()
    return pair


def _is_revoked(token: SignedRefreshToken) -> bool:
    return BlacklistedToken.objects.filter(token__jti=token[JTI]).exists()


def _is_repeatable(used: UsedRefreshToken) -> bool:
    """Return True within a few seconds of the first exchange, unless the session has ended since. A clock that was set
    back meanwhile gives a negative age, which is not recent."""
    is_recent = timedelta(0) <= timezone.now() - used.used_at <= SAME_PAIR_FOR
    # A row without a successor means that the new token was signed out meanwhile.
    ended = UsedRefreshToken.objects.filter(jti=used.refresh_jti, refresh_jti="")
    return used.has_successor and is_recent and not ended.exists()


def _sign_pair(token: SignedRefreshToken, used: UsedRefreshToken) -> tuple[SignedRefreshToken, dict[str, str]]:
    """Sign the new pair. The same token and row give the same pair, because equal claims and one key give one
    signature."""
    at: datetime = used.used_at
    refresh = SignedRefreshToken()
    refresh.payload = {**token.payload}
    # All times count from the first exchange, so that a repetition signs the same claims.
    refresh.current_time = at
    refresh[JTI] = used.refresh_jti
    refresh.set_exp(from_time=at)
    refresh.set_iat(at_time=at)
    access = refresh.access_token
    access[JTI] = used.access_jti
    access.set_iat(at_time=at)
    return refresh, {"access": str(access), "refresh": str(refresh)}


@receiver(pre_save, sender=OutstandingToken)
def forget_text(instance: OutstandingToken, **_: Any) -> None:
    """Remove the text of a token before it is saved. Anybody who reads the database or a backup could sign in with
    it. The program needs only its number (`jti`) later."""
    instance.token = ""
