"""Reads `time_plan`: interval and loops, interval and duration, duration and loops; or phases of these."""

from datetime import timedelta

from images.jobs.plan.durations import read_duration
from images.jobs.plan.errors import PlanFieldsConflict, PlanTooManySlots, PlanValueInvalid, PlanValueOutOfRange
from images.jobs.plan.limits import MAX_DURATION, MAX_PHASES, MAX_SLOTS, MIN_INTERVAL
from images.jobs.plan.parsing.fields import Field
from images.jobs.plan.rounds import Phase, TimePlan

FIELDS = ("interval", "loops", "duration")
# useq-schema always writes this field. Here `whenLate` says the same, and more.
AT_DEFAULT = {"prioritize_duration": (True, False)}


def read_time_plan(field: Field) -> TimePlan:
    """Return the time plan. Raises PlanRefused."""
    plan = TimePlan(tuple(_read_phase(phase) for phase in _list_phases(field)))
    if plan.duration > MAX_DURATION:
        raise PlanValueOutOfRange(field.path, f"All phases together last at most {MAX_DURATION.days} days.")
    return plan


def _list_phases(field: Field) -> list[Field]:
    if isinstance(field.value, dict) and "phases" in field.value:
        field.check_names(("phases",), AT_DEFAULT)
        field = field.needed("phases")
    if not isinstance(field.value, list):
        return [field]
    phases = field.parts(MAX_PHASES, "phases")
    if not phases:
        raise PlanValueInvalid(field.path, "Needs one phase at least.")
    return phases


def _read_phase(field: Field) -> Phase:
    field.check_names(FIELDS, AT_DEFAULT)
    given = tuple(name for name in FIELDS if field.field(name))
    if len(given) != 2:
        sentence = f"Needs two of {', '.join(FIELDS)}, no more and no less; it has {' and '.join(given) or 'none'}."
        raise PlanFieldsConflict(field.path, sentence)
    if given == ("interval", "loops"):
        interval, loops = _read_interval(field), field.needed("loops").whole(1, MAX_SLOTS)
        return Phase(interval, loops, interval * (loops - 1), given)
    if given == ("interval", "duration"):
        return _fill_duration(field)
    return _spread(field)


def _read_interval(field: Field) -> timedelta:
    interval_field = field.needed("interval")
    interval = read_duration(interval_field)
    if timedelta() < interval < MIN_INTERVAL:
        raise PlanValueOutOfRange(
            interval_field.path,
            f"Must be 0, which is as fast as it goes, or at least {MIN_INTERVAL.total_seconds():g} s.",
        )
    return interval


def _fill_duration(field: Field) -> Phase:
    interval, duration = _read_interval(field), read_duration(field.needed("duration"))
    if not interval:
        raise PlanFieldsConflict(
            f"{field.path}.interval", "May be 0 only if loops say how many pictures there are; duration cannot."
        )
    loops = duration // interval + 1
    if loops > MAX_SLOTS:
        raise PlanTooManySlots(field.path, f"Makes {loops:,} time points; at most {MAX_SLOTS:,} are possible.")
    return Phase(interval, loops, duration, ("interval", "duration"))


def _spread(field: Field) -> Phase:
    loops, duration = field.needed("loops").whole(2, MAX_SLOTS), read_duration(field.needed("duration"))
    interval = duration / (loops - 1)
    if duration and interval < MIN_INTERVAL:
        sentence = f"{loops:,} loops would follow within less than {MIN_INTERVAL.total_seconds():g} s."
        raise PlanValueOutOfRange(f"{field.path}.loops", sentence)
    return Phase(interval, loops, duration, ("duration", "loops"))
