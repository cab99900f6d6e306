"""Looks at an object again, a day or more after it was put: all its bytes are read back and summed up."""

import logging
import threading
from datetime import datetime
from enum import Enum

from images.models import Image
from images.spool.rows import note_lost, row_as_it_was
from images.store.client import Store
from images.store.errors import ObjectMissing

logger = logging.getLogger(__name__)


class Seen(Enum):
    """What an object turned out to be."""

    WHOLE = "whole"
    LOST = "lost"
    CHANGED = "changed"


def look_again(store: Store, image: Image, now: datetime, stop: threading.Event) -> Seen:
    """Read the original of this image back from the store, and note in its row what was found: see `note_seen`. Blocks.
    Raises StoreError, StopRequested, and Django's DatabaseError."""
    try:
        found = store.measure(image.store_key or "", stop=stop)
    except ObjectMissing:
        found = None
    return note_seen(image, found, now)


def note_seen(image: Image, found: tuple[int, str] | None, now: datetime) -> Seen:
    """Note in the row of this image what the store has: size in bytes and SHA-256, or None if it has no such object. If
    an object is lost and its file is still on its instrument, it is sent again. If the bytes differ, nothing is
    overwritten: that is a conflict, and a person has to look at it. Raises Django's DatabaseError."""
    if found is None:
        note_lost(image)
        return Seen.LOST
    if found == (image.file_size, image.sha256):
        row_as_it_was(image).update(verified_at=now)
        return Seen.WHOLE
    logger.error(
        "The store has other bytes of %s than were put there: %d bytes with the SHA-256 %s.", image.filename, *found
    )
    row_as_it_was(image).update(place=Image.Place.CONFLICT)
    return Seen.CHANGED
