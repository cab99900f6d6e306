"""The use case the program is there for: take a frame, keep it, answer. The one way in, for API, page, command and
job alike."""

import os
import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser

from camera.frame import Frame
from camera.service import the_camera
from images.archive import Kept
from images.errors import UnknownJob
from images.formats import FORMATS
from images.listing import DATABASE_AWAY, list_original, the_registrar, thumbnail_path_of
from images.models import Image, Job
from images.record import Position, Requested, make_record, to_milliseconds

# More encoders than processors only push each other's pixels out of the caches.
_encoders = threading.BoundedSemaphore(max(os.cpu_count() or 1, 1))


@dataclass(frozen=True, slots=True)
class Captured:
    """An original that is safe on disk. `image` is None while its row is still to come."""

    kept: Kept
    record: dict[str, Any]
    captured_at: datetime
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
) -> Captured:
    """Capture one image. Blocks for the exposure and what keeping it takes.

    Returns once the original is complete on disk and its row is committed, or, if the database does not answer,
    with `image=None`; the row then comes by itself. Raises camera.errors and images.errors; then nothing is kept.
    """
    archive = apps.get_app_config("images").archive
    archive.check()
    job = _find_job(job_id)
    frame = the_camera().capture(exposure_ms, gain_db)
    file_format = FORMATS[image_format]
    record = make_record(
        frame,
        username=by.get_username(),
        requested=Requested(exposure_ms, gain_db),
        encoding=file_format.encoding_of(frame, quality),
        position=position or Position(),
        job=job,
    )
    captured_at = to_milliseconds(frame.captured_at)
    with _encoders:
        kept = archive.keep(
            captured_at, file_format.extension, lambda file: file_format.write(file, frame, record, quality)
        )
    image = _list(kept, record, by)
    _make_thumbnail(kept, frame)
    return Captured(kept, record, captured_at, image)


def _find_job(job_id: int | None) -> dict[str, Any] | None:
    if job_id is None:
        return None
    job = Job.objects.filter(id=job_id).values("id", "name").first()
    if job is None:
        raise UnknownJob(f"There is no job {job_id}.", {"jobId": [f"There is no job {job_id}."]})
    return job


def _list(kept: Kept, record: dict[str, Any], by: AbstractBaseUser) -> Image | None:
    try:
        return list_original(kept, record, user_id=by.pk)
    except DATABASE_AWAY:
        the_registrar().add_later(kept.path)
        return None


def _make_thumbnail(kept: Kept, frame: Frame) -> None:
    apps.get_app_config("images").thumbnails.make_soon(thumbnail_path_of(kept.path), frame)
