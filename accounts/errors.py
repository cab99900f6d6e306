"""Errors of signing in, named by cause, in the shape of `camera.errors`. None of them knows HTTP."""


class AccountError(Exception):
    """The root of the family. `fields` names the fields of a request that are to blame, if any."""

    code = "account_error"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class TooManyAttempts(AccountError):
    """Too many attempts failed. After `retry_after_s` seconds the user can try again."""

    code = "too_many_attempts"

    def __init__(self, retry_after_s: int) -> None:
        minutes = -(-retry_after_s // 60)
        super().__init__(f"Too many failed attempts. Try again in {minutes} minute{'s' if minutes > 1 else ''}.")
        self.retry_after_s = retry_after_s


class TokenRefused(AccountError):
    """A personal token was shown that opens nothing."""

    code = "token_refused"


class TokenUnknown(TokenRefused):
    """There is no such token: it is misspelt, or it ended long ago."""

    code = "token_unknown"


class TokenExpired(TokenRefused):
    """The token has reached its end."""

    code = "token_expired"


class TokenRevoked(TokenRefused):
    """Somebody revoked the token, or it was revoked because the account ended."""

    code = "token_revoked"


class AccountEnded(TokenRefused):
    """The account of the token was deactivated."""

    code = "account_ended"


class BeyondToken(AccountError):
    """The token is valid, but tokens of its kind may not do this."""

    code = "beyond_token"


class TokenMissing(AccountError):
    """The user has no token with this number."""

    code = "token_missing"


class BadToken(AccountError):
    """The token cannot be made as it was described."""

    code = "bad_token"
