"""A plan means here what it means to useq-schema, whose language it is. `PROMISES=long` compares ten thousand plans."""

import json
import os
import warnings
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from images.jobs.plan import Plan, Slot, parse_plan
from images.jobs.plan.errors import PlanStepUneven
from images.tests.plans import MICROSECONDS, even_z_plans, plans

if TYPE_CHECKING:
    from useq import MDAEvent

IS_LONG = os.environ.get("PROMISES", "") == "long"


def examples(count: int) -> settings:
    """The same plans in every run, so that no run fails for what another one let pass."""
    return settings(max_examples=10_000 if IS_LONG else count, derandomize=True, deadline=None, database=None)


def read_by_useq(plan: dict[str, Any]) -> "list[MDAEvent]":
    from useq import MDASequence

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return list(MDASequence.model_validate_json(json.dumps(plan)))


def describe_event(event: "MDAEvent") -> tuple:
    return (
        {str(axis): number for axis, number in event.index.items()},
        event.channel and event.channel.config,
        event.exposure,
        (event.x_pos, event.y_pos, event.pos_name),
    )


def describe_slot(slot: Slot) -> tuple:
    position = slot.position
    place = (position.x_um, position.y_um, position.name or None) if position else (None, None, None)
    return (dict(slot.index), slot.channel and slot.channel.name, slot.exposure_ms, place)


def due_in_its_series(plan: Plan, slot: Slot) -> float | None:
    """useq-schema counts from the first time point of each series; a plan from its first slot."""
    if "t" not in slot.index:
        return None
    return (slot.due - plan.due_of_round(slot.round - slot.index["t"])).total_seconds()


def assert_same(plan: Plan, events: "list[MDAEvent]") -> None:
    assert plan.expected == len(events)
    slots = list(plan.slots(0, plan.expected))
    assert [describe_slot(slot) for slot in slots] == [describe_event(event) for event in events]
    assert [due_in_its_series(plan, slot) for slot in slots] == [event.min_start_time for event in events]
    heights = [None if event.z_pos is None else pytest.approx(event.z_pos, abs=1e-9) for event in events]
    assert [slot.z_um for slot in slots] == heights


@examples(300)
@given(plans())
def test_every_slot_is_what_useq_schema_makes_of_the_plan(written):
    plan = parse_plan(json.dumps(written))
    events = read_by_useq(written)
    assert_same(plan, events)
    assert_same(plan, read_by_useq(plan.as_json()))


@examples(50)
@given(plans())
def test_a_plan_survives_its_canonical_json(written):
    plan = parse_plan(written)
    assert parse_plan(plan.as_text()) == plan
    assert parse_plan(plan.as_json()).as_text() == plan.as_text()


@examples(50)
@given(plans())
def test_slots_are_due_in_the_order_of_their_numbers(written):
    plan = parse_plan(written)
    dues = [plan.due_of_round(number) for number in range(plan.rounds)]
    assert dues == sorted(dues)
    assert [slot.due for slot in plan.slots(0, plan.expected)] == [dues[plan.round_of(n)] for n in range(plan.expected)]
    assert dues[-1] == plan.duration


@examples(50)
@given(even_z_plans())
def test_no_plane_lies_beyond_the_top_that_the_user_named(z_plan):
    """useq-schema lets the last plane overshoot by up to half a step. Here such a step is refused."""
    planes = parse_plan({"z_plan": z_plan}).planes
    top_um = z_plan.get("top", z_plan.get("above", z_plan.get("range", 0) / 2))
    assert max(planes.at(number) for number in range(planes.count)) <= top_um


@pytest.mark.parametrize(
    "z_plan",
    [
        {"bottom": 5, "top": 9, "step": 1.5},
        {"range": 4, "step": 1.5},
        {"below": 2, "above": 2, "step": 1.5},
    ],
)
def test_a_step_with_which_useq_schema_passes_the_top_is_refused_with_both_choices(z_plan):
    heights = [event.z_pos for event in read_by_useq({"z_plan": z_plan})]
    assert max(heights) > z_plan.get("top", 2)
    with pytest.raises(PlanStepUneven) as refused:
        parse_plan({"z_plan": z_plan})
    assert "3 planes up to" in str(refused.value)
    assert "4 planes with a step of 1.33333 µm" in str(refused.value)


@examples(50)
@given(st.integers(1_000, 30_000_000_000_000))
def test_an_interval_is_exact_to_the_microsecond(microseconds):
    plan = {"time_plan": {"interval": microseconds / MICROSECONDS, "loops": 2}}
    [_, second] = read_by_useq(plan)
    assert parse_plan(plan).duration.total_seconds() == second.min_start_time == microseconds / MICROSECONDS
