"""Completes images that were listed while their users were unknown. That happens if a server is started on a new
database before a rebuild, or is faster than the rebuild beside it. The files name what the rows lack."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import Q

from images.archive.archive import Archive
from images.archive.names import location_of
from images.archive.sidecar import Sidecar, read_sidecar
from images.errors import DamagedSidecar, NotAnOriginal
from images.index.jobs import find_place
from images.index.listing import find_user, key_in_force
from images.index.rebuild.restore_people import PeopleRestorer, find_makers
from images.models import BINNED, Calibration, Image
from images.record.people import find_person, read_person

# Small, because captures cannot write their row during a transaction.
MAX_AT_ONCE = 25
LACKING = (
    Q(user=None)
    | (Q(job=None) & ~Q(metadata__job=None))
    | Q(calibration__isnull=False, calibration__made_by=None)
    | Q(record_id__in=Calibration.objects.filter(made_by=None).exclude(image_record_id=None).values("image_record_id"))
    | (BINNED & Q(binned_by=None))
)


def relink_people(archive: Archive, people: PeopleRestorer) -> Iterator[int]:
    """Give these images their users, jobs and idempotency keys, and restore users and jobs that are missing. Yields,
    after each of many short steps, the number of images that it completed. Raises Django's DatabaseError."""
    # The ids are fetched first: the loop changes which rows the filter finds.
    ids = iter(list(Image.objects.filter(LACKING, is_adopted=True).order_by("id").values_list("id", flat=True)))
    while some := list(islice(ids, MAX_AT_ONCE)):
        with transaction.atomic():
            held = Image.objects.select_for_update().filter(pk__in=some).order_by("pk")
            count = sum(_relink_one(archive, image, people) for image in held)
        yield count


def _relink_one(archive: Archive, image: Image, people: PeopleRestorer) -> bool:
    sidecar = _read_sidecar(archive, image)
    people.restore(image.metadata, sidecar)
    found = _find_lacking(image, sidecar)
    if found:
        Image.objects.filter(pk=image.pk).update(**found)
    return _relink_calibrations(image, sidecar) or bool(found)


def _find_lacking(image: Image, sidecar: Sidecar | None) -> dict[str, Any]:
    """Return the columns that can be filled now."""
    record = image.metadata
    found: dict[str, Any] = {}
    if image.user_id is None:
        found["user_id"] = find_user(record)
        found["idempotency_key"] = key_in_force(record, found["user_id"])
    if image.job_id is None:
        found |= find_place(record)
    if image.binned_at and image.binned_by_id is None and sidecar:
        binned_by = find_person(read_person(sidecar.values, "binnedBy"))
        found["binned_by_id"] = binned_by.pk if binned_by else None
    return {column: value for column, value in found.items() if value is not None}


def _relink_calibrations(image: Image, sidecar: Sidecar | None) -> bool:
    """Set who made the calibrations: the one that gives the image its scale, and those drawn on the image."""
    is_any = False
    for calibration_id, maker in find_makers(image.metadata, sidecar):
        made_by = find_person(maker)
        of_nobody = Calibration.objects.filter(pk=calibration_id, made_by=None)
        is_any |= made_by is not None and of_nobody.update(made_by=made_by) > 0
    return is_any


def _read_sidecar(archive: Archive, image: Image) -> Sidecar | None:
    """Return None also if the sidecar cannot be read: adoption has reported it."""
    try:
        sidecar = read_sidecar(archive, location_of(image.filename))
    except (DamagedSidecar, NotAnOriginal, OSError):
        return None
    return sidecar if sidecar and sidecar.record_id == str(image.record_id) else None
