"""Describes the estimate of a plan for the page of a new job: what it costs, and why it cannot begin."""

import math
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from images.jobs.measures.bursts import BurstMeasured
from images.jobs.measures.estimate import Estimate, find_obstacles
from images.jobs.plan import Plan, Slot, WhenLate, describe_duration
from images.pages.display_fields import format_bytes, format_ms

FIRST_SHOWN, LAST_SHOWN = 5, 2


def describe_estimate(plan: Plan, estimate: Estimate, starts_at: datetime | None) -> dict[str, Any]:
    asked_s = estimate.shortest_interval_s
    return {
        "expected": plan.expected,
        "added": f"sum of {plan.wishes.average:,} frames" if plan.is_sum else "",
        "size": format_bytes(estimate.bytes),
        "duration": describe_duration(_rounded(estimate.seconds)),
        "ends_at": starts_at + timedelta(seconds=estimate.seconds) if starts_at and not plan.is_manual else None,
        "is_manual": plan.is_manual,
        "round": describe_duration(_rounded(estimate.seconds_per_round)),
        "tests": estimate.measured.count,
        "asked": describe_duration(timedelta(seconds=asked_s)) if asked_s is not None else "",
        "is_too_fast": estimate.is_too_fast,
        "burst": _describe_burst(estimate.burst) if estimate.burst else None,
        "disk": _describe_disk(estimate),
        "full": _describe_full(estimate),
        "obstacles": find_obstacles(plan, estimate),
        "remedies": _describe_remedies(plan, estimate),
        "slots": _describe_slots(plan, starts_at, estimate.burst.seconds_per_frame if estimate.burst else 0.0),
    }


def _rounded(seconds: float) -> timedelta:
    return timedelta(seconds=round(seconds, 2 if seconds < 60 else 0))


def _describe_burst(burst: BurstMeasured) -> dict[str, str]:
    lasts_s = burst.seconds_until_full
    return {
        "frames_per_s": f"{1 / burst.seconds_per_frame:,.3g}",
        "camera": format_bytes(round(burst.wanted_bytes_per_s)),
        "disk": format_bytes(round(burst.disk_bytes_per_s)),
        "full_after": "" if lasts_s is None else describe_duration(_rounded(lasts_s)),
    }


def _describe_disk(estimate: Estimate) -> dict[str, Any]:
    left = estimate.free_bytes - estimate.promised_bytes - estimate.bytes
    return {
        "free": format_bytes(estimate.free_bytes),
        "promised": format_bytes(estimate.promised_bytes) if estimate.promised_bytes else "",
        "needed": format_bytes(estimate.bytes),
        "left": format_bytes(left) if left > 0 else "nothing",
        "reserve": format_bytes(estimate.reserve_bytes),
        "fits": estimate.is_room_there,
        "promised_share": _share(estimate.promised_bytes, estimate.free_bytes),
        "needed_share": _share(estimate.bytes, estimate.free_bytes),
    }


def _share(part: int, whole: int) -> str:
    return f"{min(100 * part / whole, 100):.2f}%" if whole else "100%"


def _describe_full(estimate: Estimate) -> str:
    """Return when the disk would reach its reserve if the job never ended."""
    if not estimate.is_room_there:
        return "before its end"
    if not estimate.bytes or not estimate.seconds:
        return "not by this job"
    seconds = estimate.room_bytes / estimate.bytes * estimate.seconds
    if seconds > timedelta(days=366) / timedelta(seconds=1):
        return "not within a year at this rate"
    return f"after {describe_duration(timedelta(seconds=round(seconds)))} at this rate"


def _describe_remedies(plan: Plan, estimate: Estimate) -> list[dict[str, str]]:
    """Return the buttons that fill in a possible plan. `every` is in seconds."""
    if not estimate.is_too_fast or plan.wishes.when_late is not None:
        return []
    if estimate.burst:
        return _describe_burst_remedies(estimate.burst)
    every_s = _round_up(estimate.seconds_per_round)
    return [
        {"label": f"One round every {every_s:g} s", "every": f"{every_s:g}"},
        {"label": "Keep the clock, skip what comes late", "when_late": WhenLate.SKIP.value},
        {"label": "Move all later ones", "when_late": WhenLate.STRETCH.value},
    ]


def _describe_burst_remedies(burst: BurstMeasured) -> list[dict[str, str]]:
    frames = int((burst.seconds_until_full or 0) / burst.seconds_per_frame)
    fewer = [{"label": f"Take {frames:,} pictures", "frames": str(frames)}] if frames > 1 else []
    return [*fewer, {"label": "Take what is possible, list the rest as missed", "when_slow": WhenLate.SKIP.value}]


def _round_up(seconds: float) -> float:
    """Round up to one digit, with a tenth to spare."""
    step = 10 ** math.floor(math.log10(max(seconds, 1e-3)))
    return math.ceil(1.1 * seconds / step) * step


def _describe_slots(plan: Plan, starts_at: datetime | None, period_s: float) -> dict[str, Any]:
    """Return the first pictures and the last one, and how many are between. `period_s`: from one frame of a burst to
    the next."""
    first = list(plan.slots(0, FIRST_SHOWN))
    last = list(plan.slots(max(plan.expected - LAST_SHOWN, FIRST_SHOWN), plan.expected))
    return {
        "first": [_describe_slot(slot, starts_at, period_s) for slot in first],
        "between": plan.expected - len(first) - len(last),
        "last": [_describe_slot(slot, starts_at, period_s) for slot in last],
    }


def _describe_slot(slot: Slot, starts_at: datetime | None, period_s: float) -> dict[str, Any]:
    details = [
        slot.position.name if slot.position else "",
        format_ms(slot.exposure_ms) if slot.exposure_ms else "",
        f"{slot.z_um:g} µm" if slot.z_um is not None else "",
    ]
    return {
        "number": slot.number + 1,
        "due": _describe_due(slot, starts_at, slot.due + timedelta(milliseconds=round(slot.number * period_s * 1000))),
        "details": ", ".join(detail for detail in details if detail) or "as set",
    }


def _describe_due(slot: Slot, starts_at: datetime | None, due: timedelta) -> str:
    if slot.waits_for_user:
        return "when you say so"
    if starts_at:
        return f"{timezone.localtime(starts_at + due):%H:%M:%S}"
    return f"+{describe_duration(due)}" if due else "at the start"
