"""Describes one microscope in words, for its card. Each row is always there, also if nothing is known."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import dateformat, timezone

from images.control.lease import Kind, Lease
from images.control.words import show_time
from images.jobs.plan import describe_duration
from images.models import Job
from images.overview.clock import describe_clock
from images.overview.read import InstrumentNow
from images.pages.display_fields import DASH, format_bytes

OLD = timedelta(hours=1)
WARN, BAD = "warn", "bad"
ASK_FOR_PC = "Is the PC on, and its network cable in?"
STALE = " at the last sign"

Row = dict[str, Any]


def describe_card(now: InstrumentNow, waiting: int) -> dict[str, Any]:
    """`waiting`: how many jobs are in its queue. A row has `strong`, the words that weigh more, between `before` and
    `after`, and a `level` if it is a problem."""
    disk, store = describe_disk(now), describe_store(now)
    warnings = find_warnings(now)
    has_problem = bool(now.is_lost or not now.camera.is_well or warnings or disk["level"] or store["level"])
    return {
        "id": now.row.pk,
        "name": now.row.name,
        "address": find_address(now.row.url),
        "camera": describe_camera(now),
        "state": describe_state(now),
        "control": describe_control(now),
        "job": describe_job(now.job, waiting, is_lost=now.is_lost),
        "disk": disk,
        "store": store,
        "warnings": warnings,
        "hint": "" if now.is_lost or warnings else describe_spool(now),
        "is_lost": now.is_lost,
        "is_simulated": now.camera.is_simulated,
        "has_problem": has_problem,
    }


def find_address(url: str) -> str:
    """Return the address of its live page, or "" if its row says none that a link may have."""
    return url if url.startswith(("http://", "https://")) else ""


def describe_camera(now: InstrumentNow) -> str:
    """Return `PL-D725CU 725016342 on LAB-214`."""
    said = now.camera
    what = "Simulated camera" if said.is_simulated else f"{said.model} {said.serial_number}".strip() or DASH
    return f"{what} on {said.host}" if said.host else what


def describe_state(now: InstrumentNow) -> dict[str, str]:
    if now.is_lost:
        since = now.row.last_seen_at
        return {"state": "lost", "words": f"Lost since {name_moment(since)}" if since else "Never gave a sign"}
    return {"state": now.camera.state, "words": now.camera.state.capitalize() or DASH}


def describe_control(now: InstrumentNow) -> Row:
    if now.is_lost:
        return row(DASH)
    return describe_lease(now.lease) if now.lease else row("Free")


def describe_lease(lease: Lease) -> Row:
    """Return for example `Ada's job` **Wound 3, HeLa** `until 06:39`."""
    holder, until = lease.holder, f" until {show_time(lease.until)}" if lease.until else ""
    if holder.kind is Kind.PERSON:
        return row("", holder.name or holder.label, until + (f": {lease.note}" if lease.note else ""))
    is_job = holder.kind is Kind.JOB
    what = f"{holder.name}'s {'job' if is_job else 'script'} " if holder.name else "Job " if is_job else "Script "
    return row(what, (lease.note if is_job else "") or holder.label, until)


def describe_job(job: Job | None, waiting: int, *, is_lost: bool) -> Row:
    if job is None:
        return row(f"None, {waiting} queued" if waiting else "None")
    if is_lost:
        return row("", job.name, f", {job.stored:,} of {job.expected:,}{STALE}")
    state = "Paused. " if job.state == Job.State.PAUSED else ""
    missed = f", {job.missed:,} missed" if job.missed else ""
    return row(state, f"{job.stored:,}", f" of {job.expected:,} stored{missed}")


def describe_disk(now: InstrumentNow) -> Row:
    free, reserve = now.row.free_bytes, now.camera.reserve_bytes
    if free is None:
        return row(DASH)
    if now.is_lost:
        return row(f"{format_bytes(free)} free{STALE}")
    # At twice the reserve there is still time to make room before captures are refused.
    if reserve is None or free >= 2 * reserve:
        return row("", format_bytes(free), " free")
    if free <= reserve:
        return row("", format_bytes(free), " free, at its reserve: no captures", level=BAD)
    return row("", format_bytes(free), f" free, {format_bytes(free - reserve)} above the reserve", level=WARN)


def describe_store(now: InstrumentNow) -> Row:
    if not now.row.spool_count:
        return row(f"All pictures were in the store{STALE}" if now.is_lost else "All pictures are in the store")
    count = f"{now.row.spool_count:,} picture{'' if now.row.spool_count == 1 else 's'}"
    pictures = f"{count} ({format_bytes(now.row.spool_bytes)})"
    if now.is_lost:
        return row("", f"{pictures} only on this PC", level=BAD)
    return row("", pictures, " not yet in the store", level=WARN if is_spool_old(now) else "")


def is_spool_old(now: InstrumentNow) -> bool:
    oldest = now.row.oldest_local_at
    return bool(now.row.spool_count) and oldest is not None and now.read_at - oldest > OLD


def describe_spool(now: InstrumentNow) -> str:
    """Return `Oldest 11 min. Done in 3 min, at 42 MB/s.` as far as that is known. Empty if nothing waits."""
    if not now.row.spool_count:
        return ""
    oldest, rate = now.row.oldest_local_at, now.row.spool_bytes_per_s
    age = f"Oldest {describe_age(now.read_at - oldest)}." if oldest else ""
    # With a speed near zero, the time left would be years.
    if not rate or rate < 1:
        return age
    left = describe_age(timedelta(seconds=min(now.row.spool_bytes / rate, 10**9)))
    return f"{age} Done in {left}, at {format_bytes(round(rate))}/s.".strip()


def find_warnings(now: InstrumentNow) -> list[str]:
    """Return what a person can do something about, as sentences."""
    if now.is_lost:
        return [ASK_FOR_PC]
    old = f"{describe_spool(now)} Is the store reachable?" if is_spool_old(now) else ""
    return list(filter(None, [now.camera.problem, describe_clock(now.row.clock_offset_ms), old]))


def row(before: str, strong: str = "", after: str = "", *, level: str = "") -> Row:
    return {"before": before, "strong": strong, "after": after, "level": level}


def describe_age(age: timedelta) -> str:
    """Return `20 s`, `11 min`, `2 days 3 h`."""
    whole_s = max(round(age.total_seconds()), 0)
    return describe_duration(timedelta(seconds=whole_s - whole_s % 60 if whole_s >= 60 else whole_s))


def name_moment(moment: datetime) -> str:
    """Return `02:41:08` for today, otherwise `15 January, 20:54`, in the time zone of the lab."""
    local = timezone.localtime(moment)
    if local.date() == timezone.localdate():
        return f"{local:%H:%M:%S}"
    return dateformat.format(local, "j F, H:i" if local.year == timezone.localdate().year else "j F Y, H:i")
