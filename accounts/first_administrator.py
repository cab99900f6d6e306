"""The first administrator, so that somebody can sign in after the first start."""

import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.auth.password_validation import validate_password
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ValidationError
from django.db import transaction


def has_administrator() -> bool:
    return get_user_model().objects.filter(is_superuser=True).exists()


def find_administrator(username: str) -> Any:
    """Return the user with this name, who was just made the administrator. Raises DoesNotExist."""
    return get_user_model().objects.named(username).get(is_superuser=True)


@transaction.atomic
def make_first_administrator(username: str, password: str) -> str | None:
    """Make a superuser if there is none yet. Returns the password to show, or None if there is a superuser already.

    If `password` is empty, a random one is made. If an ordinary account has this name, or one that differs only in
    case, that account becomes the administrator. An account that was only restored from files gives up its name
    instead, because the person who starts the program need not be the person of the files.

    Two starts must not call it at the same time: both would find no superuser. The caller holds a lock.
    """
    users = get_user_model().objects
    if has_administrator():
        return None
    password = password or secrets.token_urlsafe(12)
    administrator = users.named(username).first()
    # This is how `restore_people` leaves an account that it made from files.
    if administrator and not administrator.is_active and not administrator.has_usable_password():
        administrator.username = get_user_model().name_for_restored(username)
        administrator.save()
        administrator = None
    administrator = administrator or get_user_model()(username=username)
    administrator.is_superuser = administrator.is_staff = administrator.is_active = True
    administrator.set_password(password)
    administrator.save()
    administrator.groups.set(Group.objects.filter(name="managers"))
    return password


@register
def check_administrator_password(**_: Any) -> list[CheckMessage]:
    """Check ADMIN_PASSWORD by the rules that hold for every password."""
    if not settings.ADMIN_PASSWORD:
        return []
    try:
        validate_password(settings.ADMIN_PASSWORD, get_user_model()(username=settings.ADMIN_USERNAME))
    except ValidationError as problem:
        return [
            Error(
                f"ADMIN_PASSWORD is too easy to guess. {' '.join(problem.messages)}",
                hint="Choose another one, or leave it empty: the first start lets you choose one, or shows one once. "
                "If there is an administrator already, you do not need it.",
                id="accounts.E001",
            )
        ]
    return []
