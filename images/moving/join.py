"""Moves the library of a PC that was alone, in an SQLite file, into the one that several instruments share.

The rows are made from the originals and their sidecars, which say almost everything. Only the rest is read from the
SQLite file. Each step adds what is missing, so an interrupted move can be run again.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import DEFAULT_DB_ALIAS

from images.archive.archive import Archive
from images.archive.paced_reader import go_on_always
from images.index.rebuild.rebuild import RebuildProgress, rebuild
from images.moving.claim import require_files_here
from images.moving.optics import bring_optics
from images.moving.removals import bring_removals
from images.moving.stored import BroughtRows, bring_stored, is_same_store
from images.own_instrument import own_instrument_id
from images.store.client import Store


@dataclass(slots=True)
class Joined:
    """What was brought so far. `people`: what `bring_people` returned. `is_store_the_same`: True if the objects that
    this PC has put into a store are in the shared store."""

    people: Any
    new_objectives: int = 0
    rebuilt: RebuildProgress | None = None
    rows: BroughtRows | None = None
    is_store_the_same: bool = True


def join_file(
    source: str,
    archive: Archive,
    store: Store,
    bring_people: Callable[[str], Any],
    report: Callable[[str], None],
    go_on: Callable[[], None] = go_on_always,
) -> Iterator[Joined]:
    """Bring everything from the database `source` and from the archive. Yields its progress after each of many short
    steps. `bring_people` brings people from the database of that name. `report` is called with a sentence for each file
    that cannot be brought.

    Raises NotYourRows or OtherBucket before anything is changed. Later it may raise StoreError, StorageUnavailable,
    Django's DatabaseError, and what `go_on` raises.
    """
    instrument_id = own_instrument_id()
    assert instrument_id
    archive.check_folder()
    require_files_here(archive, source)
    is_same = is_same_store(source, store)
    # People before images, so that the rows of images find their users.
    joined = Joined(bring_people(source), is_store_the_same=is_same)
    # Before the rebuild, which would make a row for a file that waits to be removed.
    bring_removals(source, DEFAULT_DB_ALIAS, None, instrument_id)
    joined.new_objectives = bring_optics(source, instrument_id)
    for joined.rebuilt in rebuild(archive, report, go_on):
        yield joined
        go_on()
    for joined.rows in bring_stored(source, is_same, report):
        yield joined
        go_on()
    yield joined
