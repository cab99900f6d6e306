"""The library's objects in this process, one of each. They are created when the apps load, without touching the disk.

The lower rooms (archive, record, formats, index) get what they need as arguments. Only the rooms above call
`the_library`.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from images.archive.archive import Archive
from images.archive.group import GroupWriter
from images.index.backfiller import RowBackfiller
from images.index.current_optics import OpticsCache
from images.index.idempotency import IdempotentCaptures
from images.index.thumbnails import Thumbnails
from images.models import Calibration, CurrentObjective, Objective


@dataclass(slots=True)
class Library:
    """The objects of the library. All of them are safe to use from any thread."""

    archive: Archive
    thumbnails: Thumbnails
    backfiller: RowBackfiller
    idempotent_captures: IdempotentCaptures
    optics: OpticsCache
    group_writer: GroupWriter


_libraries: list[Library] = []


def register_library(library: Library) -> None:
    """Make this the library of the process. It replaces an earlier one, and does not close it."""
    _libraries[:] = [library]


def the_library() -> Library:
    return _libraries[0]


@receiver([post_save, post_delete], sender=Calibration)
@receiver([post_save, post_delete], sender=CurrentObjective)
@receiver([post_save, post_delete], sender=Objective)
def follow_optics(**_: Any) -> None:
    """Update the cache after any change of these rows: by API, admin or shell."""
    # Only after the commit. Before it, the cache would read values that a rollback may undo.
    transaction.on_commit(lambda: the_library().optics.note_change())
