"""Moves the library of a PC that was alone, in an SQLite file, into the one that several instruments share.

Originals and their sidecars say almost all: the rows are made from them. The file is asked only for what no original
says. Each step adds what is missing, so an interrupted move goes on where it was.
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
    """What came over so far. `people` is what `bring_people` returned. `is_store_the_same`: what this PC had in the
    store before lies in the shared one."""

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
    """Bring everything from the database `source`, and from the archive. Yields after each of many short steps.
    `bring_people` brings people from the database of that name. `report` is told of each file that cannot come.

    Raises NotYourRows or OtherBucket before anything is changed; StoreError, StorageUnavailable, Django's
    DatabaseError, and what `go_on` raises.
    """
    instrument_id = own_instrument_id()
    assert instrument_id
    archive.check_folder()
    require_files_here(archive, source)
    is_same = is_same_store(source, store)
    # Before the images, so that these find whose they are.
    joined = Joined(bring_people(source), is_store_the_same=is_same)
    bring_removals(source, DEFAULT_DB_ALIAS, None, instrument_id)
    joined.new_objectives = bring_optics(source, instrument_id)
    for joined.rebuilt in rebuild(archive, report, go_on):
        yield joined
        go_on()
    for joined.rows in bring_stored(source, is_same, report):
        yield joined
        go_on()
    yield joined
