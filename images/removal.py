"""Removing images for good: the row in a transaction, the file only after it is committed.

The signals see to it however a row is deleted, alone or in bulk, by admin, API or shell.
"""

import logging
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from images.apps import the_library
from images.changes import remove_changes
from images.errors import LibraryError, NotAnOriginal
from images.formats import format_of
from images.models import Image, Removal

logger = logging.getLogger(__name__)


@receiver(post_delete, sender=Image)
def remove_file_after_commit(sender: type[Image], instance: Image, **_: Any) -> None:
    removal, _is_new = Removal.objects.get_or_create(
        record_id=instance.record_id, defaults={"filename": instance.filename}
    )
    transaction.on_commit(lambda: _carry_out(removal, instance.thumbnail_path), robust=True)


def finish_removals() -> int:
    """Remove the files of rows that were deleted just before the program died. Answers how many."""
    return sum(_carry_out(removal) for removal in Removal.objects.all())


def _carry_out(removal: Removal, thumbnail_path: str = "") -> bool:
    library = the_library()
    try:
        original = library.archive.path_of(removal.filename)
        if not _belongs_to_another(original, removal):
            library.archive.remove(removal.filename)
        remove_changes(original, str(removal.record_id))
        if thumbnail_path:
            library.thumbnails.remove(thumbnail_path)
    except (LibraryError, OSError) as problem:
        logger.warning("%s will be removed at the next start: %s", removal.filename, problem)
        return False
    Removal.objects.filter(record_id=removal.record_id).delete()
    return True


def _belongs_to_another(path: Path, removal: Removal) -> bool:
    """Where a file was lost and the clock set back, another image can have got its name."""
    image_format = format_of(path)
    try:
        return image_format is not None and image_format.read_record(path)["id"] != str(removal.record_id)
    except (NotAnOriginal, FileNotFoundError):
        return False
