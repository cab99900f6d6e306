from datetime import timedelta

import pytest

from images.jobs.plan import describe_duration, describe_plan, parse_plan

POSITIONS = [{"x": 0, "y": 0}, {"x": 100, "y": 0}]
EXPOSURES = [{"config": f"{exposure} ms", "exposure": exposure} for exposure in (5, 25, 120)]
MANUAL = {"microscope": {"pacing": "manual"}}


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ({"time_plan": {"interval": 60, "loops": 840}}, "one picture every 1 min for 14 h"),
        ({"time_plan": {"interval": 60, "duration": "14:00:00"}}, "one picture every 1 min for 14 h"),
        ({"time_plan": {"duration": 3600, "loops": 15}}, "one picture 15 times within 1 h"),
        ({"time_plan": {"interval": 5, "loops": 1}}, "one picture once"),
        (
            {"time_plan": {"interval": 30, "loops": 1680}, "channels": EXPOSURES, "stage_positions": POSITIONS},
            "every 30 s for 14 h, 3 exposures at 2 positions",
        ),
        (
            {"time_plan": [{"interval": 1, "loops": 60}, {"interval": 60, "loops": 60}, {"interval": 0, "loops": 9}]},
            "one picture every 1 s for 1 min, then every 1 min for 1 h, then 9 times as fast as it goes",
        ),
        (
            {"time_plan": [{"interval": 1, "loops": 60}] * 5},
            "one picture every 1 s for 1 min, then every 1 s for 1 min, then every 1 s for 1 min, then 2 more phases",
        ),
        ({"time_plan": {"interval": 0, "loops": 1200}}, "1,200 pictures as fast as the camera gives them"),
        ({"time_plan": {"interval": 0, "loops": 9}, "channels": EXPOSURES}, "9 times as fast as it goes, 3 exposures"),
        ({"channels": EXPOSURES}, "3 exposures"),
        ({"channels": ["DAPI", "FITC"]}, "2 channels"),
        ({"channels": ["DAPI"]}, "one picture"),
        (
            {"channels": EXPOSURES[:1], "metadata": {"microscope": {"average": 16}}},
            "one picture, each the sum of 16 frames",
        ),
        (
            {"z_plan": {"above": 8, "below": 0, "step": 2}, "metadata": MANUAL},
            "in 5 planes 2 µm apart, set by hand",
        ),
        ({"z_plan": {"relative": [0, 1, 5]}, "channels": EXPOSURES}, "3 exposures in 3 planes"),
        ({"stage_positions": [{"name": "a"}, {"name": "b"}], "metadata": MANUAL}, "at 2 positions, set by hand"),
        (
            {"axis_order": "ptc", "time_plan": {"interval": 10, "loops": 6}, "stage_positions": POSITIONS},
            "one picture every 10 s for 1 min, at 2 positions, one after the other",
        ),
    ],
)
def test_a_plan_in_words(plan, words):
    assert describe_plan(parse_plan(plan)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.005, "5 ms"),
        (0.5, "500 ms"),
        (1.5, "1.5 s"),
        (59.999, "59.999 s"),
        (90, "1 min 30 s"),
        (600, "10 min"),
        (50_340, "13 h 59 min"),
        (3_601, "1 h"),
        (86_400, "1 day"),
        (183_600, "2 days 3 h"),
    ],
)
def test_a_duration_in_words(seconds, words):
    assert describe_duration(timedelta(seconds=seconds)) == words
