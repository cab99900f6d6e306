"""Puts a plan into words, for pages: `every 30 s for 14 h, 3 exposures at 2 positions`."""

from datetime import timedelta

from images.jobs.plan.plan import Plan
from images.jobs.plan.rounds import Phase, TimePlan

MAX_PHASES_IN_WORDS = 3


def describe_plan(plan: Plan) -> str:
    """Return one line, without a capital letter and without a full stop."""
    axes = list(plan.sizes)
    slower = axes[: axes.index("t")] if plan.time else []
    faster = [axis for axis in axes if axis not in slower and axis != "t"]
    what = _describe_axes(plan, faster) if plan.round_size > 1 else ""
    parts = [_describe_time(plan, "" if what else "one picture "), what]
    if plan.is_sum:
        parts.append(f"each the sum of {plan.wishes.average:,} frames")
    if any(plan.sizes[axis] > 1 for axis in slower):
        parts.append(f"{_describe_axes(plan, slower)}, one after the other")
    if plan.is_manual:
        parts.append("set by hand")
    return ", ".join(part for part in parts if part)


def describe_duration(duration: timedelta) -> str:
    """Return a duration as people say it, in at most two units: `14 h`, `1 min 30 s`, `0.5 s`, `2 days 3 h`."""
    total_s = duration.total_seconds()
    if total_s < 1:
        return f"{total_s * 1000:.6g} ms" if total_s else "0 s"
    if total_s < 60:
        return f"{total_s:.6g} s"
    rest_s = round(total_s)
    counts = []
    for unit_s, name in ((86_400, "days"), (3_600, "h"), (60, "min"), (1, "s")):
        count, rest_s = divmod(rest_s, unit_s)
        counts.append((count, "day" if (count, name) == (1, "days") else name))
    first = next(place for place, (count, _) in enumerate(counts) if count)
    return " ".join(f"{count} {name}" for count, name in counts[first : first + 2] if count)


def _describe_time(plan: Plan, lead: str) -> str:
    if plan.time is None:
        return lead.strip()
    if plan.is_burst:
        return f"{plan.time.time_points:,} pictures as fast as the camera gives them"
    if plan.time.time_points == 1:
        return f"{lead}once"
    return f"{lead}{_describe_phases(plan.time)}"


def _describe_phases(time: TimePlan) -> str:
    phases = [phase for phase in time.phases if phase.loops > 1]
    words = [_describe_phase(phase) for phase in phases[:MAX_PHASES_IN_WORDS]]
    more = len(phases) - len(words)
    return ", then ".join([*words, f"{more} more phases"] if more > 0 else words)


def _describe_phase(phase: Phase) -> str:
    if not phase.interval:
        return f"{phase.loops:,} times as fast as it goes"
    if "interval" not in phase.given:
        return f"{phase.loops:,} times within {describe_duration(phase.duration)}"
    # A round every minute, 60 times, is an hour for people. useq-schema counts only to the beginning of the last round.
    lasting = phase.duration if "duration" in phase.given else phase.interval * phase.loops
    return f"every {describe_duration(phase.interval)} for {describe_duration(lasting)}"


def _describe_axes(plan: Plan, axes: list[str]) -> str:
    words = {"c": _describe_channels(plan), "z": _describe_planes(plan), "p": f"at {len(plan.positions):,} positions"}
    return " ".join(words[axis] for axis in "czp" if axis in axes and plan.sizes[axis] > 1)


def _describe_channels(plan: Plan) -> str:
    has_exposures = len({channel.exposure_ms for channel in plan.channels}) == len(plan.channels)
    return f"{len(plan.channels)} {'exposures' if has_exposures else 'channels'}"


def _describe_planes(plan: Plan) -> str:
    planes = plan.planes
    if planes is None:
        return ""
    distance = "" if planes.listed_um else f" {planes.step_um:g} µm apart"
    return f"in {planes.count:,} planes{distance}"
