"""What the database last said about people."""

from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Person:
    """A user, as the database last described them. `password_mark` changes with each change of the password, and does
    not reveal it."""

    user_id: int
    username: str
    display_name: str
    lasting_id: str
    is_superuser: bool
    permissions: frozenset[str]
    password_mark: str

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "permissions": sorted(self.permissions)}

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "Person":
        return cls(**{**fields, "permissions": frozenset(fields["permissions"])})


@dataclass(frozen=True, slots=True)
class SignIn:
    """A session or token that the database accepted. `key` is a hash, so nobody who reads it can use it. `ends_at_s` is
    a time of the wall clock. `token`: number, name and scope of a personal token."""

    key: str
    user_id: int
    password_mark: str
    ends_at_s: float
    token: tuple[int, str, str] | None = None

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> "SignIn":
        return cls(**{**fields, "token": tuple(fields["token"]) if fields["token"] else None})


class RememberedUser:
    """Takes the place of the user of a request while the database is away. It has what the camera needs, and cannot be
    saved."""

    is_authenticated = is_active = is_remembered = True
    is_anonymous = is_staff = False

    def __init__(self, person: Person) -> None:
        self._person = person
        self.pk = self.id = person.user_id
        self.username = person.username
        self.display_name = person.display_name
        self.lasting_id = UUID(person.lasting_id)
        self.is_superuser = person.is_superuser
        # The same as in accounts.models.User.
        self.limited_to: frozenset[str] | None = None

    def get_username(self) -> str:
        return self.username

    def get_session_auth_hash(self) -> str:
        return self._person.password_mark

    def has_own_perm(self, perm: str) -> bool:
        return self.is_superuser or perm in self._person.permissions

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return (self.limited_to is None or perm in self.limited_to) and self.has_own_perm(perm)

    def has_perms(self, perms: Any, obj: Any = None) -> bool:
        return all(self.has_perm(one) for one in perms)


def describe_person(user: Any) -> Person | None:
    """Describe the user without another query. None if nobody has asked for the permissions in this request."""
    # Django caches the permissions in these attributes after the first query.
    if not user.is_superuser and not hasattr(user, "_perm_cache"):
        return None
    return Person(
        user.pk,
        user.get_username(),
        user.display_name,
        str(user.lasting_id),
        user.is_superuser,
        frozenset() if user.is_superuser else frozenset(user.get_all_permissions()),
        user.get_session_auth_hash(),
    )
