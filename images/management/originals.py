"""Sentences of commands that do not work on a library without a camera, because it has no originals."""

from django.core.management.base import CommandError

from images.roles import NoOriginalsHere, is_library

BACK_UP = "Back up the database and the store with their own means."


def require_originals(todo: str = "Run this on each instrument.") -> None:
    """Raises CommandError on a library without a camera."""
    if is_library():
        raise CommandError(str(NoOriginalsHere(todo)))
