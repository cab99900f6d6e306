"""Deletes images for good: first the row in a transaction, and the file only after the commit.

It is done by a signal, so it does not matter how the row is deleted: alone or in bulk, by admin, API or shell.
"""

import logging
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from images.archive.names import location_of
from images.archive.sidecar import remove_sidecar
from images.edit.removal_hold import are_removals_held
from images.errors import LibraryError, NotAnOriginal
from images.index.adoption import read_record
from images.index.listing import thumbnail_path_of
from images.library import the_library
from images.models import Image, Removal
from images.own_instrument import own_instrument_id

logger = logging.getLogger(__name__)


@receiver(post_delete, sender=Image)
def remove_file_after_commit(sender: type[Image], instance: Image, **_: Any) -> None:
    # Written in the same transaction: if the program dies after the commit, the next start still removes the file.
    removal, _is_new = Removal.objects.get_or_create(
        record_id=instance.record_id,
        defaults={"filename": instance.filename, "instrument_id": instance.instrument_id},
    )
    # `robust`: an error in one removal must not stop the others of the same commit.
    transaction.on_commit(lambda: _carry_out(removal, instance.thumbnail_path), robust=True)
    if (elsewhere := the_library().archive.elsewhere) and instance.place:
        # The object in the store stays: the program deletes nothing there.
        transaction.on_commit(lambda: elsewhere.forget(instance.sha256), robust=True)


def finish_removals() -> int:
    """Delete the files of rows that were deleted just before the program died, while a backup held removals back, or by
    another PC. Returns their number."""
    return sum(_carry_out(removal) for removal in Removal.objects.filter(instrument=own_instrument_id()))


def _carry_out(removal: Removal, thumbnail_path: str = "") -> bool:
    if removal.instrument_id != own_instrument_id():
        # The file is on the disk of another PC, which removes it within a minute.
        return False
    if are_removals_held():
        logger.info("%s will be removed once the backup has copied the database", removal.filename)
        return False
    library = the_library()
    try:
        original = location_of(removal.filename)
        # The lock of the row is gone by now, so the name may belong to another image.
        if not _belongs_to_another(removal):
            library.archive.remove(removal.filename)
        remove_sidecar(library.archive, original, str(removal.record_id))
        library.thumbnails.remove(thumbnail_path or thumbnail_path_of(original))
    except (LibraryError, OSError) as problem:
        logger.warning("%s will be removed at the next start: %s", removal.filename, problem)
        return False
    # Last: if anything above fails, the note stays, and the next start tries again.
    Removal.objects.filter(record_id=removal.record_id).delete()
    return True


def _belongs_to_another(removal: Removal) -> bool:
    """Return True if the file is the original of another image: if a file was lost and the clock was set back, another
    image can have its name."""
    try:
        return read_record(the_library().archive, location_of(removal.filename))["id"] != str(removal.record_id)
    except (NotAnOriginal, FileNotFoundError):
        return False
