"""Brings rows to the newest change that the store has of their images."""

import logging
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from uuid import UUID

from django.db import transaction

from images.archive.archive import Archive
from images.archive.names import location_of
from images.archive.sidecar import MAX_BYTES, Sidecar, read_sidecar_at, sidecar_of
from images.archive.staging import stage, unstage
from images.errors import DamagedSidecar
from images.index.adoption import LEFT
from images.index.rebuild.from_store.fetcher import Fetcher
from images.index.rebuild.restore_people import PeopleRestorer
from images.index.sync import sync_with_sidecar
from images.models import Image
from images.store.client import Store
from images.store.errors import ObjectMissing, StoreWrongBytes
from images.store.keys import CHANGES, read_change_key
from images.store.objects import ListedObject

logger = logging.getLogger(__name__)

AT_ONCE = 200

Report = Callable[[str], None]
Revisions = dict[int, ListedObject]


def follow_changes(
    store: Store, fetcher: Fetcher, archive: Archive, people: PeopleRestorer, report: Report
) -> Iterator[int]:
    """Bring the rows of all originals that are only in the store to their newest revision there. Yields after each
    short step how many rows it changed. Images that are on this disk have their sidecars here, and are left alone.
    Raises StoreError, StorageUnavailable, StopRequested, and Django's DatabaseError."""
    changes = _list_changes(store, report)
    while some := dict(islice(changes, AT_ONCE)):
        for image in Image.objects.filter(record_id__in=some.keys(), place__in=LEFT):
            newer = {number: one for number, one in some[image.record_id].items() if number > (image.revision or 0)}
            yield int(_follow(image, newer, fetcher, archive, people, report))
        yield 0


def _list_changes(store: Store, report: Report) -> Iterator[tuple[UUID, Revisions]]:
    """Yield the revisions of each image, by their numbers."""
    named = ((read_change_key(listed.key), listed) for listed in store.list_objects(CHANGES))
    for record_id, some in groupby(named, lambda one: one[0][0] if one[0] else None):
        revisions = {}
        for key, listed in some:
            if key is None:
                report(f"{listed.key} is not how this program names a change.")
            else:
                revisions[key[1]] = listed
        if record_id:
            yield record_id, revisions


def _follow(
    image: Image, newer: Revisions, fetcher: Fetcher, archive: Archive, people: PeopleRestorer, report: Report
) -> bool:
    """Take the newest of these that is whole. Returns False if there is none."""
    location = sidecar_of(archive, location_of(image.filename))
    for number in sorted(newer, reverse=True):
        try:
            if newer[number].size_bytes > MAX_BYTES:
                raise DamagedSidecar("It is too large for a change.")
            content = fetcher.read(newer[number])
            stage(archive, location, lambda file, content=content: file.write(content))  # type: ignore[misc]
            sidecar = read_sidecar_at(archive, location)
            if sidecar is None or (sidecar.record_id, sidecar.revision) != (str(image.record_id), number):
                raise DamagedSidecar("It speaks of another image, or of another revision.")
            _take(image, sidecar, archive, people)
            return True
        except (DamagedSidecar, ObjectMissing, StoreWrongBytes) as problem:
            report(f"{newer[number].key}: {problem}")
        finally:
            unstage(archive, location)
    return False


@transaction.atomic
def _take(image: Image, sidecar: Sidecar, archive: Archive, people: PeopleRestorer) -> None:
    # Users come first, because the row refers to them.
    people.restore(image.metadata, sidecar)
    sync_with_sidecar(archive, image.pk)
    Image.objects.filter(pk=image.pk).update(stored_revision=sidecar.revision)
    people.name_objectives(image.metadata, sidecar)
