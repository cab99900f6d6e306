"""Reads when a job is to start, if not at once."""

from datetime import UTC, datetime, timedelta

from images.jobs.plan.errors import PlanStartInvalid

# If somebody chooses the present minute, it has begun already, and they mean now.
GRACE = timedelta(minutes=1)
MAX_AHEAD = timedelta(days=366)


def parse_start(text: str, now: datetime) -> datetime:
    """Return the time in UTC. Raises PlanStartInvalid if the text is no time, has no zone, is past or more than a year
    ahead."""
    try:
        start = datetime.fromisoformat(text[:40])
        start = start.astimezone(UTC) if start.tzinfo else start
    except (ValueError, OverflowError) as problem:
        raise PlanStartInvalid("startsAt", "Must be a time like 2026-01-17T18:00:00Z.") from problem
    if start.tzinfo is None:
        raise PlanStartInvalid("startsAt", "Needs its zone: 2026-01-17T18:00:00Z or 2026-01-17T19:00:00+01:00.")
    if start < now - GRACE:
        raise PlanStartInvalid("startsAt", f"Lies in the past: it is {now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} now.")
    if start > now + MAX_AHEAD:
        raise PlanStartInvalid("startsAt", f"Lies more than {MAX_AHEAD.days} days ahead.")
    return start
