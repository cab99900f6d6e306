"""Describes the slot of a picture: for its record, and for the fields that people may change later."""

from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from camera.engine.requests import Permit
from images.capture.capture import CaptureOrder
from images.jobs.plan import Plan, Slot
from images.jobs.seat import Seat
from images.models import Job
from images.record.image import Requested
from images.record.jobs import JobRef


def ref_of(job: Job, plan: Plan, slot: Slot, due_at: datetime, *, is_first: bool) -> JobRef:
    """Return the job and slot for the record of a picture. The first picture carries the plan too, in case the job's
    file gets lost."""
    return JobRef(
        number=job.pk,
        lasting_id=job.lasting_id,
        name=job.name,
        slot=slot.number,
        index=slot.index,
        due_at=due_at,
        expected=plan.expected,
        plan_sha256=plan.sha256,
        plan=job.plan if is_first else None,
    )


def order_of(
    by: AbstractBaseUser, job: Job, plan: Plan, slot: Slot, due_at: datetime, permit: Permit, *, is_first: bool
) -> CaptureOrder:
    """Return the order for the picture of this slot. The job has begun, so it has a seat. Makes no query."""
    assert job.seat
    return CaptureOrder(
        by=by,
        requested=Requested(*Seat.from_json(job.seat).light_of(slot)),
        image_format=job.seat["imageFormat"],
        quality=job.seat["quality"],
        job=ref_of(job, plan, slot, due_at, is_first=is_first),
        editable=describe_for_people(plan, slot),
        permit=permit,
    )


def describe_for_people(plan: Plan, slot: Slot) -> dict[str, Any]:
    """Return the values of the fields that people may change later. If a plane is measured from the focus at the start,
    the place of the stage is not known."""
    place = slot.position
    return {
        "sample": plan.wishes.sample,
        "note": plan.wishes.note,
        "x_position": place.x_um if place else None,
        "y_position": place.y_um if place else None,
        "z_position": None if slot.is_z_relative else slot.z_um,
    }
