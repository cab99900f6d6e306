"""Brings the row of an image and its sidecar to the same revision. Both change only while the row is locked.
`sync_with_sidecar` locks it itself; other callers use `lock_images`."""

import logging
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.utils import timezone

from images.archive.archive import Archive
from images.archive.sidecar import Sidecar
from images.editable_fields import EDITABLE_COLUMNS, nest, values_in_row
from images.errors import DamagedSidecar
from images.index.columns import columns_of_sidecar
from images.index.others.changes import (
    is_of_this_pc,
    read_changes,
    read_made_elsewhere,
    read_own_sidecar,
    write_changes,
)
from images.index.rebuild.restore_optics import describe_drawn_calibration, restore_drawn_calibration
from images.models import Calibration, Image
from images.permissions import Person
from images.record.people import name_person

logger = logging.getLogger(__name__)

COLUMNS = [*EDITABLE_COLUMNS, "binned_at", "binned_by", "binned_run_day", "revision", "stored_revision"]


def sync_with_sidecar(archive: Archive, image_id: int) -> bool:
    """If sidecar and row have different revisions, bring the lower one up to date. Returns True if they differed.
    Raises DamagedSidecar, StorageUnavailable, or Django's DatabaseError."""
    try:
        with transaction.atomic():
            return any(_follow(archive, image) for image in lock_images([image_id]))
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, ValidationError, DataError) as problem:
        raise DamagedSidecar(f"The sidecar of image {image_id} is damaged ({problem!r}).") from problem


def values_of(image: Image, before: Sidecar | None = None) -> dict[str, Any]:
    """Return the editable values of an image in the form of a sidecar. If this database does not know the user who
    moved it to the bin, the name from the sidecar `before` stays."""
    said = before.values if before and image.binned_at and not image.binned_by else None
    return {
        **nest(values_in_row(image)),
        "binnedAt": image.binned_at.isoformat() if image.binned_at else None,
        **(_binned_by(said) if said else name_person("binnedBy", image.binned_by)),
    }


def name_for_history(by: Person) -> tuple[str | None, str | None]:
    """Return user name and lasting id, for the history of a sidecar."""
    named = name_person("by", by)
    return named["by"], named["byId"]


def _binned_by(values: dict[str, Any]) -> dict[str, Any]:
    return {"binnedBy": values.get("binnedBy"), "binnedById": values.get("binnedById")}


def lock_images(image_ids: list[int]) -> list[Image]:
    """Return these images, locked: nobody else can change them until the transaction ends."""
    # In the order of ids: two requests that lock the same images never wait for each other in a circle.
    images = Image.objects.select_for_update().prefetch_related("binned_by").defer("metadata")
    return list(images.filter(pk__in=image_ids).order_by("pk"))


def catch_up(archive: Archive, image: Image) -> Sidecar:
    """Return the current sidecar of a locked image. If a crash left the row behind the sidecar, first sets the columns
    of `image` from it, without saving them."""
    try:
        sidecar = read_changes(archive, image)
    except DamagedSidecar as problem:
        logger.warning("%s It is put aside, and what the database says goes on.", problem)
        sidecar = None
    revision = image.revision or 0
    if sidecar and sidecar.revision > revision:
        _set(image, sidecar)
        return replace(sidecar, values=values_of(image, sidecar))
    return _describe_row(image, sidecar)


def _follow(archive: Archive, image: Image) -> bool:
    revision = image.revision or 0
    if not is_of_this_pc(image):
        return False
    try:
        sidecar = read_own_sidecar(archive, image)
    except DamagedSidecar:
        # Without any change noted in the row, nobody can tell what the sidecar said. With a revision, the row holds it.
        if not revision:
            raise
        sidecar = None
    ahead = (sidecar.revision if sidecar else 0) - revision
    if sidecar and ahead > 0:
        _set(image, sidecar)
        image.clean_fields(exclude=["user", "job", "metadata"])
        image.save(update_fields=COLUMNS)
    elif ahead < 0:
        write_changes(archive, [(image, _find_later(archive, image, sidecar))])
    return ahead != 0


def _find_later(archive: Archive, image: Image, sidecar: Sidecar | None) -> Sidecar:
    """Return what the sidecar must be if the one on this disk is behind the row. Raises StorageUnavailable."""
    if newest := read_made_elsewhere(archive, image, sidecar):
        return newest
    # It was lost, or comes from an older backup. The history notes that values are missing here.
    entry = {"revision": image.revision, "at": timezone.now().isoformat(), "by": None, "was": None}
    described = _describe_row(image, sidecar)
    return replace(described, history=[*described.history, entry])


def follow_sidecar(image_id: int, sidecar: Sidecar) -> None:
    """Bring the row to this revision from the store, unless it has a newer one. Raises Django's DatabaseError."""
    with transaction.atomic():
        for image in lock_images([image_id]):
            if (image.revision or 0) < sidecar.revision:
                _set(image, sidecar)
                image.stored_revision = sidecar.revision
                image.save(update_fields=COLUMNS)


def give_next_revision(archive: Archive, image_id: int) -> None:
    """Give the sidecar of an original of this PC the next number. This is for the case that the store has another
    change under the present number: a program put it and was killed before it could write the row. Raises
    DamagedSidecar, StorageUnavailable, or Django's DatabaseError."""
    with transaction.atomic():
        for image in lock_images([image_id]):
            sidecar = read_own_sidecar(archive, image)
            if sidecar and sidecar.revision == image.revision:
                image.revision = sidecar.revision + 1
                # The sidecar comes first: if the program is killed between the two, the row is brought up to date from
                # it.
                write_changes(archive, [(image, replace(sidecar, revision=image.revision))])
                image.save(update_fields=["revision"])


def _set(image: Image, sidecar: Sidecar) -> None:
    """Set the columns of `image` from the sidecar, and restore the calibrations drawn on it."""
    for column, value in columns_of_sidecar(sidecar).items():
        setattr(image, column, value)
    # The sweep counts again from the day on which it first sees the image in the bin.
    image.binned_run_day = None
    for drawn in sidecar.calibrations:
        restore_drawn_calibration(drawn)


def _describe_row(image: Image, sidecar: Sidecar | None) -> Sidecar:
    """Return a sidecar with the values of the database, and the history of the existing sidecar, which is not ahead of
    the row: it has the same revision, or comes from an older backup, or is missing."""
    revision, history, drawn = image.revision or 0, [], []
    if sidecar:
        history, drawn = sidecar.history, sidecar.calibrations
    if revision != (sidecar.revision if sidecar else 0):
        rows = Calibration.objects.filter(image_record_id=image.record_id).select_related("objective", "made_by")
        drawn = [describe_drawn_calibration(one) for one in rows.newest_first().reverse()]
    return Sidecar(str(image.record_id), revision, values_of(image, sidecar), history, drawn)
