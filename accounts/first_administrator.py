"""Someone must be able to sign in after the first start."""

import secrets

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group


def make_first_administrator(username: str, password: str) -> str | None:
    """Make a superuser where there is none yet, and answer the password to tell; None where one exists.

    An empty `password` means a random one. An ordinary account of that name is made the administrator's.
    """
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists():
        return None
    password = password or secrets.token_urlsafe(12)
    administrator = users.filter(username=username).first() or get_user_model()(username=username)
    administrator.is_superuser = administrator.is_staff = administrator.is_active = True
    administrator.set_password(password)
    administrator.save()
    administrator.groups.set(Group.objects.filter(name="managers"))
    return password
