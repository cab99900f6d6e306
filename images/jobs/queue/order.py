"""The order of the jobs that wait. People change it until a job begins."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from images.control.control import the_control
from images.control.hand_over import find_other_holder
from images.control.words import describe_lease
from images.events import emit
from images.index.jobs import change_job
from images.jobs.control import find_job, find_own_job
from images.jobs.queue.errors import NotInQueue
from images.library import the_library
from images.models import Job
from images.permissions import Person


def move_job(job_id: int, by: Person, before: int | None) -> Job:
    """Move a waiting job to just before another one, or to the end of the queue if `before` is None. If it is there
    already, nothing changes. Raises JobMissing, NotYourJob, or NotInQueue if one of the two does not wait any more."""
    find_own_job(job_id, by)
    with transaction.atomic():
        # Locked in the order of their ids: people who move jobs at the same moment must not wait for each other.
        locked = Job.objects.waiting().order_by("id").select_for_update(of=("self",)).defer("plan", "events")
        queue = sorted(locked, key=lambda job: job.place)
        _require_in_queue(queue, job_id)
        if before is not None:
            _require_in_queue(queue, before)
        wanted = _put_before(queue, job_id, before)
        if wanted != queue:
            _save_order(queue, wanted)
            _note_move(job_id, by, before)
    return find_job(job_id)


def find_place(job: Job) -> int | None:
    """Return the place of a job in the queue, from 1. None if it does not wait."""
    return Job.objects.waiting().up_to(job).count() if job.state in Job.WAITING else None


def describe_wait(user_id: int | None) -> str:
    """Return the reason why a job that this user plans now would not begin at once; an empty text if it would."""
    if Job.objects.active().exists() or Job.objects.waiting().filter(starts_at=None).exists():
        return "Other jobs come first."
    lease = find_other_holder(the_control(), user_id)
    return describe_lease(lease) if lease else ""


def _require_in_queue(queue: Sequence[Job], job_id: int) -> None:
    if all(job.pk != job_id for job in queue):
        job = find_job(job_id)
        raise NotInQueue(f"The job {job.name} does not wait any more: it is {job.get_state_display().lower()}.")


def _put_before(queue: Sequence[Job], job_id: int, before: int | None) -> list[Job]:
    if before == job_id:
        return list(queue)
    moved = next(job for job in queue if job.pk == job_id)
    others = [job for job in queue if job is not moved]
    at = next((number for number, job in enumerate(others) if job.pk == before), len(others))
    return [*others[:at], moved, *others[at:]]


def _save_order(queue: Sequence[Job], wanted: Sequence[Job]) -> None:
    """Give the same places to the jobs in their new order. A job that is planned later gets its id as its place, so it
    still comes last."""
    for before, job in zip(queue, wanted, strict=True):
        if job.place != before.place:
            Job.objects.filter(pk=job.pk).update(queue_place=before.place)


def _note_move(job_id: int, by: Person, before: int | None) -> None:
    where = "to the end of the queue" if before is None else f"before {find_job(before).name}"
    event = {"what": "moved", "text": f"Moved {where} by {by.get_username()}", "by": by.get_username()}
    moved = change_job(the_library().archive, job_id, timezone.now(), Job.WAITING, event, {})
    assert moved, "its row is locked"
    emit("job_moved", by=by, details={"job": job_id, "name": moved.name})
