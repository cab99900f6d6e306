"""Makes captures idempotent: a repeated request with the same key gets the first image, and makes no second one.

The key is in the record inside the file, and copied from there to the row. So it works across a restart, and also if
the row could not be written, or the database is away. Within a process, requests with the same key wait for each other.
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
from django.db.models import Q

from images.archive.archive import Archive, StoredFile
from images.archive.job_file import is_job_file
from images.archive.names import TEMPORARY_SUFFIX, Location, location_of
from images.archive.sidecar import is_sidecar
from images.errors import DATABASE_AWAY, BadIdempotencyKey, IdempotencyKeyReused, NotAnOriginal
from images.index.adoption import adopt_unlisted, find_newest_days, measure_found, read_record
from images.index.listing import IDEMPOTENCY_KEPT_FOR, Captured
from images.models import Image
from images.record.people import name_person
from images.run_days import the_run_days

# A key is valid for a day. Two days cover it in any time zone.
DAYS_LOOKED_THROUGH = 2
MAX_REMEMBERED = 1000
# Where each capture with a key is, by the lasting id of its user and the key.
KeysInFiles = dict[tuple[str, str], Location]
KEY = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """The client's name for its request, and a hash of the request's body."""

    key: str
    request_sha256: str


def read_idempotency_key(key: str | None, body: Any) -> IdempotencyKey | None:
    """Make the key from the header; None if there is no header. Raises BadIdempotencyKey."""
    if key is None:
        return None
    if not KEY.fullmatch(key):
        raise BadIdempotencyKey("Idempotency-Key must be 1 to 200 visible ASCII characters, without spaces.")
    # In a fixed form: two clients may write the same request with other spaces, or its fields in another order.
    text = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return IdempotencyKey(key, hashlib.sha256(text.encode()).hexdigest())


class IdempotentCaptures:
    """The captures with a key in this process. Safe to use from any thread."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._turns: dict[tuple[int, str], tuple[threading.Lock, int]] = {}
        self._remembered: OrderedDict[tuple[int, str], Captured] = OrderedDict()
        self._in_files: KeysInFiles | None = None
        self._is_looked_through = False

    def capture(self, by: AbstractBaseUser, asked: IdempotencyKey, take: Callable[[], Captured]) -> Captured:
        """Return the earlier capture with this key, or else the new one that `take` makes.

        Blocks while another request with the same key is in progress. Raises IdempotencyKeyReused if the key belongs to
        another request, and what `take` raises; then the key is free again.
        """
        with self._turn((by.pk, asked.key)):
            earlier = self._find(by, asked.key)
            if earlier is not None:
                return _require_same(earlier, asked)
            captured = take()
            self._remember((by.pk, asked.key), captured)
            return captured

    def _find(self, by: AbstractBaseUser, key: str) -> Captured | None:
        """Find the earlier capture by its row, or in memory if the row is not written yet. After a restart, the newest
        originals without a row are adopted first. With the database away, what is not in memory is looked for in the
        files. Raises what hinders the search: better no image than two."""
        # Read before the database is asked: the backfiller may write the row in between, and then both are found.
        remembered = self._remembered.get((by.pk, key))
        try:
            found = _find_row(by, key)
        except DATABASE_AWAY:
            return remembered or self._find_in_files(by, key)
        # If the row is gone, it was written and removed since: then the key is free.
        waiting = remembered if remembered and remembered.image is None else None
        if found or waiting or self._is_looked_through:
            return found or waiting
        self._archive.check_folder()
        adopt_unlisted(self._archive, DAYS_LOOKED_THROUGH)
        # Only once: from now on, this process knows every capture that it made itself.
        self._is_looked_through = True
        return _find_row(by, key)

    def _find_in_files(self, by: AbstractBaseUser, key: str) -> Captured | None:
        with self._lock:
            # Whatever came into the files since is in memory.
            if self._in_files is None:
                self._in_files = _read_keys_in_files(self._archive, DAYS_LOOKED_THROUGH)
        place = self._in_files.get((str(name_person("user", by)["userId"]), key))
        if place is None:
            return None
        record = read_record(self._archive, place)
        return Captured(measure_found(self._archive, place, record), record, None)

    def _remember(self, whose: tuple[int, str], captured: Captured) -> None:
        with self._lock:
            self._remembered[whose] = captured
            if len(self._remembered) > MAX_REMEMBERED:
                self._remembered.popitem(last=False)
                # A capture left memory, so memory and files together are complete only if the files are read again.
                self._in_files = None

    @contextmanager
    def _turn(self, whose: tuple[int, str]) -> Iterator[None]:
        with self._lock:
            turn, waiting = self._turns.get(whose, (threading.Lock(), 0))
            self._turns[whose] = turn, waiting + 1
        try:
            # `turn` is locked outside `_lock`, so that only requests with the same key wait.
            with turn:
                yield
        finally:
            with self._lock:
                turn, waiting = self._turns.pop(whose)
                if waiting > 1:
                    self._turns[whose] = turn, waiting - 1


def forget_old_keys() -> int:
    """Free the old keys. Returns their number.

    A key is old if two conditions hold. By the clock, it is a day old, or in the future. By the count of
    images/run_days.py, a whole day has passed since the sweep first saw it. The clock alone can be wrong, and the count
    alone can count a short day.
    """
    run_days = the_run_days()
    days, now = run_days.days, run_days.likely_now
    keyed = Image.objects.filter(idempotency_key__isnull=False)
    # A count lower than the noted one comes from a database that was restored or made again: start to count again.
    keyed.filter(Q(key_run_day__isnull=True) | Q(key_run_day__gt=days)).update(key_run_day=days)
    is_old = Q(captured_at__lt=now - IDEMPOTENCY_KEPT_FOR) | Q(captured_at__gt=now)
    return keyed.filter(is_old, key_run_day__lt=days - 1).update(idempotency_key=None, key_run_day=None)


def _find_row(by: AbstractBaseUser, key: str) -> Captured | None:
    image = Image.objects.of_this_pc().filter(user_id=by.pk, idempotency_key=key).first()
    if image is None:
        return None
    return Captured(StoredFile(location_of(image.filename), image.file_size, image.sha256), image.metadata, image)


def _require_same(earlier: Captured, asked: IdempotencyKey) -> Captured:
    if earlier.record.get("requestSha256") != asked.request_sha256:
        raise IdempotencyKeyReused(
            "This Idempotency-Key stood for another capture. Take a new key for each picture you want."
        )
    return earlier


def _read_keys_in_files(archive: Archive, newest_days: int) -> KeysInFiles:
    """Read the head of each original of these days. Takes about a millisecond for each. Raises StorageUnavailable and
    OSError."""
    archive.check_folder()
    found: KeysInFiles = {}
    for day in find_newest_days(archive, newest_days):
        for name in archive.names_of(day):
            if is_sidecar(name) or is_job_file(name) or name.endswith(TEMPORARY_SUFFIX):
                continue
            record = _read_or_skip(archive, Location(day, name))
            # Later files win. If a key was used again after a day, the newer capture counts.
            if record.get("idempotencyKey"):
                found[str(record.get("userId")), str(record["idempotencyKey"])] = Location(day, name)
    return found


def _read_or_skip(archive: Archive, original: Location) -> dict[str, Any]:
    try:
        return read_record(archive, original)
    except (NotAnOriginal, OSError):
        return {}
