"""The role of this program, and a check that the rows of its database fit the role."""

from django.conf import settings
from django.db import connection

from images.errors import LibraryError
from images.models import Image, Instrument


class RowsOfAnotherRole(LibraryError):
    """The database has rows that do not belong to a program in this role."""

    code = "rows_of_another_role"

    def __init__(self, message: str, todo: str) -> None:
        super().__init__(message)
        self.todo = todo


class NoOriginalsHere(LibraryError):
    """This program is the library of several instruments, which keep the originals."""

    code = "no_originals_here"

    def __init__(self, todo: str = "Run this on each instrument.") -> None:
        super().__init__(f"A library keeps no originals of its own. {todo}")


def is_library() -> bool:
    """Return True if this program is the library of several instruments, and has no camera of its own."""
    return settings.MICROSCOPE_ROLE == "library"


def is_of_several() -> bool:
    """Return True if this program shares its database with others: in either role."""
    return bool(settings.MICROSCOPE_ROLE)


def require_rows_of_this_role() -> None:
    """Raises RowsOfAnotherRole, and Django's DatabaseError and InterfaceError. Makes no query on SQLite, which no other
    program shares."""
    if connection.vendor != "postgresql":
        return
    if is_of_several():
        if Image.objects.filter(instrument=None).exists():
            raise RowsOfAnotherRole(
                f"The database has images of a PC that was alone, and MICROSCOPE_ROLE is {settings.MICROSCOPE_ROLE}.",
                "Run manage.py join on that PC: it makes the images those of its instrument.",
            )
    elif Instrument.objects.exists():
        raise RowsOfAnotherRole(
            "The database belongs to several instruments, and MICROSCOPE_ROLE is not set.",
            "Set MICROSCOPE_ROLE to instrument, or to library on a server without a camera.",
        )
