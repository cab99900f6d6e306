"""The page about plans: each example makes what stands beside it."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest

from images.jobs.plan import describe_plan, limits, parse_plan
from images.jobs.plan.errors import PlanRefused
from images.jobs.plan.parsing.json_text import MAX_BYTES, MAX_DEPTH, MAX_PARTS
from images.jobs.plan.parsing.parse import AT_DEFAULT, CHANNEL_AT_DEFAULT, CHANNEL_FIELDS, FIELDS, POSITION_FIELDS
from images.jobs.plan.parsing.parse_planes import FIELDS as PLANE_FIELDS
from images.jobs.plan.parsing.parse_time import FIELDS as TIME_FIELDS
from images.jobs.plan.parsing.parse_wishes import WISH_FIELDS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "api" / "plans.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```json\n(.*?)^```\n\nMakes ([\d,]+) slots?: ([^\n]*)\.$", PAGE, re.MULTILINE | re.DOTALL)
ROWS = re.findall(r"^\| `(\".*)` \| (\d+) \| (.*) \|$", PAGE, re.MULTILINE)
REFUSED = re.findall(r"^\| `(\".*)` \| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE)


@pytest.mark.parametrize(("text", "slots", "words"), [*BLOCKS, *((f"{{{part}}}", *rest) for part, *rest in ROWS)])
def test_each_example_makes_what_stands_beside_it(text, slots, words):
    plan = parse_plan(text)
    assert (plan.expected, describe_plan(plan)) == (int(slots.replace(",", "")), words)


@pytest.mark.parametrize(("part", "code", "answer"), REFUSED)
def test_each_refused_example_is_refused_with_these_words(part, code, answer):
    with pytest.raises(PlanRefused) as refused:
        parse_plan(f"{{{part}}}")
    assert refused.value.code == code
    assert answer in str(refused.value)


def test_no_example_is_left_out():
    assert len(BLOCKS) == PAGE.count("```json")
    assert len(ROWS) + len(REFUSED) == len(re.findall(r"^\| `\"", PAGE, re.MULTILINE))


def names_in(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value) | set().union(*(names_in(part) for part in value.values()))
    return set().union(*(names_in(part) for part in value)) if isinstance(value, list) else set()


def test_every_field_has_an_example():
    examples = [text for text, *_ in BLOCKS] + [f"{{{part}}}" for part, *_ in ROWS]
    shown = set().union(*(names_in(json.loads(text)) for text in examples))
    fields = {*FIELDS, *TIME_FIELDS, *PLANE_FIELDS, *CHANNEL_FIELDS, *POSITION_FIELDS, *WISH_FIELDS, "phases"}
    assert fields - shown == set()


def test_what_is_not_supported_yet_is_named():
    page = PAGE.partition("not supported yet: ")[2]
    assert [name for name in {**AT_DEFAULT, **CHANNEL_AT_DEFAULT} if f"`{name}" not in page] == []


def test_the_limits_are_those_of_the_program():
    table = dict(re.findall(r"^\| ([a-z ,]+) \| .*\| (.*) \|$", PAGE.partition("## Limits")[2], re.MULTILINE))
    assert table["size of the plan"] == f"{MAX_BYTES // 1024} KB, {MAX_PARTS:,} parts, {MAX_DEPTH} deep"
    assert table["slots"] == f"{limits.MAX_SLOTS:,}"
    assert table["interval"] == table["whole plan"] == f"{limits.MAX_DURATION // timedelta(days=1)} days"
    assert table["phases, channels"] == f"{limits.MAX_PHASES}" == f"{limits.MAX_CHANNELS}"
    assert (table["positions"], table["planes"]) == (f"{limits.MAX_POSITIONS:,}", f"{limits.MAX_PLANES:,}")
    assert table["coordinates"] == table["step between planes"] == f"{limits.COORDINATE_UM.maximum:,} µm"
    assert table["exposure"].startswith("1 hour") and limits.EXPOSURE_MS.maximum == 3_600_000
