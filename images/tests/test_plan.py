"""A plan as a whole: its slots, its rounds and its canonical JSON."""

import json
from datetime import timedelta

import pytest

from images.jobs.plan import Plan, parse_plan

EVERYTHING = {
    "time_plan": {"interval": 30, "loops": 3},
    "stage_positions": [{"x": 1, "y": 2, "z": 3, "name": "left"}, {"x": 4, "y": 5, "z": 6}],
    "channels": [{"config": "dark", "exposure": 5}, {"config": "bright", "exposure": 120.5}],
    "z_plan": {"range": 4, "step": 2},
    "metadata": {"microscope": {"gain": [0, 1.5], "sample": "HeLa"}},
}


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_a_slot_knows_when_where_and_how_its_picture_is_taken():
    slot = parse_plan(EVERYTHING).slot(35)
    assert (slot.number, slot.round, slot.due) == (35, 2, seconds(60))
    assert slot.index == {"t": 2, "p": 1, "c": 1, "z": 2}
    assert (slot.channel.name, slot.exposure_ms, slot.gain_db) == ("bright", 120.5, 1.5)
    assert (slot.position.x_um, slot.position.y_um, slot.z_um, slot.is_z_relative) == (4, 5, 8, False)


def test_the_slots_of_a_round_are_due_together():
    plan = parse_plan(EVERYTHING)
    assert (plan.expected, plan.rounds, plan.round_size, plan.duration) == (36, 3, 12, seconds(60))
    assert [plan.round_of(slot) for slot in (0, 11, 12, 35)] == [0, 0, 1, 2]
    assert plan.slots_of_round(1) == range(12, 24)
    assert {slot.due for slot in plan.slots(12, 24)} == {plan.due_of_round(1)} == {seconds(30)}


@pytest.mark.parametrize(("elapsed", "round_number"), [(-5, 0), (0, 0), (0.000001, 1), (30, 1), (60, 2), (60.1, 3)])
def test_the_next_due_round_is_found_from_the_time(elapsed, round_number):
    assert parse_plan(EVERYTHING).first_round_due_from(seconds(elapsed)) == round_number


@pytest.mark.parametrize("number", [-1, 36])
def test_there_is_no_slot_beyond_the_plan(number):
    plan = parse_plan(EVERYTHING)
    with pytest.raises(IndexError, match=f"no slot {number}"):
        plan.slot(number)
    with pytest.raises(IndexError):
        plan.round_of(number)


def test_a_plan_without_time_is_one_round():
    plan = parse_plan({"channels": ["a", "b"]})
    assert (plan.expected, plan.rounds, plan.round_size, plan.duration) == (2, 1, 2, timedelta())


def test_if_positions_are_slower_than_time_each_gets_the_whole_series_one_after_the_other():
    plan = parse_plan(
        {
            "axis_order": "ptc",
            "time_plan": {"interval": 10, "loops": 3},
            "channels": ["a", "b"],
            "stage_positions": [{"x": 0}, {"x": 1}],
        }
    )
    assert (plan.rounds, plan.round_size) == (6, 2)
    assert [plan.due_of_round(number).total_seconds() for number in range(6)] == [0, 10, 20, 30, 40, 50]
    assert plan.slot(6).index == {"t": 0, "p": 1, "c": 0}


def test_a_burst_is_nothing_but_time_without_an_interval():
    fast = {"interval": 0, "loops": 60}
    assert parse_plan({"time_plan": fast}).is_burst
    assert parse_plan({"time_plan": fast, "channels": ["one"]}).is_burst
    assert not parse_plan({"time_plan": fast, "channels": ["one", "two"]}).is_burst
    assert not parse_plan({"time_plan": {"interval": 1, "loops": 60}}).is_burst
    assert not parse_plan({"channels": ["one"]}).is_burst
    assert not parse_plan({"time_plan": fast, "metadata": {"microscope": {"average": 4}}}).is_burst
    by_hand = {"stage_positions": [{}], "metadata": {"microscope": {"pacing": "manual"}}}
    assert not parse_plan({"time_plan": fast, **by_hand}).is_burst


def test_the_canonical_json_says_the_same_plan():
    plan = parse_plan(EVERYTHING)
    assert parse_plan(plan.as_json()) == parse_plan(plan.as_text()) == plan
    assert plan.as_json()["stage_positions"] == EVERYTHING["stage_positions"]


def test_plans_that_say_the_same_have_the_same_sum():
    otherwise = EVERYTHING | {
        "time_plan": {"loops": 3.0, "interval": "PT30S", "prioritize_duration": False},
        "axis_order": ["t", "p", "g", "c", "z"],
        "grid_plan": None,
        "keep_shutter_open_across": [],
    }
    plan = parse_plan(json.dumps(EVERYTHING))
    assert parse_plan(otherwise).sha256 == plan.sha256
    assert parse_plan(EVERYTHING | {"time_plan": {"interval": 30, "loops": 4}}).sha256 != plan.sha256
    assert len(plan.sha256) == 64


def test_an_axis_that_the_plan_does_not_use_may_stand_anywhere_in_the_order():
    parts = {"time_plan": {"interval": 30, "loops": 3}, "channels": ["a", "b"]}
    sums = {parse_plan(parts | {"axis_order": order}).sha256 for order in ("tpcz", "tc", "ztpc", ["T", "G", "C"])}
    assert sums == {parse_plan(parts).sha256}
    assert parse_plan(parts | {"axis_order": "ct"}).sha256 not in sums


def test_the_sum_does_not_change_while_a_database_keeps_the_plan():
    plan = parse_plan({"time_plan": {"interval": 0.25, "loops": 4}, "metadata": {"other": {"b": 2.0, "a": -0.0}}})
    kept = json.loads('{"metadata": {"other": {"a": 0, "b": 2}}, "time_plan": {"loops": 4, "interval": 0.250}}')
    assert parse_plan(kept).sha256 == plan.sha256


def test_what_other_programs_note_in_a_plan_is_kept():
    plan = parse_plan({"channels": ["a"], "metadata": {"pymmcore_widgets": {"save_dir": "D:/data"}}})
    assert plan.as_json()["metadata"] == {"pymmcore_widgets": {"save_dir": "D:/data"}}


def test_a_plan_of_many_million_slots_is_never_listed():
    plan: Plan = parse_plan({"time_plan": {"interval": 1, "loops": 2_500_000}, "channels": list("abcd")})
    assert plan.expected == 10_000_000
    assert plan.slot(9_999_999).due == seconds(2_499_999)
    assert [slot.number for slot in plan.slots(9_999_998, 20_000_000)] == [9_999_998, 9_999_999]
