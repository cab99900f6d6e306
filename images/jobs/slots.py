"""Computes some slots of a job, for pages and the API."""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from images.jobs.grid import Grid
from images.jobs.plan import Plan
from images.models import Image, Job, JobGap

STATES = STORED, MISSED, TO_COME, NOT_TAKEN = "stored", "missed", "to_come", "not_taken"


@dataclass(frozen=True, slots=True)
class SlotNow:
    """One slot, and what became of it. `due_at`: None until the job begins. `image_id`: also None for a stored slot
    whose row is not written yet."""

    number: int
    due_at: datetime | None
    index: Mapping[str, int]
    channel: str | None
    exposure_ms: float | None
    gain_db: float | None
    state: str
    image_id: int | None = None
    reason: str = ""


def list_slots(job: Job, plan: Plan, first: int, end: int) -> list[SlotNow]:
    """Return the slots from `first` up to, but not including, `end`. Raises Django's DatabaseError."""
    images = Image.objects.filter(job=job, job_slot__gte=first, job_slot__lt=end)
    ids = dict(images.values_list("job_slot", "pk"))
    gaps = list(JobGap.objects.filter(job=job, last_slot__gte=first, first_slot__lt=end))
    # One query for the images and one for the gaps, whatever the number of slots.
    decided = job.decided
    shifts = _read_shifts(job)
    found = []
    for slot in plan.slots(first, end):
        gap = next((gap for gap in gaps if gap.first_slot <= slot.number <= gap.last_slot), None)
        image_id = ids.get(slot.number)
        found.append(
            SlotNow(
                number=slot.number,
                due_at=_due_at(job, plan, shifts, slot.number),
                index=slot.index,
                channel=slot.channel.name if slot.channel else None,
                exposure_ms=slot.exposure_ms,
                gain_db=slot.gain_db,
                state=_state_of(job, image_id, gap, is_decided=slot.number < decided),
                image_id=image_id,
                reason=gap.reason if gap else "",
            )
        )
    return found


def next_due_at(job: Job, plan: Plan) -> datetime | None:
    """Return when the next picture is due; None for a job that does not run, or that has decided all its slots."""
    following = job.decided
    if job.state != Job.State.RUNNING or following >= plan.expected:
        return None
    return _due_at(job, plan, _read_shifts(job), following)


def slot_due_at(job: Job, plan: Plan, slot: int) -> datetime | None:
    """Return when this slot is or was due; None until the job has a time to begin."""
    return _due_at(job, plan, _read_shifts(job), slot)


def _state_of(job: Job, image_id: int | None, gap: JobGap | None, *, is_decided: bool) -> str:
    # A slot that is decided and in no gap is stored, also if its row is still to come.
    if image_id is not None or (is_decided and gap is None):
        return STORED
    if gap is not None:
        return MISSED
    return NOT_TAKEN if job.has_ended else TO_COME


def _read_shifts(job: Job) -> list[tuple[int, float]]:
    """Return by how many seconds the due times were moved, each with the slot from which on that holds."""
    return sorted((event["slot"], event["shiftS"]) for event in job.events if "shiftS" in event)


def _due_at(job: Job, plan: Plan, shifts: list[tuple[int, float]], slot: int) -> datetime | None:
    if job.anchor_at is None:
        return job.starts_at and job.starts_at + plan.due_of_round(plan.round_of(slot))
    # The last shift that began at this slot or before it counts.
    place = bisect_right(shifts, (slot, float("inf")))
    shift_s = shifts[place - 1][1] if place else 0.0
    return Grid(plan, job.anchor_at, timedelta(seconds=shift_s)).due_at(plan.round_of(slot))
