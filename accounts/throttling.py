"""The limit on failed sign-ins: after some failures an address has to wait, so that nobody can guess a password.

The program counts failures by name and address, and by address for all names. It never makes a name wait everywhere:
a stranger could lock its owner out. An attempt is counted before the password is checked, and the count is taken back
if the attempt succeeds. So many attempts at once get no further than the same number one after another. An attempt
that has to wait is not counted, so the wait ends at the time that was said.
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.addresses import address_of, network_of
from accounts.models import AttemptTally
from accounts.permissions import read_permissions
from folding import fold

WINDOW = timedelta(minutes=15)
# The limit for an address is higher, because a whole lab can have one address.
MAX_BY_NAME_AND_ADDRESS = 10
MAX_BY_ADDRESS = 100


class ThrottledBackend(ModelBackend):
    """Django's backend with the limit. Page, admin and API all sign in through it."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **credentials: Any
    ) -> AbstractBaseUser | None:
        """Return the user, or None. Raises TooManyAttempts. A call without a request comes from inside the program, and
        has no limit."""
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **credentials)
        attempt = Attempt(request, "password", username)
        attempt.begin()
        user = super().authenticate(request, username, password, **credentials)
        if user is not None:
            attempt.succeed()
        return user

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        """As Django's, but in one query. The user object keeps the answer; each request has an object of its own."""
        if obj is None and user_obj.is_active and not (user_obj.is_superuser or hasattr(user_obj, "_perm_cache")):
            user_obj._perm_cache = read_permissions(user_obj.pk)
        return super().get_all_permissions(user_obj, obj)


class Attempt:
    """One attempt to sign in, from an address, with or without a user name."""

    def __init__(self, request: Any, kind: str, username: str | None = None) -> None:
        place = network_of(address_of(request))
        # Rows are locked in this order everywhere. Otherwise two attempts could wait for each other.
        self._by_address = _key(kind, place)
        self._most_by_key = {self._by_address: MAX_BY_ADDRESS}
        self._by_name = None if username is None else _key(kind, place, username)
        if self._by_name:
            self._most_by_key[self._by_name] = MAX_BY_NAME_AND_ADDRESS

    def begin(self) -> None:
        """Count the attempt. Raises TooManyAttempts if too many failed."""
        self._require_room()
        with transaction.atomic():
            for key, most in self._most_by_key.items():
                _count(key, most)

    def succeed(self) -> None:
        """Take the count back. Earlier failures under this name are forgotten, those under other names stay."""
        # Only this attempt is taken back: with one account of their own, nobody may clear the failures under other
        # names.
        AttemptTally.objects.filter(key=self._by_address, failures__gt=0).update(failures=F("failures") - 1)
        if self._by_name:
            AttemptTally.objects.filter(key=self._by_name).delete()

    def _require_room(self) -> None:
        """Only reads, so that a flood of attempts writes nothing."""
        tallies = list(AttemptTally.objects.filter(key__in=self._most_by_key))
        # Writes only in this rare case.
        if any(tally.since > timezone.now() for tally in tallies):
            begin_now(AttemptTally.objects.filter(key__in=self._most_by_key))
            tallies = list(AttemptTally.objects.filter(key__in=self._most_by_key))
        for tally in tallies:
            tally.require_room(self._most_by_key[tally.key], WINDOW)


def forget_old_attempts() -> int:
    """Remove tallies that ended long ago. Returns how many."""
    begin_now(AttemptTally.objects.all())
    return AttemptTally.objects.filter(since__lt=timezone.now() - 2 * WINDOW).delete()[0]


def begin_now(tallies: QuerySet[AttemptTally]) -> None:
    """Let tallies from the future begin now. They began while the clock was ahead, and would end much too late."""
    now = timezone.now()
    tallies.filter(since__gt=now).update(since=now)


def _count(key: str, most: int) -> None:
    tally = _hold(key)
    # The window begins with the first failure and does not move, so the wait has a fixed end.
    if tally.is_over(WINDOW):
        tally.failures, tally.since = 0, timezone.now()
    # Check again under the lock: `begin` has checked without one.
    tally.require_room(most, WINDOW)
    tally.failures += 1
    tally.save()


def _hold(key: str) -> AttemptTally:
    """Lock the row of a tally until the transaction ends, and return it. A success in another thread may remove the row
    between the two queries; then it is made again."""
    held = AttemptTally.objects.select_for_update().filter(key=key)
    while True:
        # A conflict is ignored, because another attempt may make the same row at this moment.
        AttemptTally.objects.bulk_create([AttemptTally(key=key, since=timezone.now())], ignore_conflicts=True)
        if tally := held.first():
            return tally


def _key(*parts: str) -> str:
    # Folded, as names are compared. Otherwise each spelling of a name would have attempts of its own.
    text = "\n".join(fold(part) for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
