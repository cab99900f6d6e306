"""The time-line of a job: which part of its plan was stored, missed, is to come or was not taken."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from images.jobs.plan import Plan
from images.jobs.slots import slot_due_at
from images.models import Job, JobGap
from images.pages.jobs.words import MAX_GAPS, describe_verdict_of, format_clock

TICKS = 5
# As a share of the whole width: a label takes so much on the widest page.
LABEL_SHARE = 0.24
SHORT = timedelta(minutes=10)


def describe_timeline(job: Job, plan: Plan | None, gaps: Sequence[JobGap]) -> dict[str, Any]:
    """Describe the time-line. Lengths are in percent of the plan. `title`: a text for people who do not see it."""
    return {
        "title": describe_verdict_of(job, gaps),
        **draw_bar(job, gaps),
        "ticks": _describe_ticks(job, plan) if plan else [],
        "labels": list(_describe_labels(job, gaps)),
    }


def draw_bar(job: Job, gaps: Sequence[JobGap]) -> dict[str, Any]:
    """Return the time-line without its words. Of gaps it reads only the slots."""
    return {
        "parts": [_place(job, *part) for part in _find_parts(job, gaps)],
        "now": _percent(job.decided, job.expected) if job.is_active and job.anchor_at else None,
    }


def _find_parts(job: Job, gaps: Sequence[JobGap]) -> Iterator[tuple[str, int, int]]:
    """Return kind, first slot and end of each part. `mixed`: slots before the gaps that were read, of which some are
    stored and some missed."""
    at = 0
    for number, gap in enumerate(gaps[-MAX_GAPS:]):
        is_cut = number == 0 and len(gaps) > MAX_GAPS
        yield "mixed" if is_cut else "stored", at, gap.first_slot
        yield "missed", gap.first_slot, gap.last_slot + 1
        at = gap.last_slot + 1
    yield "stored", at, job.decided
    if job.has_ended:
        yield "not-taken", job.decided, job.expected


def _place(job: Job, kind: str, first: int, end: int) -> dict[str, str]:
    return {"kind": kind, "x": _percent(first, job.expected), "width": _percent(max(end - first, 0), job.expected)}


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3f}%" if whole else "0%"


def _describe_ticks(job: Job, plan: Plan) -> list[dict[str, str]]:
    """Return the marks: the first, the last, and some between. They are times, or numbers if all slots are due at
    once."""
    slots = sorted({round(place * (plan.expected - 1) / (TICKS - 1)) for place in range(TICKS)})
    dues = [slot_due_at(job, plan, slot) for slot in slots]
    pattern = "%H:%M:%S" if plan.duration < SHORT else "%H:%M"
    words = [
        f"No. {slot + 1:,}" if plan.rounds == 1 or due is None else _format(due, pattern)
        for slot, due in zip(slots, dues, strict=True)
    ]
    return [
        {"x": _percent(slot, max(plan.expected - 1, 1)), "words": said, "anchor": _anchor(place, len(slots))}
        for place, (slot, said) in enumerate(zip(slots, words, strict=True))
    ]


def _format(moment: datetime, pattern: str) -> str:
    return timezone.localtime(moment).strftime(pattern)


def _anchor(place: int, count: int) -> str:
    if place == 0:
        return "start"
    return "end" if place == count - 1 else "middle"


def _describe_labels(job: Job, gaps: Sequence[JobGap]) -> Iterator[dict[str, str]]:
    """Return a label for each gap that has room beside the label before. Gaps without room are counted."""
    taken_until, left_out = 0.0, 0
    label: dict[str, str] = {}
    for gap in gaps:
        share = gap.first_slot / job.expected
        if label and share < taken_until:
            left_out += 1
            label["words"] = f"{label['short']}, and {left_out} more"
            continue
        if label:
            yield label
        missed = gap.last_slot - gap.first_slot + 1
        short = f"{format_clock(gap.since)} {gap.reason[:1].lower()}{gap.reason[1:]}"
        is_near_end = share > 1 - LABEL_SHARE
        label = {
            "x": "100%" if is_near_end else _percent(gap.first_slot, job.expected),
            "anchor": "end" if is_near_end else "start",
            "short": short,
            "words": f"{short}, {missed:,} missed",
        }
        # After a label at the right end there is no room for another.
        taken_until, left_out = (1.01 if is_near_end else share + LABEL_SHARE), 0
    if label:
        yield label
