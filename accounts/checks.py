"""What would let somebody in, told before the program starts."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ValidationError


@register
def check_administrator_password(**_: Any) -> list[CheckMessage]:
    """The first administrator's password is held to what everybody's is."""
    if not settings.ADMIN_PASSWORD:
        return []
    try:
        validate_password(settings.ADMIN_PASSWORD, get_user_model()(username=settings.ADMIN_USERNAME))
    except ValidationError as problem:
        return [
            Error(
                f"ADMIN_PASSWORD is too easy to guess. {' '.join(problem.messages)}",
                hint="Choose another, or leave it empty: then one is made and shown once. "
                "Where there is an administrator already, it can be left out.",
                id="accounts.E001",
            )
        ]
    return []
