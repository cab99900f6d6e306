"""Brings rows up to date with the newest changes that the store has."""

from collections.abc import Callable, Iterator
from itertools import islice

from django.core.exceptions import ValidationError
from django.db import DataError, transaction

from images.archive.sidecar import MAX_BYTES, Sidecar, parse_sidecar
from images.errors import DamagedSidecar
from images.index.adoption import LEFT
from images.index.others.changes import is_of_this_pc
from images.index.rebuild.from_store.fetcher import Fetcher
from images.index.rebuild.from_store.numbered import Numbered, list_numbered
from images.index.rebuild.restore_people import PeopleRestorer
from images.index.sync import follow_sidecar
from images.models import Image
from images.store.client import Store
from images.store.errors import ObjectMissing, StoreWrongBytes
from images.store.keys import CHANGES, read_change_key
from images.store.objects import ListedObject

AT_ONCE = 200

Report = Callable[[str], None]


def follow_changes(store: Store, fetcher: Fetcher, people: PeopleRestorer, report: Report) -> Iterator[int]:
    """Bring the rows of all originals that are not on this disk to their newest revision in the store. Yields the
    number of changed rows after each short step. Images on this disk are left alone, because their sidecars are here.
    Raises StoreError, StopRequested, and Django's DatabaseError."""
    changes = list_numbered(store, CHANGES, read_change_key, "a change", report)
    while some := dict(islice(changes, AT_ONCE)):
        for image in Image.objects.filter(record_id__in=some.keys()):
            if is_of_this_pc(image) and image.place not in LEFT:
                continue
            newer = {number: one for number, one in some[image.record_id].items() if number > (image.revision or 0)}
            yield int(_follow(image, newer, fetcher, people, report))
        yield 0


def _follow(image: Image, newer: Numbered, fetcher: Fetcher, people: PeopleRestorer, report: Report) -> bool:
    """Apply the newest of these revisions that is whole. Returns False if none is."""
    for number in sorted(newer, reverse=True):
        try:
            _take(image, _read(image, number, newer[number], fetcher), people)
            return True
        except (DamagedSidecar, ObjectMissing, StoreWrongBytes) as problem:
            report(f"{newer[number].key}: {problem}")
    return False


def _read(image: Image, number: int, listed: ListedObject, fetcher: Fetcher) -> Sidecar:
    if listed.size_bytes > MAX_BYTES:
        raise DamagedSidecar("It is too large for a change.")
    sidecar = parse_sidecar(fetcher.read(listed), f"Revision {number} of {image.filename}")
    if (sidecar.record_id, sidecar.revision) != (str(image.record_id), number):
        raise DamagedSidecar("It belongs to another image, or is another revision.")
    return sidecar


def _take(image: Image, sidecar: Sidecar, people: PeopleRestorer) -> None:
    try:
        with transaction.atomic():
            # Users come before the row, because the row refers to them.
            people.restore(image.metadata, sidecar)
            follow_sidecar(image.pk, sidecar)
            people.name_objectives(image.metadata, sidecar)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, ValidationError, DataError) as problem:
        raise DamagedSidecar(f"It is damaged ({problem!r}).") from problem
