"""The use case the program is there for: take a frame, keep it, answer. The one way in, for API, page, command and
job alike."""

import os
import threading
from dataclasses import dataclass, replace
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError

from camera.service import the_camera
from images.apps import the_library
from images.archive import Archive, Kept
from images.errors import DATABASE_AWAY, LibraryError, UnknownJob
from images.formats import FORMATS
from images.listing import adopt, list_original, the_registrar, thumbnail_path_of
from images.models import Image, Job
from images.optics import the_optics
from images.record import Position, Requested, make_record
from images.scale import describe_scale

# More encoders than processors only push each other's pixels out of the caches.
_encoders = threading.BoundedSemaphore(max(os.cpu_count() or 1, 1))


@dataclass(frozen=True, slots=True)
class Captured:
    """An original that is safe on disk. `image` is None while its row is still to come."""

    kept: Kept
    record: dict[str, Any]
    image: Image | None


def capture_image(
    *,
    by: AbstractBaseUser,
    exposure_ms: float | None = None,
    gain_db: float | None = None,
    image_format: str = "jpg",
    quality: int = 95,
    position: Position | None = None,
    job_id: int | None = None,
    sample: str = "",
    note: str = "",
    asked_at_s: float | None = None,
    idempotency_key: str | None = None,
    request_sha256: str | None = None,
) -> Captured:
    """Capture one image. Blocks for the exposure and what keeping it takes. `asked_at_s`: see Camera.capture.
    `idempotency_key` and `request_sha256` are only written down here: see images/idempotency.py.

    Returns once the original is complete on disk and its row is committed, or, if the database does not answer,
    with `image=None`; the row then comes by itself. Raises camera.errors and images.errors; then nothing is kept.
    """
    archive = the_library().archive
    archive.check()
    job = _find_job(job_id)
    before = the_optics().in_use()
    frame = the_camera().capture(exposure_ms, gain_db, asked_at_s)
    in_use = before.unless_changed(the_optics().last_known())
    file_format = FORMATS[image_format]
    record = make_record(
        frame,
        username=by.get_username(),
        requested=Requested(exposure_ms, gain_db),
        encoding=file_format.encoding_of(frame.pixels, quality),
        position=position or Position(),
        job=job,
        sample=sample,
        note=note,
        objective=in_use.objective,
        scale=describe_scale(in_use, frame),
        idempotency_key=idempotency_key,
        request_sha256=request_sha256,
    )
    with _encoders:
        kept = archive.keep(
            frame.captured_at,
            file_format.extension,
            lambda file: file_format.write(file, frame.pixels, record, quality),
        )
    captured = _list(archive, kept, record, by)
    the_library().thumbnails.make_soon(thumbnail_path_of(captured.kept.path), frame)
    return captured


def _find_job(job_id: int | None) -> dict[str, Any] | None:
    if job_id is None:
        return None
    job = Job.objects.filter(id=job_id).first()
    if job is None:
        raise UnknownJob(f"There is no job {job_id}.", {"jobId": [f"There is no job {job_id}."]})
    return {"id": job.pk, "name": job.name}


def _list(archive: Archive, kept: Kept, record: dict[str, Any], by: AbstractBaseUser) -> Captured:
    """Write the row, or have it written later: from here on the original is kept whatever happens."""
    job_id = record["job"] and record["job"]["id"]
    try:
        return Captured(kept, record, list_original(kept, record, user_id=by.pk, job_id=job_id))
    except IntegrityError:
        return _list_otherwise(archive, kept, record)
    except DATABASE_AWAY:
        the_registrar().add_later(kept.path)
        return Captured(kept, record, None)


def _list_otherwise(archive: Archive, kept: Kept, record: dict[str, Any]) -> Captured:
    """The database answers but refused the row: an adopter was faster, or the name belongs to the row of a file that
    was lost, or user or job were deleted meanwhile. Adoption knows what to do about each."""
    try:
        image = adopt(archive, kept.path) or Image.objects.get(record_id=record["id"])
    except (*DATABASE_AWAY, LibraryError, OSError):
        the_registrar().add_later(kept.path)
        return Captured(kept, record, None)
    return Captured(replace(kept, path=archive.path_of(image.filename)), record, image)
