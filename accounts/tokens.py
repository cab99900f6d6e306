"""JWTs that can be taken back before they expire."""

from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, BlacklistMixin, RefreshToken


class RevocableAccessToken(BlacklistMixin, AccessToken):
    """An access token that dies with logout, as refresh tokens do."""


def revoke(refresh: str, access: RevocableAccessToken | None) -> None:
    """End a session: both its tokens are worth nothing from now on. Raises TokenError for a refresh token that is
    none, or is dead already."""
    RefreshToken(refresh).blacklist()
    if access is not None:
        access.blacklist()


__all__ = ["RevocableAccessToken", "TokenError", "revoke"]
