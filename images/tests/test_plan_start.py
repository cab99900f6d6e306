"""The time at which a job starts: with its time zone, and not in the past."""

from datetime import UTC, datetime

import pytest

from images.jobs.plan import parse_start
from images.jobs.plan.errors import PlanStartInvalid

NOW = datetime(2026, 1, 17, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-01-17T18:00:00Z", datetime(2026, 1, 17, 18, tzinfo=UTC)),
        ("2026-01-17T19:00:00.250+01:00", datetime(2026, 1, 17, 18, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-01-17T11:59:30Z", datetime(2026, 1, 17, 11, 59, 30, tzinfo=UTC)),
    ],
)
def test_a_start_is_a_time_with_its_zone(text, start):
    assert parse_start(text, NOW) == start


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2026-01-17T11:58:00Z", "Lies in the past: it is 2026-01-17T12:00:00Z now"),
        ("0001-01-01T00:00:00+14:00", "Must be a time"),
        ("2027-02-17T12:00:00Z", "more than 366 days ahead"),
        ("2026-01-17T18:00:00", "Needs its zone"),
        ("tonight", "Must be a time like"),
        ("9" * 1_000_000, "Must be a time like"),
    ],
)
def test_no_job_starts_in_the_past(text, words):
    with pytest.raises(PlanStartInvalid, match=words):
        parse_start(text, NOW)
