"""Requests in line, one by one."""

import threading

import pytest

from camera import errors
from camera.drivers.checking import check
from camera.drivers.limits import Limits, Range
from camera.drivers.settings import Settings, Wanted
from camera.frame import PixelAddressing, Roi
from camera.turns import CaptureRequest, Line, SettingsRequest

LIMITS = Limits(Range(0.0, 100.0), Range(-3.0, 12.0))
SHARED = Settings(5.0, 1.0, Roi(0, 0, 8, 8), PixelAddressing(), "MONO8")


@pytest.fixture
def line():
    return Line(threading.Condition())


def anyone(_request) -> bool:
    return True


def test_the_limits_themselves_are_allowed_but_no_exposure_of_zero():
    check(Wanted(100.0, -3.0), LIMITS)
    check(Wanted(None, None), LIMITS)
    with pytest.raises(errors.SettingOutOfRange):
        check(Wanted(0.0), LIMITS)


def test_what_is_not_named_is_as_everybody_shares_it():
    filled = Wanted(None, 3.0).over(SHARED)
    assert (filled.exposure_ms, filled.gain_db, filled.roi, filled.pixel_format) == (5.0, 3.0, SHARED.roi, "MONO8")
    assert Wanted(7.0).over(SHARED).gain_db == 1.0


def test_only_what_is_to_change_is_named_beyond_what_is_set_and_light_always():
    roi = Roi(0, 0, 4, 4)
    assert Wanted.of(SHARED).beyond(SHARED) == Wanted(5.0, 1.0)
    assert Wanted(5.0, 1.0, roi, flip_vertical=False).beyond(SHARED) == Wanted(5.0, 1.0, roi)


def test_the_first_answer_stands():
    request = SettingsRequest(Wanted())
    request.succeed(SHARED)
    request.fail(errors.CameraClosed("too late"))
    assert request.result() is SHARED


def test_each_who_is_told_of_an_error_has_one_of_his_own():
    problem = errors.SettingOutOfRange("no", {"gain": ["no"]})
    request = CaptureRequest(Wanted())
    request.fail(problem)
    for _ in range(3):
        with pytest.raises(errors.SettingOutOfRange, match="no") as raised:
            request.result()
        assert raised.value.fields == {"gain": ["no"]}
    assert problem.__traceback__ is None


def test_who_may_not_come_holds_up_those_behind(line):
    first, second = CaptureRequest(Wanted(1.0)), CaptureRequest(Wanted(2.0))
    line.join(first)
    line.join(second)
    assert line.take_first(lambda request: request is second) is None
    assert [line.take_first(anyone), line.take_first(anyone), line.take_first(anyone)] == [first, second, None]


def test_all_fail_who_wait_or_were_taken_but_not_who_have_their_answer(line):
    answered, taken, waiting = (CaptureRequest(Wanted()) for _ in range(3))
    for request in (answered, taken, waiting):
        line.join(request)
    line.take_first(anyone)
    answered.succeed("a frame")
    line.take_first(anyone)
    line.fail_everyone(errors.CameraLost("gone"))
    assert answered.result() == "a frame"
    for request in (taken, waiting):
        with pytest.raises(errors.CameraLost):
            request.result()
    assert not line.is_anyone_waiting


def test_a_closed_line_fails_who_comes_later(line):
    line.close(errors.CameraClosed("ended"))
    late = CaptureRequest(Wanted())
    line.join(late)
    with pytest.raises(errors.CameraClosed):
        late.result()
    assert line.is_closed
