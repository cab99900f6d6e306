"""A hostile plan costs no more than an honest one. What it costs is counted, not timed: `benchmarks.jobs` times it."""

import sys
import tracemalloc
from collections.abc import Callable

import pytest

from images.jobs.plan import parse_plan
from images.jobs.plan.errors import PlanRefused, PlanTooLarge
from images.jobs.plan.parsing.json_text import MAX_BYTES
from images.tests.hostile_plans import HOSTILE_PLANS, LARGE_PLANS

# The promise is 50 MB and 50 ms. A call of Python costs a tenth of a microsecond at least, some cost ten times that.
MAX_MEMORY_BYTES = 10_000_000
MAX_CALLS = 200_000


def count_calls(work: Callable[[], object]) -> int:
    """How many functions are called, those written in C too."""
    calls = 0

    def note(frame: object, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def measure_memory(work: Callable[[], object]) -> int:
    """How many bytes were held at once."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def refuse(plan: str | dict) -> PlanRefused:
    with pytest.raises(PlanRefused) as refused:
        parse_plan(plan)
    return refused.value


@pytest.mark.parametrize("text", HOSTILE_PLANS.values(), ids=HOSTILE_PLANS)
def test_a_hostile_plan_is_refused_at_bounded_cost_with_a_short_sentence(text):
    assert len(str(refuse(text))) < 600
    assert count_calls(lambda: refuse(text)) < MAX_CALLS
    assert measure_memory(lambda: refuse(text)) < MAX_MEMORY_BYTES


@pytest.mark.parametrize("text", LARGE_PLANS.values(), ids=LARGE_PLANS)
def test_the_largest_plans_are_read_within_the_same_bounds(text):
    assert parse_plan(text).slot(0).number == 0
    assert count_calls(lambda: parse_plan(text).sha256) < MAX_CALLS
    assert measure_memory(lambda: parse_plan(text).sha256) < MAX_MEMORY_BYTES


@pytest.mark.parametrize("text", LARGE_PLANS.values(), ids=LARGE_PLANS)
def test_every_slot_costs_the_same(text):
    plan = parse_plan(text)
    plan.slot(0)
    numbers = [1, plan.expected // 3, plan.expected // 2, plan.expected - 1]
    costs = [count_calls(lambda number=number: plan.slot(number)) for number in numbers]
    assert max(costs) - min(costs) < 10
    assert max(measure_memory(lambda number=number: plan.slot(number)) for number in numbers) < 10_000


def test_a_text_that_is_too_long_is_not_even_read():
    refused = refuse(" " * MAX_BYTES + "{")
    assert type(refused) is PlanTooLarge
    assert refused.sentence == "A plan has at most 262,144 bytes; this one has 262,145."


def test_a_plan_that_came_as_an_object_is_bounded_too():
    deep: dict = {}
    for _ in range(100_000):
        deep = {"a": deep}
    many = {"channels": ["a"], "metadata": {"x": [0] * 1_000_000}}
    for plan in (deep, many):
        assert type(refuse(plan)) is PlanTooLarge
        assert count_calls(lambda plan=plan: refuse(plan)) < MAX_CALLS
