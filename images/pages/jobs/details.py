"""Describes what the page of one job shows beside its picture: what comes next, its progress, and its settings."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from camera.registry import the_camera
from images.errors import StorageUnavailable
from images.export.display import describe_displayed
from images.jobs.control import may_control
from images.jobs.plan import Plan, WhenLate
from images.jobs.under_way import find_full_at
from images.library import the_library
from images.models import Image, Job, JobGap
from images.pages.display_fields import DASH, describe_scale, format_bytes, format_db, format_ms, join
from images.pages.jobs.film import describe_film
from images.pages.jobs.timeline import describe_timeline
from images.pages.jobs.words import (
    describe_cause,
    describe_gaps,
    describe_verdict_of,
    describe_what,
    find_gaps,
    find_times,
    read_plan_if_possible,
)
from images.permissions import CAPTURE

SHOWN_EVENTS = 20
SHOWN_GAPS = 100
IF_LATE = {WhenLate.SKIP: "Skip it, keep the clock", WhenLate.STRETCH: "Move all later ones"}


def describe_job_page(job: Job, request: HttpRequest) -> dict[str, Any]:
    """Return everything that the templates of the page use. Takes the same time for any number of pictures."""
    plan, gaps = read_plan_if_possible(job), find_gaps(job)
    shown = find_shown(job, request.GET.get("no", ""))
    has_camera = not the_camera().is_absent
    is_mine = may_control(request.user, job) and has_camera
    return {
        "job": job,
        "what": describe_what(job, plan),
        "verdict": describe_verdict_of(job, gaps),
        "cause": describe_cause(job),
        "timeline": describe_timeline(job, plan, gaps),
        "gaps": describe_gaps(job, gaps[-SHOWN_GAPS:]),
        "gap_count": len(gaps),
        "rest": job.rest,
        "decided": job.decided,
        "following": job.decided + 1,
        "film": describe_film(job, gaps, shown["slot"]),
        "shown": shown | _describe_missed(shown, gaps),
        "progress": describe_progress(job),
        "facts": describe_facts(job, plan),
        "events": [_describe_event(one) for one in job.events[: -SHOWN_EVENTS - 1 : -1]],
        "may_control": is_mine,
        "may_plan": request.user.has_perm(CAPTURE) and has_camera,
        "is_over": job.has_ended,
        "now": timezone.now(),
        "user": request.user,
        **find_times(job, plan),
    }


def find_shown(job: Job, text: str) -> dict[str, Any]:
    """Return the picture with this number, or the newest one. `image` is None for a missed picture, or if there is none
    yet."""
    images = Image.objects.filter(job=job, job_slot__isnull=False).select_related("calibration")
    decided = job.decided
    # A number with more digits is larger than any that the database can hold.
    is_number = text.isascii() and text.isdigit() and len(text) < 17 and 1 <= int(text) <= decided
    newest = None if is_number else images.order_by("-job_slot").first()
    slot = int(text) - 1 if is_number else newest.job_slot if newest else None
    image = images.filter(job_slot=slot).first() if is_number else newest
    return {
        "slot": slot,
        "number": None if slot is None else slot + 1,
        "image": image,
        "displayed": describe_displayed(image) if image else None,
        "scale": describe_scale(image) if image else None,
        "before": slot if slot else None,
        "after": slot + 2 if slot is not None and slot + 1 < decided else None,
    }


def _describe_missed(shown: dict[str, Any], gaps: list[JobGap]) -> dict[str, Any]:
    slot = shown["slot"]
    own = next((gap for gap in gaps if slot is not None and gap.first_slot <= slot <= gap.last_slot), None)
    return {"missed": own.reason if own else ""}


def describe_progress(job: Job) -> list[dict[str, Any]]:
    """Return what was written so far, and what is free. Sizes are those measured before the start."""
    estimate = job.estimate or {}
    each = estimate.get("bytesPerPicture", 0)
    rows: list[dict[str, Any]] = [
        {"label": "Written", "value": f"about {format_bytes(job.stored * each)} of {format_bytes(job.expected * each)}"}
    ]
    try:
        free_bytes, reserve_bytes = the_library().archive.space()
        rows.append(
            {
                "label": "Disk",
                "value": f"{format_bytes(free_bytes)} free, {format_bytes(reserve_bytes)} kept in reserve",
            }
        )
    except StorageUnavailable as problem:
        rows.append({"label": "Disk", "value": str(problem)})
    if full_at := find_full_at(job):
        rows.append({"label": "Full", "value": "before the end. Free some space.", "at": full_at})
    if seconds := estimate.get("secondsPerRound"):
        rows.append({"label": "One round", "value": f"{seconds:.3g} s, as measured before the start"})
    return rows


def describe_facts(job: Job, plan: Plan | None) -> list[dict[str, str]]:
    """Return how the pictures are taken. `Not set` means that nobody chose a value."""
    seat = job.seat or {}
    objective = seat.get("objective") or {}
    return [
        {"label": "Exposure", "value": _describe_light(seat, plan)},
        {"label": "Saved as", "value": _describe_file(job, plan)},
        {
            "label": "If late",
            "value": IF_LATE.get(plan.wishes.when_late, "Not set") if plan and plan.wishes.when_late else "Not set",
        },
        {"label": "Objective", "value": objective.get("name") or DASH},
        {"label": "Camera", "value": seat.get("camera") or DASH},
        {"label": "Sample", "value": (plan.wishes.sample if plan else "") or DASH},
        {"label": "Note", "value": (plan.wishes.note if plan else "") or DASH},
    ]


def _describe_light(seat: dict[str, Any], plan: Plan | None) -> str:
    exposures = [channel.exposure_ms for channel in plan.channels if channel.exposure_ms] if plan else []
    gains = (
        [gain for gain in [plan.wishes.gain_db, *(one.gain_db for one in plan.channels)] if gain is not None]
        if plan
        else []
    )
    said = [format_ms(exposure) for exposure in exposures[:5]] or (
        [format_ms(seat["exposureMs"])] if "exposureMs" in seat else []
    )
    gain = gains[0] if gains else seat.get("gainDb")
    frames = f"sum of {plan.wishes.average:,} frames" if plan and plan.is_sum else None
    return join(*said, format_db(gain) if gain is not None else None, frames)


def _describe_file(job: Job, plan: Plan | None) -> str:
    image_format = (job.seat or {}).get("imageFormat") or (plan.image_format if plan else None) or ""
    each = (job.estimate or {}).get("bytesPerPicture")
    return join(image_format.upper(), f"about {format_bytes(each)} each" if each else None)


def _describe_event(event: dict[str, Any]) -> dict[str, Any]:
    return {"at": datetime.fromisoformat(event["at"]), "text": event.get("text") or event["what"].replace("_", " ")}
