"""The acts of people on existing jobs: pause, continue, stop. If one is repeated, nothing more happens."""

from collections.abc import Collection
from typing import Any

from django.db import transaction
from django.utils import timezone

from images.errors import JobElsewhere, JobEnded, JobMissing, NotYourJob
from images.events import emit
from images.index.jobs import change_job
from images.jobs import reasons
from images.jobs.running.plane_set import PLANE_SET
from images.jobs.running.state_changes import NOT_PAUSED
from images.jobs.supervisor import the_supervisor
from images.library import the_library
from images.models import Job
from images.own_instrument import own_instrument_id
from images.permissions import CAPTURE, CHANGE_ANY, Person


def pause_job(job_id: int, by: Person, why: str = "") -> Job:
    """Pause a job after the picture under way. `why`: a text for others. If the program had paused it, the pause
    becomes one by the user, which does not end by itself. Raises JobMissing, NotYourJob or JobEnded."""
    name = by.get_username()
    if (job := find_own_job(job_id, by)).pause_cause == Job.PauseCause.USER:
        return job
    columns = {
        "state": Job.State.PAUSED,
        "reason": reasons.paused_by(name),
        "detail": why,
        "pause_cause": Job.PauseCause.USER,
        "paused_by": name,
    }
    return _change(job_id, by, (*Job.WAITING, *Job.ACTIVE), "job_paused", reasons.paused_by(name), columns)


def continue_job(job_id: int, by: Person, *, with_camera_as_it_is: bool = False) -> Job:
    """Let a paused job go on at its next round that is due. `with_camera_as_it_is`: also if the camera is not what it
    was when the job began; from then on, the job compares with what it is now. Raises JobMissing, NotYourJob or
    JobEnded."""
    job = find_own_job(job_id, by)
    not_begun = Job.State.PLANNED if job.starts_at else Job.State.QUEUED
    columns: dict[str, Any] = {"state": Job.State.RUNNING if job.anchor_at else not_begun, **NOT_PAUSED}
    if with_camera_as_it_is and job.seat:
        # Without camera and objective in the seat, the next look at the camera takes the present ones as the new seat.
        columns["seat"] = {key: job.seat[key] for key in ("imageFormat", "quality")}
    text = f"Continued by {by.get_username()}"
    return _change(job_id, by, (Job.State.PAUSED,), "job_continued", text, columns)


def take_next_plane(job_id: int, by: Person) -> Job:
    """Note that stage or focus is at the place of the next picture. Does nothing if the job does not wait for that.
    Raises JobMissing, NotYourJob or JobEnded."""
    job = find_own_job(job_id, by)
    if job.pause_cause != Job.PauseCause.PLANE:
        _require_already(job, Job.State.RUNNING)
        return job
    columns = {"state": Job.State.RUNNING, **NOT_PAUSED}
    text, slot = f"Plane set by {by.get_username()}", job.decided
    return _change(job_id, by, (Job.State.PAUSED,), PLANE_SET, text, columns, slot=slot)


def stop_job(job_id: int, by: Person) -> Job:
    """Stop a job for good, after the picture under way. Stored pictures stay. Raises JobMissing, NotYourJob or
    JobEnded."""
    text = reasons.stopped_by(by.get_username())
    columns = {**NOT_PAUSED, "state": Job.State.STOPPED, "reason": text, "ended_at": timezone.now()}
    return _change(job_id, by, (*Job.WAITING, *Job.ACTIVE), "job_stopped", text, columns)


def find_job(job_id: int) -> Job:
    """Return a job that has a plan. Raises JobMissing."""
    job = Job.objects.with_plan().select_related("user").filter(pk=job_id).first()
    if job is None:
        raise JobMissing(job_id)
    return job


def find_own_job(job_id: int, by: Person) -> Job:
    """Return a job that this user may pause and stop on this PC. Raises JobMissing, NotYourJob, or JobElsewhere."""
    job = find_job(job_id)
    if job.instrument_id != own_instrument_id():
        there = job.instrument
        raise JobElsewhere(there.name if there else "another microscope", there.url if there else "")
    if not may_control(by, job):
        raise NotYourJob
    return job


def may_control(person: Person, job: Job) -> bool:
    """Return True if this person may pause and stop the job: an operator their own jobs, a manager all."""
    is_own = job.user_id == person.pk and person.has_perm(CAPTURE)  # type: ignore[union-attr]
    return is_own or person.has_perm(CHANGE_ANY)  # type: ignore[union-attr]


def _change(
    job_id: int,
    by: Person,
    from_states: Collection[str],
    what: str,
    text: str,
    columns: dict[str, Any],
    **more: Any,
) -> Job:
    """Change a job and its event. `what` begins with "job_" if the event goes into the audit log too."""
    job = find_own_job(job_id, by)
    event = {"what": what.removeprefix("job_"), "text": text, "by": by.get_username(), **more}
    # One transaction: the job and its entry in the audit log change together, or not at all.
    with transaction.atomic():
        changed = change_job(the_library().archive, job_id, timezone.now(), from_states, event, columns)
        if changed and what.startswith("job_"):
            emit(what, by=by, details={"job": job_id, "name": job.name})
    # After the commit: the thread of jobs must find the new state when it wakes.
    the_supervisor().wake()
    if changed is None:
        # Somebody else was faster. If the job is now as this user wanted it, that is no error.
        _require_already(find_job(job_id), columns["state"])
    return changed or find_job(job_id)


def _require_already(job: Job, state: str) -> None:
    """Raise JobEnded unless the job is in the state that was asked for, or will be: then nothing is left to do."""
    if job.has_ended and state != job.state:
        raise JobEnded(f"The job {job.name} is over: {job.get_state_display().lower()}. Make a new one.")
