"""Brings people from one database into another. Each keeps the lasting id, so that pictures stay theirs."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import Group
from django.db import transaction

from accounts.models import FormerName, User

COPIED = ("username", "lasting_id", "first_name", "last_name", "email", "password", "is_active", "date_joined")
OVER_ALL, OVER_OWN = "managers", "operators"
# Other groups are made by hand, and may have other rights in the other database.
PLAIN_GROUPS = ("viewers", OVER_OWN)


@dataclass(slots=True)
class BroughtPeople:
    """Names of people. `brought`: they sign in as before. `known`: they were there already, and stay as they are.
    `taken`: somebody else has the name, so they were not brought. `lowered`: they were brought with fewer rights."""

    brought: list[str] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    lowered: list[str] = field(default_factory=list)


def bring_people(source: str, target: str = "default", keeps_rights: bool = False) -> BroughtPeople:
    """Copy the people of one database into another; both are names of databases in Django. Nobody who is there already
    is changed. Without `keeps_rights`, nobody gets a right to change pictures of others: administrators and managers
    come as operators. Can be repeated. Raises Django's DatabaseError."""
    told = BroughtPeople()
    for old in User.objects.using(source).prefetch_related("groups", "former_names").order_by("pk"):
        name = old.get_username()
        with transaction.atomic(using=target):
            if User.objects.using(target).filter(lasting_id=old.lasting_id).exists():
                told.known.append(name)
            elif User.objects.using(target).named(name).exists():
                told.taken.append(name)
            else:
                is_lowered = _make(old, target, keeps_rights)
                (told.lowered if is_lowered else told.brought).append(name)
    return told


def _make(old: User, target: str, keeps_rights: bool) -> bool:
    """Make one person. Returns True if the person has fewer rights than before."""
    person = User(**{name: getattr(old, name) for name in COPIED})
    if keeps_rights:
        person.is_superuser, person.is_staff = old.is_superuser, old.is_staff
    person.save(using=target)
    names, is_lowered = _choose_groups(old, keeps_rights)
    groups: Any = person.groups
    groups.set(Group.objects.using(target).filter(name__in=names))
    former = [FormerName(user=person, username=one.username) for one in old.former_names.all()]
    FormerName.objects.using(target).bulk_create(former, ignore_conflicts=True)
    return is_lowered


def _choose_groups(old: User, keeps_rights: bool) -> tuple[set[str], bool]:
    had = {group.name for group in old.groups.all()}
    if keeps_rights:
        return had, False
    chosen = had & set(PLAIN_GROUPS)
    if old.is_superuser or OVER_ALL in had:
        chosen.add(OVER_OWN)
    return chosen, old.is_superuser or old.is_staff or chosen != had or old.user_permissions.exists()
