"""Plans of jobs: what is to be taken, where and when. Pure: no database, no camera, no clock, no thread.

`parse_plan` makes a `Plan` from useq-schema's JSON. A `Plan` knows how many slots it `expected`s, computes any of them
(`slot`), its `rounds` and when they are due, and its canonical JSON with the sum of it (`as_json`, `sha256`). The
templates make plans from few values; `kind_of` and `find_template` lead back. `describe_plan` says a plan in words.
"""

from images.jobs.plan.limits import NO_LIMITS, PlanLimits
from images.jobs.plan.parsing.parse import parse_plan
from images.jobs.plan.parts import Channel, Pacing, StagePosition, WhenLate, Wishes
from images.jobs.plan.plan import Plan, Slot
from images.jobs.plan.start import parse_start
from images.jobs.plan.templates import Kind, find_template, kind_of, make_plan
from images.jobs.plan.words import describe_duration, describe_plan

__all__ = [
    "NO_LIMITS",
    "Channel",
    "Kind",
    "Pacing",
    "Plan",
    "PlanLimits",
    "Slot",
    "StagePosition",
    "WhenLate",
    "Wishes",
    "describe_duration",
    "describe_plan",
    "find_template",
    "kind_of",
    "make_plan",
    "parse_plan",
    "parse_start",
]
