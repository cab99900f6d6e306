"""Plans of jobs: what is to be taken, where and when. Pure: no database, no camera, no clock, no thread.

`parse_plan` makes a `Plan` from useq-schema's JSON. A `Plan` knows how many slots it has (`expected`), computes each of
them (`slot`), knows its `rounds` and when they are due, and has a canonical JSON and its sum (`as_json`, `sha256`). The
templates make plans from a few values; `kind_of` and `find_template` go the way back. `describe_plan` puts a plan into
words.
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
