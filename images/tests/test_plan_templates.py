"""From a few values to a plan, and from a plan back to its kind and its values."""

import pytest

from images.jobs.plan import Kind, PlanLimits, find_template, kind_of, make_plan, parse_plan
from images.jobs.plan.errors import PlanValueInvalid, PlanValueOutOfRange
from images.jobs.plan.templates import Average, Burst, ExposureSeries, Picture, Positions, TimeLapse, ZSeries

BRIGHT = Picture((24.98,), 1.5, "tiff", None, "HeLa, plate 3", "after the wash")
THREE = Picture((5, 24.98, 120), 1.5)
JPEG = Picture((10,), None, "jpg", 90)
TEMPLATES = [
    TimeLapse(60, 840, BRIGHT),
    TimeLapse(0.5, 10, JPEG, "stretch"),
    TimeLapse(1, 600, THREE, "skip"),
    TimeLapse(60, 3),
    Burst(600, BRIGHT),
    ExposureSeries(THREE),
    Average(16, BRIGHT),
    Average(256, Picture((5, 10))),
    ZSeries(5, 2, THREE),
    ZSeries(30, 0.1),
    Positions(("left", "right"), BRIGHT),
]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_form_finds_its_values_again_in_the_plan_it_made(template):
    plan = make_plan(template)
    assert kind_of(plan) is template.kind
    assert find_template(plan) == template
    assert find_template(parse_plan(plan.as_text())) == template


def test_a_time_lapse_of_fourteen_hours_has_a_picture_for_each_minute():
    plan = make_plan(TimeLapse(60, 840, BRIGHT))
    assert (plan.expected, plan.duration.total_seconds()) == (840, 839 * 60)
    slot = plan.slot(839)
    assert (slot.exposure_ms, slot.gain_db, slot.channel.name) == (24.98, 1.5, "24.98 ms")
    assert (plan.image_format, plan.wishes.sample, plan.wishes.note) == ("tiff", "HeLa, plate 3", "after the wash")


def test_each_exposure_of_a_series_is_one_picture_in_its_order():
    assert [slot.exposure_ms for slot in make_plan(ExposureSeries(THREE)).slots(0, 9)] == [5, 24.98, 120]


def test_an_average_and_a_burst_are_kept_as_tiff_unasked():
    assert make_plan(Average(4, THREE)).image_format == "tiff"
    assert make_plan(Burst(60)).image_format == "tiff"
    assert make_plan(TimeLapse(60, 3)).image_format is None


def test_at_each_plane_and_each_position_the_user_is_waited_for_once():
    z_series = make_plan(ZSeries(3, 2, THREE))
    assert [slot.waits_for_user for slot in z_series.slots(0, 9)] == [True, False, False] * 3
    assert [slot.z_um for slot in z_series.slots(0, 9)] == [0, 0, 0, 2, 2, 2, 4, 4, 4]
    places = make_plan(Positions(("left", "right"), THREE))
    assert [(slot.position.name, slot.waits_for_user) for slot in places.slots(2, 5)] == [
        ("left", False),
        ("right", True),
        ("right", False),
    ]
    assert not any(slot.waits_for_user for slot in make_plan(TimeLapse(60, 3)).slots(0, 3))


@pytest.mark.parametrize(
    ("plan", "kind"),
    [
        ({"time_plan": {"interval": 60, "duration": 600}}, Kind.TIME_LAPSE),
        ({"time_plan": [{"interval": 1, "loops": 9}, {"interval": 60, "loops": 9}]}, Kind.TIME_LAPSE),
        ({"z_plan": {"relative": [0, 1, 5]}, "metadata": {"microscope": {"pacing": "manual"}}}, Kind.Z_SERIES),
        ({"channels": ["DAPI", {"config": "FITC", "exposure": 5}]}, Kind.EXPOSURE_SERIES),
        ({"channels": [{"config": "5 ms", "exposure": 5}], "metadata": {"other": {"a": 1}}}, Kind.EXPOSURE_SERIES),
        ({"stage_positions": [{"x": 1}], "channels": ["DAPI"]}, Kind.ADVANCED),
        ({"axis_order": "pt", "time_plan": {"interval": 0, "loops": 9}, "stage_positions": [{}, {}]}, Kind.ADVANCED),
    ],
)
def test_a_plan_from_elsewhere_has_a_kind_though_no_form_can_say_all_of_it(plan, kind):
    assert kind_of(parse_plan(plan)) is kind
    assert find_template(parse_plan(plan)) is None


def test_a_form_is_checked_as_every_plan_is():
    with pytest.raises(PlanValueOutOfRange, match=r"time_plan\.interval: Must be between 0 s"):
        make_plan(TimeLapse(-1, 10))
    with pytest.raises(PlanValueInvalid, match=r"channels\[0\].exposure: Must be a number"):
        make_plan(ExposureSeries(Picture((float("nan"),))))
    with pytest.raises(PlanValueOutOfRange, match="At most 256 frames fit"):
        make_plan(Average(512, BRIGHT), PlanLimits(significant_bits=16))
