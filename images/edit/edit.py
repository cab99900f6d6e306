"""Changes the editable fields of images, in the sidecar and in the row, or in neither.

The order is: lock the rows, write the sidecars, change the rows, commit. A crash before the sidecars are in place has
changed nothing. A crash before the commit leaves sidecars with a higher revision than their rows; the rows are then
updated from them, because the database is only an index of the files.
"""

import logging
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.utils import timezone

from images.archive.archive import Archive
from images.archive.names import location_of
from images.archive.sidecar import Sidecar
from images.edit.history import edit_conflict
from images.editable_fields import require_editable
from images.errors import DATABASE_AWAY, ImageMissing
from images.events import emit
from images.index.others.changes import RevisionTaken, is_of_this_pc, write_changes
from images.index.sync import COLUMNS, catch_up, follow_sidecar, lock_images, name_for_history, values_of
from images.library import the_library
from images.models import Image
from images.permissions import Person, require_edit

logger = logging.getLogger(__name__)

# Sidecars are forced to disk while the rows are locked, and captures wait for their own rows meanwhile.
CHANGED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Step:
    """One image with its new values, and the sidecar to write (None: nothing changed). `is_row_behind`: the row must be
    saved, because of this change or of an earlier crash. `told`: the details of the event."""

    image: Image
    changes: Sidecar | None
    is_row_behind: bool
    told: dict[str, Any] = field(default_factory=dict)


def edit_image(image_id: int, by: Person, seen_revisions: Collection[int] | None = None, **changes: Any) -> Image:
    """Change these columns of an image. `seen_revisions`: change it only if it still has one of these revisions.
    Returns the changed image. Raises ImageMissing, NotYours, EditConflict, or StorageUnavailable; then nothing is
    changed."""
    require_editable(changes)
    image = find_image(image_id)
    require_edit(by, image)
    change_images([image_id], by, lambda _image: changes, "changed", seen_revisions)
    return find_image(image_id)


def find_image(image_id: int) -> Image:
    """Return the image, with its related rows. Raises ImageMissing."""
    image = Image.objects.with_related().filter(pk=image_id).first()
    if image is None:
        raise ImageMissing(image_id)
    return image


def change_images(
    image_ids: list[int],
    by: Person,
    change: Callable[[Image], dict[str, Any]],
    what: str,
    seen_revisions: Collection[int] | None = None,
) -> None:
    """Change these images, at most CHANGED_AT_ONCE. `change` returns the columns to set on an image, with their values;
    an image that has these values already is not changed. `what` is the word of the event (images.events).
    `seen_revisions`: change the images only if they still have one of these revisions.

    Raises EditConflict or StorageUnavailable; then nothing is changed. Raises Django's DatabaseError; then the change
    may be in the sidecars, and the backfiller updates the rows.
    """
    try:
        _change(image_ids, by, change, what, seen_revisions)
    except RevisionTaken as taken:
        # Somebody was faster, or was killed between the store and the row. The row follows; then it is tried once more.
        follow_sidecar(taken.image_id, taken.sidecar)
        try:
            _change(image_ids, by, change, what, seen_revisions)
        except RevisionTaken as again:
            raise edit_conflict(again.sidecar) from again


def _change(
    image_ids: list[int],
    by: Person,
    change: Callable[[Image], dict[str, Any]],
    what: str,
    seen_revisions: Collection[int] | None,
) -> None:
    archive = the_library().archive
    written: list[Step] = []
    try:
        with transaction.atomic():
            images = lock_images(image_ids)
            if any(map(is_of_this_pc, images)):
                # Also if nothing changes: the sidecars cannot be read without the drive, and are not missing then.
                archive.check_folder()
            steps = [_plan(archive, image, by, change, seen_revisions) for image in images]
            # The files come first. A row ahead of its sidecar would lose the change at a rebuild.
            write_changes(archive, [(step.image, step.changes) for step in steps if step.changes])
            written = [step for step in steps if step.changes]
            for step in steps:
                if step.is_row_behind:
                    step.image.save(update_fields=COLUMNS)
            for step in written:
                emit(what, [(step.image.pk, step.image.filename)], by, details=step.told)
    except DATABASE_AWAY:
        for step in written:
            # The sidecars are written, but nobody knows if the rows are. Syncing is right in both cases.
            if is_of_this_pc(step.image):
                sync_later(step.image.filename)
        raise


def sync_later(filename: str) -> None:
    """Let the backfiller update the row of an image from its sidecar as soon as the database answers."""
    the_library().backfiller.add_later(location_of(filename))


def _plan(
    archive: Archive,
    image: Image,
    by: Person,
    change: Callable[[Image], dict[str, Any]],
    seen_revisions: Collection[int] | None,
) -> Step:
    """Set the columns of `image`, without saving it, and make the new sidecar. Raises EditConflict."""
    row_revision = image.revision
    before = catch_up(archive, image)
    for name, value in change(image).items():
        setattr(image, name, value)
    values = values_of(image, before)
    if values == before.values:
        return Step(image, None, is_row_behind=image.revision != row_revision)
    # Only now: a repeated request, whose first response was lost, finds its values in place. That is no conflict.
    if seen_revisions is not None and before.revision not in seen_revisions:
        raise edit_conflict(before)
    changes = before.next_revision(values, timezone.now().isoformat(), *name_for_history(by))
    image.revision = changes.revision
    told = {
        name: {"before": before.values.get(name), "after": value}
        for name, value in values.items()
        if value != before.values.get(name)
    }
    return Step(image, changes, is_row_behind=True, told=told)
