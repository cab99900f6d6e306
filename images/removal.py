"""Removing images for good: the row in a transaction, the file only after it is committed.

The signals see to it however a row is deleted, alone or in bulk, by admin, API or shell.
"""

import logging
from typing import Any

from django.apps import apps
from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from images.models import Image, Removal

logger = logging.getLogger(__name__)


@receiver(post_delete, sender=Image)
def remove_file_after_commit(sender: type[Image], instance: Image, **_: Any) -> None:
    Removal.objects.get_or_create(filename=instance.filename)
    transaction.on_commit(lambda: _remove(instance.filename, instance.thumbnail_path), robust=True)


def finish_removals() -> int:
    """Remove the files of rows that were deleted just before the program died. Answers how many."""
    filenames = list(Removal.objects.values_list("filename", flat=True))
    for filename in filenames:
        _remove(filename)
    return len(filenames)


def _remove(filename: str, thumbnail_path: str = "") -> None:
    library = apps.get_app_config("images")
    try:
        library.archive.remove(filename)
        if thumbnail_path:
            library.thumbnails.remove(thumbnail_path)
    except OSError as problem:
        logger.warning("%s will be removed at the next start: %s", filename, problem)
        return
    Removal.objects.filter(filename=filename).delete()
