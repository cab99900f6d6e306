"""What can go wrong with signing in, named by cause. Shaped as `camera.errors`; none knows HTTP."""


class AccountError(Exception):
    """The root of the family. `fields` names the fields of a request that are to blame, if any."""

    code = "account_error"

    def __init__(self, message: str, fields: dict[str, list[str]] | None = None) -> None:
        super().__init__(message)
        self.fields = fields or {}


class TooManyAttempts(AccountError):
    """Too often wrong of late; `retry_after_s` says in how many seconds it can be tried again."""

    code = "too_many_attempts"

    def __init__(self, retry_after_s: int) -> None:
        minutes = -(-retry_after_s // 60)
        super().__init__(f"Too many attempts failed. Try again in {minutes} minute{'s' if minutes > 1 else ''}.")
        self.retry_after_s = retry_after_s
