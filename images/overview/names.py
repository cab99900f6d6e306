"""The names of the instruments that share the library. A PC that shares its library with no other has none, and makes
no query for them."""

from typing import NamedTuple
from uuid import UUID

from folding import alphabetical
from images.errors import DATABASE_AWAY
from images.models import Instrument
from images.roles import is_of_several


class Named(NamedTuple):
    id: UUID
    name: str


def has_instruments() -> bool:
    """Return True if at least one PC has joined the library. False also while the database is away: pages must not
    fail because of it."""
    try:
        return is_of_several() and Instrument.objects.exists()
    except DATABASE_AWAY:
        return False


def list_names() -> list[Named]:
    """Return the instruments in the order of their names."""
    rows = Instrument.objects.order_by().values_list("pk", "name") if is_of_several() else ()
    return sorted((Named(*row) for row in rows), key=lambda one: alphabetical(one.name))
