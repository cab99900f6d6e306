"""Parts of plans for tests of what a plan may say, and what the parser answers to a plan that it refuses."""

import pytest

from images.jobs.plan import PlanLimits, parse_plan
from images.jobs.plan.errors import PlanRefused

# The path of our own fields in useq-schema's metadata.
WISHES = "metadata.microscope"


def time(**fields):
    return {"time_plan": fields}


def z(**fields):
    return {"z_plan": fields}


def channel(**fields):
    return {"channels": ["first", {"config": "second", **fields}]}


def wishes(**fields):
    return {"channels": ["one", "two"], "metadata": {"microscope": fields}}


def manual(**parts):
    return {"metadata": {"microscope": {"pacing": "manual"}}, **parts}


def refuse(plan, limits=None) -> PlanRefused:
    with pytest.raises(PlanRefused) as refused:
        parse_plan(plan, limits or PlanLimits())
    return refused.value
