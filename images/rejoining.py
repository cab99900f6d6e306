"""Images that were listed while nobody knew whose they were: by a server that was started on a new database before
anybody rebuilt, or that was faster than the rebuild beside it. Their files say what their rows lack."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Q

from images.archive import Archive
from images.changes import Changes, path_beside, read_changes
from images.errors import DamagedChanges
from images.listing import find_job, find_user, key_in_force
from images.models import BINNED, Calibration, Image
from images.owners import Owners, find_makers

# Captures wait for their own row meanwhile.
MOST_AT_ONCE = 25
LACKING = (
    Q(user=None)
    | (Q(job=None) & ~Q(metadata__job=None))
    | Q(calibration__isnull=False, calibration__made_by=None)
    | Q(record_id__in=Calibration.objects.filter(made_by=None).exclude(image_record_id=None).values("image_record_id"))
    | (BINNED & Q(binned_by=None))
)


def rejoin(archive: Archive, owners: Owners) -> Iterator[int]:
    """Give them their people, jobs and keys, made again where they are not there. Says after each of many short steps
    of how many images that was true. Raises Django's DatabaseError."""
    ids = iter(list(Image.objects.filter(LACKING, is_adopted=True).order_by("id").values_list("id", flat=True)))
    while some := list(islice(ids, MOST_AT_ONCE)):
        with transaction.atomic():
            held = Image.objects.select_for_update().filter(pk__in=some).order_by("pk")
            count = sum(_rejoin_one(archive, image, owners) for image in held)
        yield count


def _rejoin_one(archive: Archive, image: Image, owners: Owners) -> bool:
    changes = _read_changes(archive, image)
    owners.restore(image.metadata, changes)
    found = _find_lacking(image, changes)
    if found:
        Image.objects.filter(pk=image.pk).update(**found)
    return _rejoin_calibrations(image, changes) or bool(found)


def _find_lacking(image: Image, changes: Changes | None) -> dict[str, Any]:
    """The columns that can be filled now."""
    record = image.metadata
    found: dict[str, Any] = {}
    if image.user_id is None:
        found["user_id"] = find_user(record["user"])
        found["idempotency_key"] = key_in_force(record, found["user_id"])
    if image.job_id is None:
        found["job_id"] = find_job(record)
    if image.binned_at and image.binned_by_id is None and changes:
        found["binned_by_id"] = find_user(changes.values.get("binnedBy"))
    return {column: value for column, value in found.items() if value is not None}


def _rejoin_calibrations(image: Image, changes: Changes | None) -> bool:
    """Who made the one that this image's scale comes from, and those drawn on it."""
    is_any = False
    for calibration_id, username in find_makers(image.metadata, changes):
        made_by = find_user(username)
        of_nobody = Calibration.objects.filter(pk=calibration_id, made_by=None)
        is_any |= made_by is not None and of_nobody.update(made_by=made_by) > 0
    return is_any


def _read_changes(archive: Archive, image: Image) -> Changes | None:
    """None also where they cannot be read: adoption told."""
    try:
        changes = read_changes(path_beside(archive.path_of(image.filename)))
    except (DamagedChanges, OSError):
        return None
    return changes if changes and changes.record_id == str(image.record_id) else None
