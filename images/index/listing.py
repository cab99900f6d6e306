"""Makes the row of an original. It is always made from the record inside the file, so the database is only an index."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import transaction

from images.archive.archive import StoredFile
from images.archive.names import Location
from images.errors import NotAnOriginal
from images.events import emit
from images.formats import format_of
from images.index.columns import columns_of_record
from images.index.originals import has_pixel_sum
from images.models import Image
from images.own_instrument import own_instrument_id
from images.record.image import parse_time
from images.record.people import find_person, read_person
from images.run_days import the_run_days

IDEMPOTENCY_KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Captured:
    """An original that is safe on disk. `image` is None if its row is not written yet."""

    kept: StoredFile
    record: dict[str, Any]
    image: Image | None


def thumbnail_path_of(original: Location) -> str:
    """Return the path of an original's thumbnail, relative to the folder of thumbnails."""
    return f"{original}.jpg"


def list_original(
    kept: StoredFile,
    record: dict[str, Any],
    *,
    user_id: int | None,
    job_id: int | None,
    job_slot: int | None = None,
    is_adopted: bool = False,
    elsewhere: dict[str, Any] | None = None,
) -> Image:
    """Write the row of an original. `elsewhere`: as in `adopt`. Raises Django's DatabaseError if the row cannot be
    written, and ValidationError if `is_adopted` is True and the record holds invalid values."""
    image = make_row(kept, record, user_id=user_id, job_id=job_id, job_slot=job_slot, is_adopted=is_adopted)
    for column, value in (elsewhere or {}).items():
        setattr(image, column, value)
    if is_adopted:
        image.changed_since_capture = kept.changed_since_capture
        # The file may have been edited by anybody. A capture's own values need no check.
        image.clean_fields(exclude=["user", "job", "objective", "calibration"])
    with transaction.atomic():
        # The event is sent in the same transaction, so there is never an event without its row, or a row without its
        # event.
        image.save(force_insert=True)
        done = [(image.pk, image.filename)]
        if is_adopted:
            emit("adopted", done, details=_name_job(job_id))
        else:
            emit("captured", done, user_id=user_id, username=record["user"], details=_name_job(job_id))
    return image


def _name_job(job_id: int | None) -> dict[str, Any]:
    return {} if job_id is None else {"job": job_id}


def make_row(
    kept: StoredFile,
    record: dict[str, Any],
    *,
    user_id: int | None,
    job_id: int | None,
    job_slot: int | None = None,
    is_adopted: bool = False,
) -> Image:
    """Return the row of an original, not yet written."""
    return Image(
        instrument_id=own_instrument_id(),
        job_id=job_id,
        job_slot=job_slot,
        user_id=user_id,
        filename=kept.filename,
        thumbnail_path=thumbnail_path_of(kept.location),
        file_size=kept.size_bytes,
        metadata=record,
        sha256=kept.sha256,
        image_format=_format_name(kept.filename),
        is_adopted=is_adopted,
        # The capture has just computed the sum of these pixels. An older record has no sum.
        changed_since_capture=False if has_pixel_sum(record) else None,
        **columns_of_record(record),
        idempotency_key=key_in_force(record, user_id),
    )


def key_in_force(record: dict[str, Any], user_id: int | None) -> str | None:
    """Return the idempotency key of the request that made this image. Returns None if the request is too old to be
    repeated, or if the key stands for another image by now. If the clock was or is in doubt, nobody knows the age, so
    the key stays valid: better no image than two."""
    # An image that was adopted years later must not answer a new request that happens to have the same key.
    key = record.get("idempotencyKey")
    begins_at = the_run_days().likely_now - IDEMPOTENCY_KEPT_FOR
    # If the clock was in doubt at the capture, its time says nothing about the age.
    is_young = parse_time(record["capturedAt"]) > begins_at or record.get("clockInDoubt") is True
    if not isinstance(key, str) or len(key) > 200 or user_id is None or not is_young:
        return None
    return None if Image.objects.of_this_pc().filter(user_id=user_id, idempotency_key=key).exists() else key


def _format_name(filename: str) -> str:
    known = format_of(filename)
    if known is None:
        raise NotAnOriginal(f"{filename} is of no format that this program writes.")
    return known.name


def find_user(record: dict[str, Any]) -> int | None:
    """Return the row id of the user who captured the image, or None. Raises ValueError if the id in the record is
    damaged."""
    user = find_person(read_person(record, "user"))
    return user.pk if user else None
