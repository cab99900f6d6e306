"""Reads durations as useq-schema writes them: seconds, `0:10:00`, `PT10M`, `{"minutes": 10}`."""

import re
from collections.abc import Mapping
from datetime import timedelta

from camera.drivers.limits import Range
from images.jobs.plan.errors import PlanValueInvalid, PlanValueOutOfRange
from images.jobs.plan.limits import MAX_DURATION
from images.jobs.plan.parsing.fields import Field

UNITS = ("weeks", "days", "hours", "minutes", "seconds", "milliseconds", "microseconds")
NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
CLOCK = re.compile(
    r"(?P<sign>-?)(?:(?P<days>\d{1,6}) ?d(?:ays?)?,? )?"
    r"(?P<hours>\d{1,6}):(?P<minutes>[0-5]\d):(?P<seconds>[0-5]\d(?:\.\d{1,9})?)"
)
ISO = re.compile(
    rf"(?P<sign>[+-]?)P(?=.)(?:(?P<weeks>{NUMBER})W)?(?:(?P<days>{NUMBER})D)?"
    rf"(?:T(?=.)(?:(?P<hours>{NUMBER})H)?(?:(?P<minutes>{NUMBER})M)?(?:(?P<seconds>{NUMBER})S)?)?"
)
ANY_NUMBER = Range(-1e15, 1e15)
LIMITS = f"Must be between 0 s and {MAX_DURATION.days} days"


def read_duration(field: Field) -> timedelta:
    """Return the duration, rounded to the microsecond. Raises PlanValueInvalid, and PlanValueOutOfRange if it is
    negative, longer than a year, or would be rounded to nothing."""
    sign, parts = _read_parts(field)
    try:
        duration = sign * timedelta(**parts)
    except OverflowError as problem:
        raise PlanValueOutOfRange(field.path, f"{LIMITS}.") from problem
    if not timedelta() <= duration <= MAX_DURATION:
        raise PlanValueOutOfRange(field.path, f"{LIMITS}; {duration.total_seconds():,.10g} s was given.")
    if not duration and any(parts.values()):
        raise PlanValueOutOfRange(field.path, "Must be 0, or at least a microsecond.")
    return duration


def _read_parts(field: Field) -> tuple[int, dict[str, float]]:
    if isinstance(field.value, str):
        return _read_text(field)
    if isinstance(field.value, Mapping):
        field.check_names(UNITS)
        return 1, {name: field.needed(name).number(ANY_NUMBER) for name in field.value}
    return 1, {"seconds": field.number(ANY_NUMBER)}


def _read_text(field: Field) -> tuple[int, dict[str, float]]:
    found = CLOCK.fullmatch(field.value[:80]) or ISO.fullmatch(field.value[:80])
    if found is None:
        raise PlanValueInvalid(field.path, 'Must be seconds, or a time like "0:10:00" or "PT10M".')
    parts = found.groupdict()
    sign = -1 if parts.pop("sign") == "-" else 1
    return sign, {name: float(value) for name, value in parts.items() if value}
