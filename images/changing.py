"""Changing what is said of images: in the file beside the original and in the row, or in neither.

The rows are held, the files are written, the rows are changed, and then it is committed. What dies before the files
are in place has changed nothing. What dies before the commit leaves files that are ahead of their rows, which then
follow: the file is the record, the database its index.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.utils import timezone

from images.apps import the_library
from images.archive import Archive
from images.changes import Changes, path_beside, read_changes, write_changes
from images.errors import DATABASE_AWAY, DamagedChanges, ImageMissing
from images.models import Calibration, Image
from images.record import parse_time
from images.restoring import describe_drawn, restore_drawn
from images.rights import Person
from images.signals import tell
from images.storage import telling_faults

logger = logging.getLogger(__name__)

# Their files are forced to disk while the rows are held, and captures wait for their own row meanwhile.
CHANGED_AT_ONCE = 50
COLUMNS = ["sample", "note", "x_position", "y_position", "z_position", "binned_at", "binned_by", "revision"]


@dataclass(frozen=True, slots=True)
class Step:
    """An image as it is to be, and what is to be written of it. `is_row_behind`: also where only a crash left it so."""

    image: Image
    changes: Changes | None
    is_row_behind: bool
    told: dict[str, Any] = field(default_factory=dict)


def change_images(image_ids: list[int], by: Person, change: Callable[[Image], dict[str, Any]], what: str) -> None:
    """Change these images, CHANGED_AT_ONCE at most. `change` says the columns to set of an image, and their values;
    an image that has them already is left alone. `what` is how the deed is told (images.signals).

    Raises a StorageUnavailable, and then nothing is changed; or Django's DatabaseError.
    """
    archive = the_library().archive
    written: list[Step] = []
    try:
        with transaction.atomic():
            steps = [_plan(archive, image, by, change) for image in _hold(image_ids)]
            write_changes(archive, [(step.image.filename, step.changes) for step in steps if step.changes])
            written = [step for step in steps if step.changes]
            for step in steps:
                if step.is_row_behind:
                    step.image.save(update_fields=COLUMNS)
            for step in written:
                tell(what, [(step.image.pk, step.image.filename)], by, details=step.told)
    except DATABASE_AWAY:
        for step in written:
            follow_later(step.image.filename)
        raise


def keep_calibration(calibration: Calibration, image_id: int, by: Person) -> None:
    """Keep a new calibration, also beside the original on which it was drawn: it may be that no other image ever tells
    of it. Within the caller's transaction. Raises ImageMissing, or a StorageUnavailable."""
    archive = the_library().archive
    image = next(iter(_hold([image_id])), None)
    if image is None:
        raise ImageMissing(image_id)
    before = _catch_up(archive, image)
    drawn = [*before.calibrations, describe_drawn(calibration)]
    changes = replace(before, calibrations=drawn).follow(
        values_of(image), timezone.now().isoformat(), by.get_username()
    )
    write_changes(archive, [(image.filename, changes)])
    image.revision = changes.revision
    image.save(update_fields=COLUMNS)
    calibration.save()


def follow_later(filename: str) -> None:
    """See to it that the row of an image follows its changes file once the database answers again."""
    library = the_library()
    library.registrar.add_later(library.archive.path_of(filename))


def follow_changes(archive: Archive, image_id: int) -> bool:
    """Where an original's changes file and its row are not of the same revision, bring the lower one up to date.
    Answers whether there was something to do. Raises DamagedChanges, a StorageUnavailable, or a DatabaseError."""
    try:
        with transaction.atomic():
            return any(_follow(archive, image) for image in _hold([image_id]))
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, ValidationError, DataError) as problem:
        raise DamagedChanges(f"What was changed of image {image_id} makes no sense ({problem!r}).") from problem


