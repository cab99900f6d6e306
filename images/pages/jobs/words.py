"""A job in words for its pages: state, verdict, gaps. Pictures are numbered from 1, slots from 0."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from images.jobs.plan import Plan, describe_duration, describe_plan
from images.jobs.plan.errors import PlanRefused
from images.jobs.slots import next_due_at, slot_due_at
from images.jobs.stored_plan import read_plan
from images.jobs.verdict import describe_verdict
from images.models import Job, JobGap

MAX_GAPS = 500
NOW = "now"
RANGE = "\N{EN DASH}"
STATES_WITH_REASON = (Job.State.PAUSED, Job.State.STOPPED, Job.State.FAILED)


def find_gaps(job: Job) -> list[JobGap]:
    """Return the last MAX_GAPS in order, and one more if there are more."""
    return list(JobGap.objects.filter(job=job).order_by("-first_slot")[: MAX_GAPS + 1])[::-1]


def describe_verdict_of(job: Job, gaps: Sequence[JobGap]) -> str:
    """Return the verdict. `gaps`: the result of find_gaps."""
    return describe_verdict(job, f"more than {MAX_GAPS}" if len(gaps) > MAX_GAPS else len(gaps))


def describe_cause(job: Job) -> str:
    """Return why the job is paused or ended early: `Paused by ada at 03:09.` Empty if there is nothing to say."""
    if job.state not in STATES_WITH_REASON or not job.reason:
        return ""
    since = _since(job)
    return f"{job.reason}{f' at {format_clock(since)}' if since else ''}."


def _since(job: Job) -> datetime | None:
    if job.ended_at:
        return job.ended_at
    said = next((event for event in reversed(job.events) if event["what"] == "paused"), None)
    return datetime.fromisoformat(said["at"]) if said else None


def describe_gaps(job: Job, gaps: Sequence[JobGap]) -> list[dict[str, Any]]:
    """Return the gaps, the newest first. If no picture was stored after a gap, it is still growing."""
    decided = job.decided
    growing = gaps[-1] if gaps and job.is_active and gaps[-1].last_slot + 1 == decided else None
    return [
        {
            "when": f"{format_clock(gap.since)}{RANGE}{NOW if gap is growing else format_clock(gap.until)}",
            "day": gap.since,
            "reason": gap.reason,
            "missed": gap.last_slot - gap.first_slot + 1,
            "which": describe_numbers(gap.first_slot, gap.last_slot),
            "detail": gap.detail,
        }
        for gap in reversed(gaps)
    ]


def describe_numbers(first_slot: int, last_slot: int) -> str:
    """Return `No. 571 to 584`."""
    return f"No. {first_slot + 1:,}" + (f" to {last_slot + 1:,}" if last_slot > first_slot else "")


def format_clock(moment: datetime) -> str:
    """Return the time of day in the time zone of the lab."""
    return f"{timezone.localtime(moment):%H:%M}"


def describe_what(job: Job, plan: Plan | None) -> str:
    """Return `Time-lapse: one picture every 1 min for 14 h`."""
    kind = job.kind[:1].upper() + job.kind[1:]
    return f"{kind}: {describe_plan(plan)}" if plan else f"{kind}: the plan cannot be read"


def read_plan_if_possible(job: Job) -> Plan | None:
    """Return the plan; None if the plan in the database is not the one with which the job was made."""
    try:
        return read_plan(job)
    except PlanRefused:
        return None


def find_times(job: Job, plan: Plan | None) -> dict[str, Any]:
    """Return when the job begins, when its next picture is due and when it ends, as far as that is known."""
    first = slot_due_at(job, plan, 0) if plan else job.anchor_at
    last = job.ended_at or (slot_due_at(job, plan, plan.expected - 1) if plan and not plan.is_manual else None)
    left = last - timezone.now() if last and not job.has_ended else None
    return {
        "begins_at": first,
        "ends_at": last,
        "left": describe_duration(_to_whole(left)) if left and left > timedelta(seconds=1) else "",
        "next_due_at": next_due_at(job, plan) if plan else None,
    }


def _to_whole(duration: timedelta) -> timedelta:
    return timedelta(seconds=round(duration.total_seconds()))
