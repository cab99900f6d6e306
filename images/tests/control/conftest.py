"""Three people, and a clock for control that the test sets."""

import pytest

from images.control.control import Control, register_control
from images.tests.clocks import SetClock


@pytest.fixture
def clock(db):
    clock = SetClock()
    register_control(Control(clock))
    return clock


@pytest.fixture
def ada(camera, archive, api, make_user):
    return api(make_user("ada", "operators", first_name="Ada", last_name="Lovelace"))


@pytest.fixture
def ben(camera, archive, api, make_user):
    return api(make_user("ben", "operators", first_name="Ben", last_name="Osei"))


@pytest.fixture
def grace(camera, archive, api, make_user):
    return api(make_user("grace", "managers", first_name="Grace", last_name="Hopper"))
