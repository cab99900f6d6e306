"""Lets a running job give way to people: it is paused before control passes on."""

from django.contrib.auth.models import AbstractUser

from camera.registry import the_camera
from images.control import hand_over
from images.control.control import the_control
from images.control.lease import Holder, Kind, Lease
from images.errors import JobEnded
from images.jobs.control import pause_job


def give_control(by: AbstractUser, who: Holder) -> None:
    """Give control to the first who asks; a running job of `by` is paused first. Raises NothingAsked, NotYoursToGive,
    or what `pause_job` raises."""
    control = the_control()
    lease = hand_over.find_answerable(control, who)
    asked = control.current_ask()
    _pause(lease, by, f"For {asked.who.name}" if asked else "")
    hand_over.give(control, who)


def take_control(
    by: AbstractUser, who: Holder, reason: str, *, is_manager: bool, fence: int | None, after_picture: bool = True
) -> Lease:
    """Take control from its holder; a running job is paused first. Without `after_picture`, the picture in progress is
    lost. Raises MayNotTake, ReasonMissing, ControlHeld, or what `pause_job` raises."""
    control = the_control()
    lease = hand_over.require_takeable(control, who, reason, is_manager=is_manager)
    # If control has passed on since the user decided, `take_over` refuses. The job that has it now must not be paused.
    if lease is not None and (fence is None or fence == lease.fence):
        _pause(lease, by, reason)
    seen = fence if fence is not None or lease is None else lease.fence
    taken = hand_over.take_over(control, who, reason, is_manager=is_manager, instead_of=seen)
    # Only now: the permit of the job is lost, so the camera's thread drops its picture and does not take it again.
    if not after_picture:
        the_camera().break_off()
    return taken


def _pause(lease: Lease, by: AbstractUser, why: str) -> None:
    if lease.holder.kind is Kind.JOB and lease.holder.job_id is not None:
        try:
            pause_job(lease.holder.job_id, by, why)
        except JobEnded:
            return  # the job has just released the camera
