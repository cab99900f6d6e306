"""Makes a job and puts it into the queue."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction

from camera.registry import the_camera
from images.control.control import the_control
from images.control.hand_over import require_start_now
from images.errors import IdempotencyKeyReused
from images.events import emit
from images.index.idempotency import IdempotencyKey
from images.jobs.measures.estimate import estimate_plan, require_possible
from images.jobs.plan import Plan, PlanLimits, parse_plan
from images.jobs.plan.errors import PlanStartInvalid
from images.jobs.supervisor import the_supervisor
from images.library import the_library
from images.models import Job
from images.own_instrument import own_instrument_id
from images.run_days import Clock


def make_job(
    *,
    by: AbstractBaseUser,
    name: str,
    plan: Mapping[str, Any] | str,
    starts_at: datetime | None = None,
    asked: IdempotencyKey | None = None,
    may_queue: bool = False,
    clock: Clock | None = None,
) -> Job:
    """Put a new job into the queue. It begins now, behind the jobs that are there, or at `starts_at`. While another
    person or script controls the camera, it waits for that too, but only with `may_queue` or `starts_at`. The same
    request with the same idempotency key returns the job that is there: see images/index/idempotency.py. Blocks until
    the camera is open. Raises PlanRefused, PlanTooFast, NotEnoughSpace, IdempotencyKeyReused, ControlHeld, a
    CameraUnavailable or a StorageUnavailable; then there is no job."""
    parsed = read_new_plan(plan)
    if starts_at is not None and starts_at <= (clock or Clock()).now():
        raise PlanStartInvalid("startsAt", "This time is past. Leave it out to begin as soon as possible.")
    # Before the estimate, so that a repeated request takes no test pictures again.
    if known := _find_earlier(by, asked):
        return known
    if starts_at is None and not may_queue:
        require_start_now(the_control(), by.pk)
    estimate = estimate_plan(parsed)
    require_possible(parsed, estimate)
    job = Job(
        instrument_id=own_instrument_id(),
        name=name,
        kind=kind_of(parsed),
        user_id=by.pk,
        state=Job.State.PLANNED if starts_at else Job.State.QUEUED,
        plan=parsed.as_json(),
        plan_sha256=parsed.sha256,
        expected=parsed.expected,
        starts_at=starts_at,
        estimate=estimate.as_json(),
        idempotency_key=asked.key if asked else None,
        request_sha256=asked.request_sha256 if asked else "",
    )
    try:
        with transaction.atomic():
            job.save(force_insert=True)
            emit("job_planned", by=by, details={"job": job.pk, "name": job.name})
    except IntegrityError:  # the same request at the same time
        if known := _find_earlier(by, asked):
            return known
        raise
    the_supervisor().wake()
    return job


def read_new_plan(plan: Mapping[str, Any] | str) -> Plan:
    """Return the plan if this instrument can run it. Blocks until the camera is open. Raises PlanRefused, a
    StorageUnavailable or a CameraUnavailable."""
    # Without a disk for pictures, the plan is refused in any case, and the camera need not be opened.
    the_library().archive.check()
    return parse_plan(plan, read_limits())


def read_limits() -> PlanLimits:
    """Return the limits of the camera with its present settings. There is no stage. Blocks until the camera is open.
    Raises a CameraUnavailable."""
    limits = the_camera().limits()
    now = the_camera().status().settings
    bits = [one.bits for one in limits.pixel_formats if now and one.name == now.pixel_format]
    return PlanLimits(
        exposure_ms=limits.exposure_ms,
        gain_db=limits.gain_db,
        significant_bits=bits[0] if bits else None,
        has_focus_stage=False,
        has_xy_stage=False,
    )


def kind_of(plan: Plan) -> str:
    """Return the kind of the plan, in words for people."""
    if plan.is_burst:
        return "burst"
    if plan.time:
        return "time-lapse"
    if plan.planes:
        return "z series"
    if plan.positions:
        return "positions"
    return "average" if plan.is_sum else "exposure series"


def _find_earlier(by: AbstractBaseUser, asked: IdempotencyKey | None) -> Job | None:
    if asked is None:
        return None
    job = Job.objects.of_this_pc().filter(user_id=by.pk, idempotency_key=asked.key).select_related("user").first()
    if job and job.request_sha256 != asked.request_sha256:
        raise IdempotencyKeyReused("This Idempotency-Key stood for another job. Take a new key for each job you want.")
    return job
