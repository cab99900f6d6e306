"""Passwords cannot be guessed by trying: after some failures an address waits.

Counted are failures by name and address, and by address over all names. A name alone never waits: a stranger could
lock its owner out. An attempt counts before it is made and is taken back where it succeeds, so that many at once get
no further than one after the other; what waits counts no more, so that the wait ends when it was said to end.
"""

import hashlib
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.addresses import address_of, neighbourhood_of
from accounts.models import AttemptTally

WINDOW = timedelta(minutes=15)
MOST_BY_NAME_AND_ADDRESS = 10
MOST_BY_ADDRESS = 100


class ThrottledBackend(ModelBackend):
    """Django's, throttled: the one place through which page, admin and API sign in."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **facts: Any
    ) -> AbstractBaseUser | None:
        """Raises TooManyAttempts. Without a request somebody asks from within, and does not wait."""
        if request is None or username is None or password is None:
            return super().authenticate(request, username, password, **facts)
        attempt = Attempt(request, "password", username)
        attempt.begin()
        user = super().authenticate(request, username, password, **facts)
        if user is not None:
            attempt.succeed()
        return user


class Attempt:
    """One try to get in, from an address and perhaps under a name."""

    def __init__(self, request: Any, kind: str, username: str | None = None) -> None:
        place = neighbourhood_of(address_of(request))
        # In this order everywhere, lest two attempts wait for each other.
        self._by_address = _key(kind, place)
        self._most_by_key = {self._by_address: MOST_BY_ADDRESS}
        self._by_name = None if username is None else _key(kind, place, username)
        if self._by_name:
            self._most_by_key[self._by_name] = MOST_BY_NAME_AND_ADDRESS

    def begin(self) -> None:
        """Count it. Raises TooManyAttempts where there were enough of them."""
        self._demand_room()
        with transaction.atomic():
            for key, most in self._most_by_key.items():
                _count(key, most)

    def succeed(self) -> None:
        """It was none of those that count. Failures under that name are forgiven, those under others are not."""
        AttemptTally.objects.filter(key=self._by_address, failures__gt=0).update(failures=F("failures") - 1)
        if self._by_name:
            AttemptTally.objects.filter(key=self._by_name).delete()

    def _demand_room(self) -> None:
        """By reading alone, so that a flood of attempts writes nothing."""
        for tally in AttemptTally.objects.filter(key__in=self._most_by_key):
            tally.demand_room(self._most_by_key[tally.key], WINDOW)


@contextmanager
def throttled(request: Any, kind: str) -> Iterator[None]:
    """An attempt with something else than name and password; what is raised within is its failure."""
    attempt = Attempt(request, kind)
    attempt.begin()
    yield
    attempt.succeed()


def forget_old_attempts() -> int:
    """Remove tallies whose time is long over. Answers how many."""
    return AttemptTally.objects.filter(since__lt=timezone.now() - 2 * WINDOW).delete()[0]


def _count(key: str, most: int) -> None:
    AttemptTally.objects.get_or_create(key=key, defaults={"since": timezone.now()})
    tally = AttemptTally.objects.select_for_update().get(key=key)
    if tally.is_over(WINDOW):
        tally.failures, tally.since = 0, timezone.now()
    tally.demand_room(most, WINDOW)
    tally.failures += 1
    tally.save()


def _key(*parts: str) -> str:
    text = "\n".join(unicodedata.normalize("NFKC", part).casefold() for part in parts)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
