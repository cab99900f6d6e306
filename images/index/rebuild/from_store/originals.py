"""Reads originals from the store that have no rows."""

from collections.abc import Iterable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any
from uuid import UUID

from django.utils import timezone

from images.archive.archive import Archive, StoredFile
from images.archive.names import Location, location_of
from images.archive.staging import Staging, stage, unstage
from images.errors import ImpossibleName, NotAnOriginal
from images.index.adoption import read_record
from images.index.originals import find_changed_since_capture
from images.index.rebuild.from_store.fetcher import FetchedObject, Fetcher
from images.index.rebuild.read_ahead import ReadOriginal
from images.models import Image
from images.store.errors import ObjectMissing, StoreWrongBytes
from images.store.keys import OriginalKey, read_original_key
from images.store.objects import ListedObject


@dataclass(frozen=True, slots=True)
class StoredOriginal:
    """An object with the key of an original. `instrument_id`: the value of the column in its row."""

    listed: ListedObject
    key: OriginalKey
    instrument_id: UUID | None = None

    @property
    def location(self) -> Location:
        return Location(self.key.day, self.key.filename)


@dataclass(slots=True)
class SortedObjects:
    """Objects under `originals/`, sorted. `unlisted`: they have no row. `unplaced`: their row does not say that the
    store has them. `problems`: sentences about copies and about objects of other programs. All others have a correct
    row."""

    unlisted: list[StoredOriginal]
    unplaced: list[StoredOriginal]
    problems: list[str]


def sort_objects(some: Iterable[ListedObject]) -> SortedObjects:
    """Look up which of these objects have rows, with one query for all. Raises Django's DatabaseError."""
    found, problems = [], []
    for listed in some:
        if original := _name_original(listed):
            found.append(original)
        else:
            problems.append(f"{listed.key} is not how this program names an original.")
    rows = Image.objects.filter(record_id__in=[one.key.record_id for one in found])
    keys: dict[UUID, str | None] = dict(rows.values_list("record_id", "store_key"))
    unlisted = [one for one in found if one.key.record_id not in keys]
    listed_here = [one for one in found if one.key.record_id in keys]
    for one in listed_here:
        if (key := keys[one.key.record_id]) not in (None, one.listed.key):
            problems.append(f"{one.listed.key} is a copy of {key}.")
    return SortedObjects(unlisted, [one for one in listed_here if keys[one.key.record_id] is None], problems)


def _name_original(listed: ListedObject) -> StoredOriginal | None:
    key = read_original_key(listed.key)
    try:
        is_possible = key is not None and location_of(key.filename).folder == key.day
    except ImpossibleName:
        return None
    return StoredOriginal(listed, key) if key and is_possible else None


class OriginalReader:
    """Reads originals as a whole, into temporary files. Each file is in an archive of its own, because two objects in
    the store may have the same file name. Any thread may call it."""

    def __init__(self, staging: Staging, fetcher: Fetcher, archive_count: int) -> None:
        """`archive_count`: how many files there may be at the same time."""
        self._fetcher = fetcher
        self._free: SimpleQueue[Archive] = SimpleQueue()
        for number in range(archive_count):
            self._free.put(staging.open(str(number)))

    def read(self, one: StoredOriginal) -> ReadOriginal:
        """Return the original, read from its object, or the reason why it is none. Its file stays until `let_go`.
        Blocks. Raises StoreError if the store is away, StopRequested, StorageUnavailable."""
        archive = self._free.get()
        try:
            return self._read(one, archive)
        except (NotAnOriginal, ObjectMissing, StoreWrongBytes, OSError) as problem:
            return ReadOriginal(archive, one.location, problem=f"{one.listed.key}: {problem}")

    def let_go(self, read: ReadOriginal) -> None:
        """Remove the temporary file."""
        unstage(read.archive, read.location)
        self._free.put(read.archive)

    def _read(self, one: StoredOriginal, archive: Archive) -> ReadOriginal:
        fetched: list[FetchedObject] = []
        stage(archive, one.location, lambda file: fetched.append(self._fetcher.fetch(one.listed, file)))
        record = read_record(archive, one.location)
        if record["id"] != str(one.key.record_id):
            raise NotAnOriginal("Its record is of another picture than its key.")
        with archive.open_at(one.location) as file:
            changed = find_changed_since_capture(file, record)
        kept = StoredFile(one.location, fetched[0].size_bytes, fetched[0].sha256, changed)
        return ReadOriginal(archive, one.location, record, kept, elsewhere=_columns_of(one, fetched[0]))


def _columns_of(one: StoredOriginal, fetched: FetchedObject) -> dict[str, Any]:
    return {
        "instrument_id": one.instrument_id,
        "place": Image.Place.STORE,
        "store_key": one.listed.key,
        "stored_at": fetched.stored_at,
        # Without the sum in the metadata, nobody knows if these are the bytes that were put.
        "verified_at": timezone.now() if fetched.is_proved else None,
    }


def note_in_both(one: StoredOriginal, measured: tuple[int, str] | None) -> str:
    """Note in the row of an original that it is in the store too. Returns the reason if that is not so, otherwise an
    empty text."""
    if measured is None:
        return f"{one.listed.key}: the store lists it, and does not have it."
    row = Image.objects.filter(record_id=one.key.record_id, place__isnull=True)
    fields = {"place": Image.Place.BOTH, "store_key": one.listed.key, "stored_at": one.listed.stored_at}
    same = row.filter(file_size=measured[0], sha256=measured[1])
    if same.update(**fields, verified_at=timezone.now()) or not row.exists():
        return ""
    return f"{one.listed.key} has other bytes than the row of this picture says. The row stays."
