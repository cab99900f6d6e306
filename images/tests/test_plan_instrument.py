"""A plan that this instrument cannot carry out is refused before anything starts."""

import pytest

from camera.drivers.limits import Range
from images.jobs.plan import PlanLimits, parse_plan
from images.jobs.plan.errors import PlanNeedsStage, PlanPresetUnknown, PlanValueOutOfRange
from images.tests.plan_fields import WISHES, manual, refuse, z

INSTRUMENT = PlanLimits(
    exposure_ms=Range(0.04, 10_000),
    gain_db=Range(0, 24),
    z_um=Range(0, 300),
    significant_bits=12,
    presets=frozenset({"DAPI", "FITC"}),
)
BY_HAND = PlanLimits(has_focus_stage=False, has_xy_stage=False)


@pytest.mark.parametrize(
    ("plan", "limits", "error", "path", "words"),
    [
        (
            {"channels": [{"config": "DAPI", "exposure": 20_000}]},
            INSTRUMENT,
            PlanValueOutOfRange,
            "channels[0].exposure",
            "between 0.04 and 10,000 ms; 20,000 was given",
        ),
        (
            {"channels": ["DAPI"], "metadata": {"microscope": {"gain": 30}}},
            INSTRUMENT,
            PlanValueOutOfRange,
            f"{WISHES}.gain",
            "between 0 and 24 dB",
        ),
        (
            {"channels": ["DAPI"], "metadata": {"microscope": {"average": 8192}}},
            INSTRUMENT,
            PlanValueOutOfRange,
            f"{WISHES}.average",
            "8192 frames of 12 bits needs more than 24 bits. At most 4096 frames fit",
        ),
        ({"channels": ["Cy5"]}, INSTRUMENT, PlanPresetUnknown, "channels[0]", "no preset 'Cy5'. It has DAPI, FITC"),
        (z(top=301, bottom=1, step=100), INSTRUMENT, PlanValueOutOfRange, "z_plan", "between 0 and 300 µm; 301 µm was"),
        (
            z(range=20, step=10) | {"stage_positions": [{"z": 50}, {"z": 5}]},
            INSTRUMENT,
            PlanValueOutOfRange,
            "stage_positions[1].z",
            "-5 µm was given",
        ),
        ({"stage_positions": [{"z": -1}]}, INSTRUMENT, PlanValueOutOfRange, "stage_positions[0].z", "-1 µm was given"),
        (z(range=2, step=1), BY_HAND, PlanNeedsStage, "z_plan", 'Set "pacing": "manual" under metadata.microscope'),
        ({"stage_positions": [{"z": 1}]}, BY_HAND, PlanNeedsStage, "stage_positions[0].z", "cannot move its focus"),
        ({"stage_positions": [{}, {"y": 1}]}, BY_HAND, PlanNeedsStage, "stage_positions[1]", "no stage to move"),
    ],
)
def test_a_plan_beyond_the_instrument_is_refused_before_anything_starts(plan, limits, error, path, words):
    refused = refuse(plan, limits)
    assert (type(refused), refused.path) == (error, path)
    assert words in refused.sentence
    assert parse_plan(plan).expected


@pytest.mark.parametrize(
    "plan",
    [
        {"channels": [{"config": "DAPI", "exposure": 0.04}], "metadata": {"microscope": {"gain": 24, "average": 4096}}},
        z(top=300, bottom=0, step=100),
        z(range=2, step=1),
        manual(**z(range=1000, step=1)),
    ],
)
def test_plans_at_the_limits_of_the_instrument_are_accepted(plan):
    assert parse_plan(plan, INSTRUMENT).expected


def test_with_manual_pacing_a_plan_needs_no_stage():
    plan = manual(**z(range=2, step=1), stage_positions=[{"x": 5, "z": 1}])
    assert parse_plan(plan, BY_HAND).expected == 3
