"""Each return code of the SDK becomes an error that is named by its cause, with a sentence for the user."""

import pytest

from camera import errors
from camera.drivers.pixelink import errors as pixelink_errors
from camera.drivers.pixelink.errors import error_for
from camera.drivers.pixelink.sdk import Sdk
from camera.tests.driving import driving

FUNCTIONS = ["initialize", "getFeature", "setFeature", "setStreamState", "getNextNumPyFrame"]


@pytest.fixture(scope="module")
def failures() -> list[str]:
    """The names of all error codes that the wrapper knows."""
    with driving():
        codes = vars(Sdk().api.ReturnCode).items()
    return [name for name, code in codes if name.startswith("Api") and code < 0]


def test_every_failure_has_a_sentence_that_ends_and_helps(failures):
    for function in FUNCTIONS:
        for name in failures:
            problem = error_for(name, function)
            said = str(problem)
            assert said[0].isupper() and said.endswith((".", ")."))
            assert name in said or type(problem) in (
                errors.CameraInUse,
                errors.CameraAccessDenied,
                errors.PixelFormatUnsupported,
            )


def test_a_failing_grab_says_whether_the_next_try_may_succeed(failures):
    for name in failures:
        problem = error_for(name, "getNextNumPyFrame")
        assert isinstance(problem, errors.FrameError | errors.CameraUnavailable | errors.PixelFormatUnsupported)


def test_other_failures_are_refusals_or_an_unavailable_camera(failures):
    for name in failures:
        assert isinstance(error_for(name, "setFeature"), errors.SettingRefused | errors.CameraUnavailable)
        assert isinstance(error_for(name, "initialize"), errors.CameraUnavailable)


def test_the_groups_name_codes_that_exist(failures):
    groups = [group for name, group in vars(pixelink_errors).items() if name.isupper() and isinstance(group, set)]
    assert len(groups) > 5
    assert set().union(*groups) <= set(failures)


@pytest.mark.parametrize(
    ("name", "function", "error"),
    [
        ("ApiCameraInUseError", "initialize", errors.CameraInUse),
        ("ApiOSAccessDeniedError", "initialize", errors.CameraAccessDenied),
        ("ApiNoDeviceError", "getFeature", errors.CameraLost),
        ("ApiInvalidHandleError", "getNextNumPyFrame", errors.CameraLost),
        ("ApiTimeoutError", "getNextNumPyFrame", errors.FrameTimeout),
        ("ApiTimeoutError", "getFeature", errors.CameraNotResponding),
        ("ApiStreamStopped", "getNextNumPyFrame", errors.FrameTimeout),
        ("ApiInvalidFrameReceivedError", "getNextNumPyFrame", errors.FrameInvalid),
        ("ApiOutOfRangeError", "setFeature", errors.SettingRefused),
        ("ApiOutOfRangeError", "getFeature", errors.CameraUnavailable),
        ("ApiNotSupportedOnLiteVersion", "setFeature", errors.SettingRefused),
        ("code -12345", "setFeature", errors.CameraUnavailable),
    ],
)
def test_the_class_follows_from_code_and_function(name, function, error):
    assert type(error_for(name, function)) is error


class TestCalls:
    """These functions replace those of the wrapper, and return results that the stand-in does not give."""

    @pytest.fixture
    def sdk(self):
        with driving():
            yield Sdk()

    def make_api(self, sdk: Sdk, answer) -> None:
        class Api:
            ask = staticmethod(answer)

        sdk.api = Api

    def test_a_failure_has_a_name_and_no_results(self, sdk):
        self.make_api(sdk, lambda: (-2147483640,))
        assert sdk.call("ask") == ("ApiNoCameraError", False, ())
        assert sdk.ask("ask") is None

    @pytest.mark.parametrize("return_code", [17, 4711])
    def test_a_success_that_is_newer_than_the_wrapper_is_success(self, sdk, return_code):
        self.make_api(sdk, lambda: (return_code, "value"))
        assert sdk.call("ask") == (f"code {return_code}", True, ("value",))
        assert sdk.require("ask") == ("value",)

    def test_a_failure_that_is_newer_than_the_wrapper_is_failure(self, sdk):
        self.make_api(sdk, lambda: (-5,))
        with pytest.raises(errors.CameraUnavailable, match="code -5"):
            sdk.require("ask")

    def test_a_crash_in_the_library_that_windows_survives_is_a_lost_camera(self, sdk):
        def crash():
            raise OSError("exception: access violation reading 0x10")

        self.make_api(sdk, crash)
        with pytest.raises(errors.CameraLost, match="access violation"):
            sdk.call("ask")
        assert sdk.ask("ask") is None
