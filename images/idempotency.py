"""A capture asked for twice under one key is made once: who lost the answer asks again, and gets it.

The key stands in the record inside the file, and from there in the row. So it holds across a restart, and whether or
not the row could be written. Within a process, requests under one key take turns.
"""

import hashlib
import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.utils import timezone

from images.apps import the_library
from images.archive import Kept
from images.capture import Captured
from images.errors import DATABASE_AWAY, BadIdempotencyKey, IdempotencyKeyReused
from images.listing import IDEMPOTENCY_KEPT_FOR, adopt_unlisted
from images.models import Image

DAYS_LOOKED_THROUGH = 2
MOST_REMEMBERED = 1000
KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a client calls its request, and a hash of what it asked for."""

    key: str
    request_sha256: str


def read_asked(key: str | None, body: Any) -> Asked | None:
    """From the header; None where there is none. Raises BadIdempotencyKey."""
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise BadIdempotencyKey("Idempotency-Key must be 1 to 200 visible ASCII characters, without spaces.")
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return Asked(key, hashlib.sha256(text.encode()).hexdigest())


class OnceOnly:
    """Captures of this process that carry a key."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns: dict[tuple[int, str], tuple[threading.Lock, int]] = {}
        self._without_row: OrderedDict[tuple[int, str], Captured] = OrderedDict()
        self._is_looked_through = False

    def capture(self, by: AbstractBaseUser, asked: Asked, take: Callable[[], Captured]) -> Captured:
        """What was captured under this key before, or else what `take` captures now.

        Waits while another request under the same key is in progress. Raises IdempotencyKeyReused where that key
        stood for another request, and what `take` raises; then the key is free again.
        """
        with self._turn((by.pk, asked.key)):
            earlier = self._find(by, asked.key)
            if earlier is not None:
                return _demand_same(earlier, asked)
            captured = take()
            if captured.image is None:
                self._remember((by.pk, asked.key), captured)
            return captured

    def _find(self, by: AbstractBaseUser, key: str) -> Captured | None:
        """By its row; where that is still to come, in memory; after a restart, in what has no row yet. Raises Django's
        DatabaseError where it cannot be told: better no picture than two."""
        remembered = self._without_row.get((by.pk, key))
        try:
            found = _find_row(by, key)
        except DATABASE_AWAY:
            if remembered is None:
                raise
            return remembered
        if found or remembered or self._is_looked_through:
            return found or remembered
        the_library().archive.check_folder()
        adopt_unlisted(the_library().archive, DAYS_LOOKED_THROUGH)
        self._is_looked_through = True
        return _find_row(by, key)

    def _remember(self, whose: tuple[int, str], captured: Captured) -> None:
        with self._lock:
            self._without_row[whose] = captured
            if len(self._without_row) > MOST_REMEMBERED:
                self._without_row.popitem(last=False)

    @contextmanager
    def _turn(self, whose: tuple[int, str]) -> Iterator[None]:
        with self._lock:
            turn, waiting = self._turns.get(whose, (threading.Lock(), 0))
            self._turns[whose] = turn, waiting + 1
        try:
            with turn:
                yield
        finally:
            with self._lock:
                turn, waiting = self._turns.pop(whose)
                if waiting > 1:
                    self._turns[whose] = turn, waiting - 1


def forget_old_keys() -> int:
    """Free the keys that have had their time. Answers how many."""
    old = Image.objects.filter(idempotency_key__isnull=False, captured_at__lt=timezone.now() - IDEMPOTENCY_KEPT_FOR)
    return old.update(idempotency_key=None)


def _find_row(by: AbstractBaseUser, key: str) -> Captured | None:
    image = Image.objects.filter(user_id=by.pk, idempotency_key=key).first()
    if image is None:
        return None
    path = the_library().archive.path_of(image.filename)
    return Captured(Kept(path, image.file_size, image.sha256), image.metadata, image)


def _demand_same(earlier: Captured, asked: Asked) -> Captured:
    if earlier.record.get("requestSha256") != asked.request_sha256:
        raise IdempotencyKeyReused(
            "This Idempotency-Key stood for another capture. Take a new key for each picture you want."
        )
    return earlier
