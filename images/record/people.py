"""People, as files name them: by user name and by lasting id. A user name can be changed and given to somebody else; a
lasting id cannot.

If the two contradict each other, the id is right. Files from before there were ids have only the user name: it is
trusted only if no two users ever had it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid5

from django.contrib.auth import get_user_model
from django.db.models import Q

MAX_NAME_LENGTH = 150
# Never change it: ids of people from older files are made from it (uuid5).
_NAMED_WITHOUT_ID = UUID("5b0f1c0e-6a0e-4b5d-9d55-6b8f6c1a2e47")


@dataclass(frozen=True, slots=True)
class PersonInFile:
    """The person whom a file names. `lasting_id` is None in files from before there were ids."""

    name: str
    lasting_id: UUID | None


def name_person(key: str, person: Any) -> dict[str, str | None]:
    """Return how a file names a user under `key`: `{"binnedBy": "ada", "binnedById": "..."}`. Both values are None if
    `person` is None."""
    lasting_id = getattr(person, "lasting_id", None)
    return {
        key: person.get_username() if person else None,
        f"{key}Id": str(lasting_id) if lasting_id else None,
    }


def read_person(fields: dict[str, Any], key: str) -> PersonInFile | None:
    """Return the person whom a file names under `key`, or None. Raises ValueError if the id is invalid."""
    name, lasting_id = fields.get(key), fields.get(f"{key}Id")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_NAME_LENGTH or "\0" in name:
        return None
    return PersonInFile(name, None if lasting_id is None else UUID(str(lasting_id)))


def find_person(person: PersonInFile | None) -> Any | None:
    """Return the user whom a file names. Returns None if there is no such user, or if several may be meant."""
    if person is None:
        return None
    users = get_user_model()._default_manager
    # A user who was restored from a file without ids has the id that is made from the name.
    lasting_id = person.lasting_id or id_without_file(person.name)
    if known := users.filter(lasting_id=lasting_id).first():
        return known
    # The file names one certain person. Nobody else who has the same name now may take that person's place.
    if person.lasting_id:
        return None
    had_the_name = Q(username=person.name) | Q(former_names__username=person.name)
    # Two are enough to know that the name is ambiguous.
    holders = list(users.filter(had_the_name).distinct()[:2])
    return holders[0] if len(holders) == 1 else None


def id_without_file(name: str) -> UUID:
    """Return the lasting id for a user who is restored from files without ids. It is the same in every rebuild."""
    return uuid5(_NAMED_WITHOUT_ID, name)