def values_of(image: Image) -> dict[str, Any]:
    """What can be changed of an image, as its changes file says it."""
    return {
        "sample": image.sample,
        "note": image.note,
        "position": {"x": image.x_position, "y": image.y_position, "z": image.z_position},
        "binnedAt": image.binned_at.isoformat() if image.binned_at else None,
        "binnedBy": image.binned_by.get_username() if image.binned_by else None,
    }


def _hold(image_ids: list[int]) -> list[Image]:
    """These images, which nobody else can change until the transaction ends."""
    images = Image.objects.select_for_update().prefetch_related("binned_by").defer("metadata")
    return list(images.filter(pk__in=image_ids).order_by("pk"))


def _plan(archive: Archive, image: Image, by: Person, change: Callable[[Image], dict[str, Any]]) -> Step:
    """Sets the columns of the image in hand."""
    row_revision = image.revision
    before = _catch_up(archive, image)
    for name, value in change(image).items():
        setattr(image, name, value)
    values = values_of(image)
    if values == before.values:
        return Step(image, None, is_row_behind=image.revision != row_revision)
    changes = before.follow(values, timezone.now().isoformat(), by.get_username())
    image.revision = changes.revision
    told = {
        name: {"before": before.values.get(name), "after": value}
        for name, value in values.items()
        if value != before.values.get(name)
    }
    return Step(image, changes, is_row_behind=True, told=told)


def _catch_up(archive: Archive, image: Image) -> Changes:
    """What was said of it until now. A row that a crash left behind its file follows it first."""
    try:
        changes = _read(archive, image)
    except DamagedChanges as problem:
        logger.warning("%s It is put aside, and what the database says goes on.", problem)
        changes = None
    revision = image.revision or 0
    if changes and changes.revision > revision:
        _set(image, changes)
        return changes
    return _describe_row(image, changes)


def _follow(archive: Archive, image: Image) -> bool:
    revision = image.revision or 0
    try:
        changes = _read(archive, image)
    except DamagedChanges:
        if not revision:
            raise
        changes = None
    ahead = (changes.revision if changes else 0) - revision
    if changes and ahead > 0:
        _set(image, changes)
        image.clean_fields(exclude=["user", "job", "metadata"])
        image.save(update_fields=COLUMNS)
    elif ahead < 0:
        entry = {"revision": revision, "at": timezone.now().isoformat(), "by": None, "was": None}
        described = _describe_row(image, changes)
        write_changes(archive, [(image.filename, replace(described, history=[*described.history, entry]))])
    return ahead != 0


def _set(image: Image, changes: Changes) -> None:
    """Give the row what the file says."""
    values, position = changes.values, changes.values["position"]
    image.sample, image.note = values["sample"], values["note"]
    image.x_position, image.y_position, image.z_position = position["x"], position["y"], position["z"]
    image.binned_at = parse_time(values["binnedAt"]) if values["binnedAt"] else None
    image.binned_by = get_user_model().objects.filter(username=values["binnedBy"]).first()
    image.revision = changes.revision
    for drawn in changes.calibrations:
        restore_drawn(drawn)


def _describe_row(image: Image, changes: Changes | None) -> Changes:
    """What the database says, with the history of a file that is not ahead of it: one that is as old, or comes from an
    older backup, or none."""
    revision, history, drawn = image.revision or 0, [], []
    if changes:
        history, drawn = changes.history, changes.calibrations
    if revision != (changes.revision if changes else 0):
        rows = Calibration.objects.filter(image_record_id=image.record_id).select_related("objective", "made_by")
        drawn = [describe_drawn(one) for one in rows.newest_first().reverse()]
    return Changes(str(image.record_id), revision, values_of(image), history, drawn)


def _read(archive: Archive, image: Image) -> Changes | None:
    path = path_beside(archive.path_of(image.filename))
    with telling_faults():
        changes = read_changes(path)
    if changes and changes.record_id != str(image.record_id):
        raise DamagedChanges(f"{path.name} speaks of another image.")
    return changes
