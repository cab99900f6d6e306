"""The main use case: take a frame, save it as an original, write its row. API, page, command and job all call
`capture_image`."""

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError

from camera.engine.requests import Permit
from camera.frame import Frame
from camera.registry import the_camera
from images.archive.archive import Archive, StoredFile
from images.archive.names import location_of
from images.calibration.scale import describe_scale
from images.editable_fields import require_editable
from images.errors import DATABASE_AWAY, LibraryError, UnknownJob
from images.events import capture_ended
from images.formats import FORMATS, ImageFormat
from images.index.adoption import adopt
from images.index.current_optics import CurrentOptics
from images.index.listing import Captured, list_original, thumbnail_path_of
from images.library import the_library
from images.models import Image, Job
from images.record.image import Requested, make_record
from images.record.jobs import JobRef, describe_job
from images.record.people import name_person
from images.run_days import the_run_days

# More encoders than processors would only push each other's pixels out of the processor caches.
_encoders = threading.BoundedSemaphore(max(os.cpu_count() or 1, 1))


@dataclass(frozen=True, slots=True)
class CaptureOrder:
    """Everything about one image except its pixels. `job` names the job and slot of the image; the database is not
    asked about it. `idempotency_key` and `request_sha256` are only recorded: see images/index/idempotency.py.
    `editable`: what the user writes about the image, by column (images.editable_fields). `permit`: see
    camera.engine.requests."""

    by: AbstractBaseUser
    requested: Requested
    image_format: str
    quality: int = 95
    job: JobRef | None = None
    idempotency_key: str | None = None
    request_sha256: str | None = None
    editable: Mapping[str, Any] = field(default_factory=dict)
    permit: Permit | None = None

    def __post_init__(self) -> None:
        # Before anything else: a misspelled field is a defect of the caller, and must not cost an exposure.
        require_editable(self.editable)


def capture_image(
    *,
    by: AbstractBaseUser,
    exposure_ms: float | None = None,
    gain_db: float | None = None,
    image_format: str = "jpg",
    quality: int = 95,
    job: JobRef | None = None,
    asked_at_s: float | None = None,
    idempotency_key: str | None = None,
    request_sha256: str | None = None,
    permit: Permit | None = None,
    **editable: Any,
) -> Captured:
    """Capture one image. Blocks for the exposure, the encoding and the disk. `asked_at_s`: see Camera.take. For the
    other arguments see CaptureOrder.

    Returns when the original is safe on disk and its row is committed. If the database does not answer, returns
    `image=None`; the backfiller writes the row later. Raises camera.errors and images.errors; then nothing is saved.
    """
    requested = Requested(exposure_ms, gain_db)
    order = CaptureOrder(by, requested, image_format, quality, job, idempotency_key, request_sha256, editable, permit)
    return capture(order, asked_at_s)


def capture(order: CaptureOrder, asked_at_s: float | None = None) -> Captured:
    """Like `capture_image`, with an order."""
    with _reporting_end():
        return _capture(order, asked_at_s)


@contextmanager
def _reporting_end() -> Iterator[None]:
    """Report how long the block took and if it succeeded, for the metrics of captures."""
    began_s, error = time.perf_counter(), None
    try:
        yield
    except Exception as problem:
        error = problem
        raise
    finally:
        # Robust: an error in a receiver must not make a capture fail that has succeeded.
        capture_ended.send_robust(None, seconds=time.perf_counter() - began_s, error=error)


def _capture(order: CaptureOrder, asked_at_s: float | None) -> Captured:
    # Before the exposure: a user with a full disk must not wait for a picture that cannot be saved.
    the_library().archive.check()
    # Read before and after the exposure: if somebody changed the objective meanwhile, nobody knows which one was used.
    before = the_library().optics.current()
    taken = the_camera().take(order.requested.exposure_ms, order.requested.gain_db, asked_at_s, order.permit)
    return keep_frame(taken.develop, order, before)


def keep_frame(develop: Callable[[], Frame], order: CaptureOrder, optics_before: CurrentOptics) -> Captured:
    """Keep a frame that was just taken. `develop` makes its pixels. `optics_before`: the objective and calibration that
    were in use before its exposure. Blocks for encoding and disk. Returns and raises like `capture_image`."""
    in_use = optics_before.unless_changed(the_library().optics.last_known())
    file_format = FORMATS[order.image_format]
    make = partial(
        make_record,
        username=order.by.get_username(),
        user_id=name_person("user", order.by)["userId"],
        requested=order.requested,
        editable=order.editable,
        job=describe_job(order.job) if order.job else None,
        objective=in_use.objective,
        idempotency_key=order.idempotency_key,
        request_sha256=order.request_sha256,
        is_clock_in_doubt=the_run_days().doubt is not None,
    )

    def describe(frame: Frame) -> dict[str, Any]:
        encoding = file_format.encoding_of(frame.pixels, order.quality)
        return make(frame, encoding=encoding, scale=describe_scale(in_use, frame))

    archive = the_library().archive
    kept, record = _keep(archive, develop, describe, file_format, order.quality)
    return list_or_postpone(archive, kept, record, order.by, order.job)


def _keep(
    archive: Archive,
    develop: Callable[[], Frame],
    describe: Callable[[Frame], dict[str, Any]],
    file_format: ImageFormat,
    quality: int,
) -> tuple[StoredFile, dict[str, Any]]:
    """Make the pixels and the record, and save both."""
    # `develop` is inside too: otherwise every waiting capture would hold its developed pixels in memory.
    with _encoders:
        frame = develop()
        record = describe(frame)
        kept = archive.keep(
            frame.captured_at,
            file_format.extension,
            lambda file: file_format.write(file, frame.pixels, record, quality),
        )
        # The frame is in memory now, so a thumbnail costs no reading.
        the_library().thumbnails.make_soon(thumbnail_path_of(kept.location), frame, kept.sha256)
    return kept, record


def find_job_to_join(job_id: int | None) -> JobRef | None:
    """Return the job to which a user adds an image; None if `job_id` is None. Raises UnknownJob, and Django's
    DatabaseError."""
    if job_id is None:
        return None
    job = Job.objects.filter(id=job_id).first()
    if job is None:
        raise UnknownJob(f"There is no job {job_id}.", {"jobId": [f"There is no job {job_id}."]})
    return JobRef(job.pk, job.lasting_id, job.name)


def list_or_postpone(
    archive: Archive, kept: StoredFile, record: dict[str, Any], by: AbstractBaseUser, job: JobRef | None
) -> Captured:
    """Write the row, or have it written later. From here on the capture has succeeded: the original is safe on disk."""
    place = {"job_id": job.number, "job_slot": job.slot} if job else {"job_id": None}
    try:
        return Captured(kept, record, list_original(kept, record, user_id=by.pk, **place))
    # Before DATABASE_AWAY, which contains it: with this error the database is there, and refuses the row.
    except IntegrityError:
        return _list_otherwise(archive, kept, record)
    except DATABASE_AWAY:
        the_library().backfiller.add_later(kept.location)
        return Captured(kept, record, None)


def _list_otherwise(archive: Archive, kept: StoredFile, record: dict[str, Any]) -> Captured:
    """Adopt the original, because the database refused the row: an adoption was faster, or its name belongs to the row
    of a lost file, or user or job were deleted meanwhile. Adoption handles each of these cases."""
    try:
        image = adopt(archive, kept.location) or Image.objects.get(record_id=record["id"])
    except (*DATABASE_AWAY, LibraryError, OSError):
        the_library().backfiller.add_later(kept.location)
        return Captured(kept, record, None)
    return Captured(replace(kept, location=location_of(image.filename)), record, image)
