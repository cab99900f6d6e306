"""A plan that comes as JSON text: an error names the line, and a text that programs read differently is refused."""

import pytest

from images.jobs.plan import parse_plan
from images.jobs.plan.errors import PlanUnreadable
from images.jobs.plan.parsing.lines import find_line
from images.tests.plan_fields import refuse

WRITTEN = """{
  "channels": [
    "DAPI",
    {"config": "a , ] } \\" b",
     "exposure": -1
    }
  ],
  "metadata": {"other": [[1], {"x": {}}]}
}"""


def test_the_line_of_the_field_is_named_if_the_plan_is_a_text():
    refused = refuse(WRITTEN)
    assert (refused.path, refused.line) == ("channels[1].exposure", 5)
    assert refused.details == {"path": "channels[1].exposure", "line": 5}
    assert refuse(WRITTEN.encode()).line == 5
    assert refuse({"channels": [{"config": "a", "exposure": -1}]}).line is None


@pytest.mark.parametrize(
    ("path", "line"),
    [("channels", 2), ("channels[1]", 4), ("metadata.other[1].x", 8), ("channels[2]", None), ("channels.x", None)],
)
def test_each_part_of_the_text_has_its_line(path, line):
    assert find_line(WRITTEN, path) == line


@pytest.mark.parametrize(
    ("text", "words", "line"),
    [
        ('{\n"channels": [\n,]}', "no JSON: line 3, column 1", 3),
        ('{"channels": ["a"],\n"z_plan": null,\n"channels" : ["b"]}', '"channels" is there twice', 3),
        ('{"channels": [{"config": "a",\n"config": "b"}], "config": 5}', '"config" is there twice', 2),
        ('{"channels": [{"config": "NaN",\n"exposure": NaN}]}', "NaN is no number", 2),
        ('{"channels": [{"config": "a",\n"exposure": -Infinity}]}', "-Infinity is no number", 2),
        ('{"time_plan": {"interval": 1, "loops": ' + "9" * 5000 + "}}", "too many digits", None),
        (b'{"channels": ["\xff"]}', "not UTF-8", None),
        ("", "no JSON: line 1", 1),
        ("{} {}", "no JSON", 1),
    ],
)
def test_a_text_that_two_programs_would_read_differently_is_refused(text, words, line):
    refused = refuse(text)
    assert type(refused) is PlanUnreadable
    assert words in refused.sentence
    assert refused.line == line


def test_a_text_with_a_byte_order_mark_is_read():
    assert parse_plan('\ufeff{"channels": ["a"]}'.encode()).expected == 1


def test_a_number_too_large_for_a_float_is_refused():
    assert "not NaN or infinity" in refuse('{"time_plan": {"interval": 1e999, "loops": 2}}').sentence


def test_a_name_that_stands_twice_behind_more_names_than_any_plan_has_is_refused_without_its_line():
    names = ",\n".join(f'"{name}": 0' for name in range(15_000))
    refused = refuse('{"metadata": {' + names + ', "14": 0}}')
    assert refused.sentence == '"14" is there twice in one object.'
    assert refused.line is None
    assert refuse('{"metadata": {' + names[:1_000].rpartition(",")[0] + ', "14": 0}}').line > 50
