"""A cheap hash for the passwords of users that exist only in a test. The hash of the program takes as long as half a
start."""

from django.conf import settings

CHEAP = "django.contrib.auth.hashers.MD5PasswordHasher"


def use_cheap_hash() -> None:
    """From now on this process makes cheap hashes. It still knows those that another process made."""
    settings.PASSWORD_HASHERS = [CHEAP, *settings.PASSWORD_HASHERS]
