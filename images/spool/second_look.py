"""Looks at an object again, a day or more after it was put: all its bytes are read back and summed up."""

import logging
import threading
from datetime import datetime

from images.models import Image
from images.spool.rows import note_lost, row_in_both
from images.store.client import Store
from images.store.errors import ObjectMissing

logger = logging.getLogger(__name__)


def look_again(store: Store, image: Image, now: datetime, stop: threading.Event) -> None:
    """Read the original of this image back from the store, and write down what was found. If the store has lost it, it
    waits for the store again: the one here is sent once more. If the bytes differ, nothing is overwritten: that is a
    conflict, which a person has to look at. Blocks. Raises StoreError, StopRequested, and Django's DatabaseError."""
    try:
        found = store.measure(image.store_key or "", stop=stop)
    except ObjectMissing:
        note_lost(image)
        return
    if found == (image.file_size, image.sha256):
        row_in_both(image).update(verified_at=now)
        return
    logger.error(
        "The store has other bytes of %s than were put there: %d bytes with the SHA-256 %s. The original here is kept.",
        image.filename,
        *found,
    )
    row_in_both(image).update(place=Image.Place.CONFLICT)
