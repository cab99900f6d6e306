"""Says in one sentence what became of a job."""

from collections.abc import Iterable

from images.models import Job, JobGap

# For all jobs that are described together. With more gaps than this, their number is left out.
MAX_GAPS = 2000
LATER = "to come"
SAID_FIRST = (Job.State.PAUSED, Job.State.STOPPED, Job.State.FAILED)


def describe_verdict(job: Job, gap_count: int | str | None, has_ended: bool | None = None, later: str = LATER) -> str:
    """Return `607 of 840 stored, 21 missed in 2 gaps, 212 to come.` The numbers always add up to the plan. `gap_count`:
    see describe_counts. `has_ended`: None: as the row says. `later`: the words for slots that are still to come."""
    counts = describe_counts(job.expected, job.stored, job.missed, gap_count)
    rest = job.rest
    is_over = job.has_ended if has_ended is None else has_ended
    return f"{counts}, {rest:,} {'not taken' if is_over else later}." if rest else f"{counts}."


def describe_counts(expected: int, stored: int, missed: int, gap_count: int | str | None = None) -> str:
    """Return `1,468 of 2,000 stored, 532 missed in 3 gaps`. `gap_count`: None if nobody counted the gaps, or words if
    there are too many to count."""
    if not missed:
        return f"{stored:,} of {expected:,} stored, none missed"
    count = f"{gap_count:,}" if isinstance(gap_count, int) else gap_count
    gaps = "" if gap_count is None else f" in {count} gap{'' if gap_count == 1 else 's'}"
    return f"{stored:,} of {expected:,} stored, {missed:,} missed{gaps}"


def describe_verdicts(jobs: Iterable[Job]) -> dict[int, str]:
    """Return the verdict of each job by its id. If a job does not run as planned, its state comes first. Makes one
    query."""
    known = list(jobs)
    with_gaps = {job.pk: 0 for job in known if job.missed}
    rows = JobGap.objects.filter(job_id__in=with_gaps).order_by().values_list("job_id", flat=True)
    # One more than are counted, to see if there are more.
    gaps = list(rows[: MAX_GAPS + 1]) if with_gaps else []
    for job_id in gaps:
        with_gaps[job_id] += 1
    is_counted = len(gaps) <= MAX_GAPS
    verdicts = {job.pk: describe_verdict(job, with_gaps.get(job.pk) or None if is_counted else None) for job in known}
    return {job.pk: _describe_state(job) + verdicts[job.pk] for job in known}


def _describe_state(job: Job) -> str:
    return f"{job.get_state_display()}. " if job.state in SAID_FIRST else ""
