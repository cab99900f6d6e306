"""Begins a job of the queue, or fails it."""

import logging
from datetime import datetime

from django.conf import settings
from django.db import transaction

from camera.errors import CameraUnavailable
from images.archive.archive import Archive
from images.index.jobs import announce, change_job
from images.jobs import reasons
from images.jobs.plan import parse_plan
from images.jobs.seat import read_seat
from images.models import Job

logger = logging.getLogger(__name__)


def begin_job(job: Job, now: datetime) -> Job | None:
    """Let the job begin: slot 0 is due now, or was due when it was planned to start. Returns None if it cannot begin
    yet, or is not in the queue any more. Raises PlanRefused, and Django's DatabaseError.

    Its row says so first: if the program dies before its file is there, that is made from the row.
    """
    plan = parse_plan(job.plan or {})
    seat = {
        "imageFormat": plan.image_format or settings.IMAGE_FORMAT,
        "quality": plan.wishes.quality or settings.IMAGE_QUALITY,
    }
    try:
        seat |= read_seat().as_json()
    except CameraUnavailable as problem:
        # A job with a start time begins without the camera and misses what it must. A job that waits its turn can wait
        # on.
        if job.state != Job.State.PLANNED:
            logger.warning("Job %d waits for the camera: %s", job.pk, problem)
            return None
    with transaction.atomic():
        held = Job.objects.select_for_update(of=("self",)).select_related("user").get(pk=job.pk)
        # A person may have stopped or paused it since it was read.
        if held.state != job.state:
            return None
        held.anchor_at = held.starts_at if held.starts_at and not _had_to_wait(held.starts_at) else now
        held.state, held.seat = Job.State.RUNNING, seat
        held.events = [*held.events, {"at": now.isoformat(), "what": "begun", "text": "Begun."}]
        held.save(update_fields=["anchor_at", "state", "seat", "events"])
        announce(held, "begun", now)
    return held


def _had_to_wait(starts_at: datetime) -> bool:
    """Return True if another job had the camera when this one was to begin."""
    return Job.objects.with_plan().of_this_pc().filter(anchor_at__lte=starts_at, ended_at__gt=starts_at).exists()


def fail_job(archive: Archive, job: Job, now: datetime, detail: str) -> None:
    """Mark a job as failed, because it can never go on. Raises Django's DatabaseError."""
    event = {"what": "failed", "text": reasons.PLAN_CHANGED, "detail": detail}
    columns = {"state": Job.State.FAILED, "reason": reasons.PLAN_CHANGED, "detail": detail, "ended_at": now}
    change_job(archive, job.pk, now, [job.state], event, columns)
