"""The time-lines of the jobs on the cards: small, and drawn for all at once."""

from collections.abc import Sequence
from typing import Any

from django.db.models import F, Window
from django.db.models.functions import RowNumber

from images.jobs.verdict import describe_verdict
from images.models import Job, JobGap
from images.pages.jobs.timeline import draw_bar
from images.pages.jobs.words import MAX_GAPS

# Of the length of a plan. A gap is never drawn narrower, so that it is seen.
LEAST_SHARE = 0.015

# The first and the last slot of a gap.
Span = tuple[int, int]


def draw_timelines(jobs: Sequence[Job]) -> dict[int, dict[str, Any]]:
    """Return the time-line of each job by its id. Asks the database at most once."""
    spans = find_spans([job.pk for job in jobs if job.missed])
    return {job.pk: draw_timeline(job, spans.get(job.pk, [])) for job in jobs}


def draw_timeline(job: Job, spans: Sequence[Span]) -> dict[str, Any]:
    count = f"more than {MAX_GAPS}" if len(spans) > MAX_GAPS else len(spans)
    near = join_near(spans, LEAST_SHARE * job.expected)
    gaps = [JobGap(first_slot=first, last_slot=last) for first, last in near]
    return {"title": describe_verdict(job, count), **draw_bar(job, gaps)}


def join_near(spans: Sequence[Span], least: float) -> list[Span]:
    """Return the gaps as a card shows them: those that would touch are one."""
    joined: list[Span] = []
    for first, last in spans:
        if joined and first - joined[-1][1] < least:
            joined[-1] = joined[-1][0], last
        else:
            joined.append((first, last))
    return joined


def find_spans(job_ids: Sequence[int]) -> dict[int, list[Span]]:
    """Return of each job its last MAX_GAPS gaps in order, and one more if there are more."""
    number = Window(RowNumber(), partition_by="job", order_by=F("first_slot").desc())
    rows = JobGap.objects.filter(job__in=job_ids).annotate(number=number).filter(number__lte=MAX_GAPS + 1)
    found: dict[int, list[Span]] = {job_id: [] for job_id in job_ids}
    for job_id, first, last in rows.order_by("job", "first_slot").values_list("job", "first_slot", "last_slot"):
        found[job_id].append((first, last))
    return found
