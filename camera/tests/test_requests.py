"""Requests wait in a queue and are answered in order."""

import threading

import pytest

from camera import errors
from camera.drivers.limits import Limits, Range
from camera.drivers.settings import Settings, SettingsRequest
from camera.drivers.validation import check
from camera.engine.requests import CaptureRequest, ConfigureRequest, RequestQueue
from camera.frame import Binning, Roi

LIMITS = Limits(Range(0.0, 100.0), Range(-3.0, 12.0))
SHARED = Settings(5.0, 1.0, Roi(0, 0, 8, 8), Binning(), "MONO8")


@pytest.fixture
def queue():
    return RequestQueue(threading.Condition())


def anyone(_request) -> bool:
    return True


def test_the_limits_themselves_are_allowed_but_no_exposure_of_zero():
    check(SettingsRequest(100.0, -3.0), LIMITS)
    check(SettingsRequest(None, None), LIMITS)
    with pytest.raises(errors.SettingOutOfRange):
        check(SettingsRequest(0.0), LIMITS)


def test_what_is_not_named_is_as_everybody_shares_it():
    filled = SettingsRequest(None, 3.0).fill_from(SHARED)
    assert (filled.exposure_ms, filled.gain_db, filled.roi, filled.pixel_format) == (5.0, 3.0, SHARED.roi, "MONO8")
    assert SettingsRequest(7.0).fill_from(SHARED).gain_db == 1.0


def test_only_what_is_to_change_is_named_beyond_what_is_set_and_light_always():
    roi = Roi(0, 0, 4, 4)
    assert SettingsRequest.from_settings(SHARED).changes_from(SHARED) == SettingsRequest(5.0, 1.0)
    assert SettingsRequest(5.0, 1.0, roi, flip_vertical=False).changes_from(SHARED) == SettingsRequest(5.0, 1.0, roi)


def test_the_first_answer_stands():
    request = ConfigureRequest(SettingsRequest())
    request.succeed(SHARED)
    request.fail(errors.CameraClosed("too late"))
    assert request.result() is SHARED


def test_each_thread_gets_a_copy_of_the_error():
    problem = errors.SettingOutOfRange("no", {"gain": ["no"]})
    request = CaptureRequest(SettingsRequest())
    request.fail(problem)
    for _ in range(3):
        with pytest.raises(errors.SettingOutOfRange, match="no") as raised:
            request.result()
        assert raised.value.fields == {"gain": ["no"]}
    assert problem.__traceback__ is None


def test_a_request_that_cannot_start_holds_up_those_behind(queue):
    first, second = CaptureRequest(SettingsRequest(1.0)), CaptureRequest(SettingsRequest(2.0))
    queue.join(first)
    queue.join(second)
    assert queue.take_first(lambda request: request is second) is None
    assert [queue.take_first(anyone), queue.take_first(anyone), queue.take_first(anyone)] == [first, second, None]


def test_all_fail_who_wait_or_were_taken_but_not_who_have_their_answer(queue):
    answered, taken, waiting = (CaptureRequest(SettingsRequest()) for _ in range(3))
    for request in (answered, taken, waiting):
        queue.join(request)
    queue.take_first(anyone)
    answered.succeed("a frame")
    queue.take_first(anyone)
    queue.fail_all(errors.CameraLost("gone"))
    assert answered.result() == "a frame"
    for request in (taken, waiting):
        with pytest.raises(errors.CameraLost):
            request.result()
    assert not queue.has_waiting


def test_a_closed_queue_fails_later_requests(queue):
    queue.close(errors.CameraClosed("ended"))
    late = CaptureRequest(SettingsRequest())
    queue.join(late)
    with pytest.raises(errors.CameraClosed):
        late.result()
    assert queue.is_closed
