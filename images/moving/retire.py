"""Retires a dead instrument: its pictures are in the store, and on no disk any more."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils import timezone

from images.archive.paced_reader import go_on_always
from images.models import Image, Instrument
from images.moving.end_jobs import end_jobs
from images.overview.camera_sign import read_camera_sign
from images.spool.rows import note_lost, row_in_both
from images.store.client import Store
from images.store.errors import ObjectMissing

logger = logging.getLogger(__name__)

Place = Image.Place


@dataclass(slots=True)
class Retired:
    """`in_store`: pictures whose rows now say that they are only in the store. `left`: pictures that are not in it.
    `ended_jobs`: how many jobs had not ended."""

    in_store: int = 0
    left: int = 0
    ended_jobs: int = 0


def retire(store: Store, instrument_id: UUID, go_on: Callable[[], None] = go_on_always) -> Retired:
    """Ask the store for each original of this instrument that was read back whole, and note that it is only there. If
    none is left over, its jobs end, and the row of the instrument says since when it is retired. Removes nothing from
    any disk. Can be repeated. Makes a request for each original, so it may take long. Raises StoreError, and Django's
    DatabaseError."""
    retired = Retired()
    own = Image.objects.filter(instrument_id=instrument_id)
    proved = own.filter(place=Place.BOTH, verified_at__isnull=False)
    for image in proved.only("id", "filename", "store_key", "file_size", "sha256").iterator():
        go_on()
        retired.in_store += _is_there(store, image) and _note_gone(image)
    retired.left = own.exclude(place__in=(Place.STORE, Place.LOST)).count()
    if not retired.left:
        retired.ended_jobs = end_jobs(store, instrument_id, timezone.now())
        _mark(instrument_id)
    return retired


def is_retired(instrument_id: UUID) -> bool:
    """Raises Django's DatabaseError."""
    row = Instrument.objects.filter(pk=instrument_id).first()
    return row is not None and read_camera_sign(row.camera).is_retired


def _is_there(store: Store, image: Image) -> bool:
    try:
        facts = store.head(image.store_key or "")
    except ObjectMissing:
        note_lost(image)
        return False
    return (facts.size_bytes, facts.sha256) == (image.file_size, image.sha256)


def _note_gone(image: Image) -> bool:
    return bool(row_in_both(image).update(place=Place.STORE, evicted_at=timezone.now()))


def _mark(instrument_id: UUID) -> None:
    row = Instrument.objects.get(pk=instrument_id)
    row.camera = {**row.camera, "retiredAt": timezone.now().isoformat()}
    row.url = ""
    row.save(update_fields=["camera", "url"])
