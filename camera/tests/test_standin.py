"""The stand-in for Pixelink's library: it loads, lists cameras, and reports features, through the real wrapper."""

import ctypes
import subprocess
import sys

import pytest

from camera.tests.standin.bench import AUTO, MANUAL, ONEPUSH, PAUSE, SERIAL, START, on_bench
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.codes import FeatureId, PixelFormat, ReturnCode
from camera.tests.standin.loading import no_library
from camera.tests.standin.structures import (
    CameraFeature,
    CameraIdentity,
    CameraInformation,
    ErrorReport,
    FrameDescriptor,
)

PRESENCE, LIVE = 1, 128


@pytest.fixture
def bench(request):
    yield from on_bench(**getattr(request, "param", {}))


class TestLoading:
    def test_the_wrapper_is_the_real_one(self, bench):
        import pixelinkWrapper

        assert pixelinkWrapper.__version__ == "1.5.0"
        assert "site-packages" in pixelinkWrapper.__file__

    def test_without_library_the_import_fails(self):
        with no_library(), pytest.raises(OSError, match="libPxLApi"):
            import pixelinkWrapper  # noqa: F401

    def test_other_libraries_load_as_ever(self, bench):
        assert isinstance(ctypes.CDLL(None), ctypes.CDLL)

    def test_structures_lie_as_in_the_wrapper(self, bench):
        theirs = bench.api
        for own, other in [
            (FrameDescriptor, theirs._FrameDesc),
            (CameraIdentity, theirs._CameraIdInfo),
            (CameraInformation, theirs._CameraInfo),
            (ErrorReport, theirs._ErrorReport),
            (CameraFeature, theirs._CameraFeatures._CameraFeature),
        ]:
            assert ctypes.sizeof(own) == ctypes.sizeof(other)
            for name, *_ in own._fields_:
                assert getattr(own, name).offset == getattr(other, name).offset, name

    def test_codes_are_those_of_the_wrapper(self, bench):
        for name, numbers in {"ReturnCode": ReturnCode, "PixelFormat": PixelFormat, "FeatureId": FeatureId}.items():
            for number in numbers:
                assert getattr(getattr(bench.api, name), number.name) == number

    def test_a_missing_function_is_an_attribute_error(self, bench):
        bench.library.missing_functions.add("PxLGetCurrentTimestamp")
        with pytest.raises(AttributeError, match="PxLGetCurrentTimestamp"):
            bench.api.getCurrentTimestamp(1)
        with pytest.raises(AttributeError):
            bench.api.getActions(1)


class TestFinding:
    def test_cameras_are_listed_by_serial_number(self, bench):
        bench.library.plug(StandinCamera(42))
        code, identities = bench.api.getNumberCameras()
        assert code == 0
        assert [identity.CameraSerialNum for identity in identities] == [SERIAL, 42]

    def test_no_camera(self, bench):
        bench.library.unplug(bench.camera)
        assert bench.api.getNumberCameras() == (0, [])
        assert bench.api.initialize(0) == (ReturnCode.ApiNoCameraAvailableError,)
        assert bench.api.initialize(SERIAL) == (ReturnCode.ApiInvalidSerialNumberError,)

    def test_arguments_are_c_ints(self, bench):
        assert bench.api.initialize(str(SERIAL)) == (ReturnCode.ApiInvalidSerialNumberError,)
        with pytest.raises(ctypes.ArgumentError):
            bench.api.initialize(float(SERIAL))
        code, handle = bench.api.initialize(2**40)  # cut to 32 bits this is 0, which means any camera
        assert code == 0
        assert bench.api.getStreamState(handle + 2**32)[0] == 0
        assert bench.api.getStreamState(handle + 1) == (ReturnCode.ApiInvalidHandleError,)

    def test_in_use(self, bench):
        bench.camera.in_use_elsewhere = True
        assert bench.api.initialize(SERIAL) == (ReturnCode.ApiCameraInUseError,)
        bench.camera.in_use_elsewhere = False
        bench.open()
        assert bench.api.initialize(SERIAL) == (ReturnCode.ApiCameraInUseError,)
        bench.api.uninitialize(bench.handle)
        assert bench.library.open_handles == []

    def test_left_streaming_by_a_killed_program(self, bench):
        bench.camera.leave_behind(is_streaming=True)
        assert bench.api.initialize(SERIAL) == (ReturnCode.ApiCameraTimeoutError,)
        assert bench.api.initialize(SERIAL, bench.api.InitializeExFlags.ISSUE_STREAM_STOP)[0] == 0

    def test_camera_info(self, bench):
        code, info = bench.api.getCameraInfo(bench.open().handle)
        assert (code, info.VendorName, info.SerialNumber) == (0, b"PixeLINK", str(SERIAL).encode())


class TestFeatures:
    def test_limits_and_flags(self, bench):
        gain = bench.open().feature(FeatureId.GAIN)
        assert gain.uFlags & PRESENCE
        assert gain.uFlags & LIVE
        assert gain.uNumberOfParameters == 1
        assert (gain.Params[0].fMinValue, gain.Params[0].fMaxValue) == (0, 18)
        roi = bench.feature(FeatureId.ROI)
        assert not roi.uFlags & LIVE
        assert [roi.Params[i].fMaxValue for i in range(4)] == [80, 56, 96, 64]

    @pytest.mark.parametrize("bench", [{"absent_features": frozenset({FeatureId.TRIGGER})}], indirect=True)
    def test_absent_feature(self, bench):
        trigger = bench.open().feature(FeatureId.TRIGGER)
        assert (trigger.uFeatureId, trigger.uFlags, trigger.uNumberOfParameters) == (12, 0, 0)
        assert not trigger.Params
        assert bench.api.getFeature(bench.handle, FeatureId.TRIGGER) == (ReturnCode.ApiNotSupportedError,)
        assert bench.set(FeatureId.TRIGGER, 0, 0, 0, 0, 0) == ReturnCode.ApiNotSupportedError

    def test_all_features_come_unordered(self, bench):
        code, features = bench.api.getCameraFeatures(bench.open().handle, bench.api.FeatureId.ALL)
        ids = [features.Features[i].uFeatureId for i in range(features.uNumberOfFeatures)]
        assert code == 0
        assert sorted(ids) == list(range(46))
        assert ids != sorted(ids)
        exposure = features.Features[ids.index(7)]
        assert exposure.Params[0].fMaxValue == 10

    def test_exposure_in_seconds_is_rounded_to_its_step(self, bench):
        assert bench.open().set(FeatureId.EXPOSURE, 0.015) == 0
        assert bench.get(FeatureId.EXPOSURE) == [0.014999999664723873]
        assert bench.set(FeatureId.EXPOSURE, 0.0150042) == ReturnCode.ApiSuccessParametersChanged
        assert bench.get(FeatureId.EXPOSURE) == [0.014999999664723873]
        assert bench.set(FeatureId.GAIN, 1.53) == ReturnCode.ApiSuccessParametersChanged
        assert bench.get(FeatureId.GAIN) == [pytest.approx(1.5)]

    @pytest.mark.parametrize(
        ("bench", "code", "value"),
        [
            ({"out_of_range": "out_of_range"}, ReturnCode.ApiOutOfRangeError, 0),
            ({"out_of_range": "invalid_parameter"}, ReturnCode.ApiInvalidParameterError, 0),
            ({"out_of_range": "clamp"}, ReturnCode.ApiSuccessParametersChanged, 18),
        ],
        indirect=["bench"],
    )
    def test_out_of_range(self, bench, code, value):
        assert bench.open().set(FeatureId.GAIN, 40) == code
        assert bench.get(FeatureId.GAIN) == [value]

    @pytest.mark.parametrize("bench", [{"exposure_parameter_count": 3}], indirect=True)
    def test_exposure_with_three_parameters_takes_one(self, bench):
        assert bench.open().set(FeatureId.EXPOSURE, 0.02) == 0
        assert bench.get(FeatureId.EXPOSURE) == pytest.approx([0.02, 0.00001, 10])

    def test_exactly_one_mode_flag(self, bench):
        bench.open()
        assert bench.set(FeatureId.GAIN, 1, flags=MANUAL | AUTO) == ReturnCode.ApiInvalidParameterError
        assert bench.set(FeatureId.GAIN, 1, flags=0) == ReturnCode.ApiInvalidParameterError
        assert bench.set(FeatureId.GAIN, 1, flags=~30 | MANUAL) == 0

    def test_nan_is_refused_and_noted(self, bench):
        assert bench.open().set(FeatureId.EXPOSURE, float("nan")) == ReturnCode.ApiInvalidParameterError
        assert bench.library.violations == ["PxLSetFeature(7) with NaN"]
        bench.library.violations.clear()

    def test_region_keeps_to_its_granularity(self, bench):
        assert bench.open().set(FeatureId.ROI, 8, 4, 48, 32) == 0
        assert bench.set(FeatureId.ROI, 9, 5, 51, 33) == ReturnCode.ApiSuccessParametersChanged
        assert bench.get(FeatureId.ROI) == [8, 4, 48, 32]

    def test_frame_rate_limit_follows_the_region(self, bench):
        before = bench.open().feature(FeatureId.FRAME_RATE).Params[0].fMaxValue
        bench.set(FeatureId.ROI, 0, 0, 96, 32)
        assert bench.feature(FeatureId.FRAME_RATE).Params[0].fMaxValue == pytest.approx(2 * before)

    def test_some_settings_need_a_stopped_stream(self, bench):
        bench.stream()
        for feature_id, values in {19: [0, 0, 48, 32], 21: [2, 0], 22: [1], 18: [10], 12: [0] * 5}.items():
            assert bench.set(feature_id, *values) == ReturnCode.ApiNotPermittedWhileStreaming
        assert bench.set(FeatureId.EXPOSURE, 0.002) == bench.set(FeatureId.GAIN, 3) == 0
        assert bench.set_stream(PAUSE) == 0
        assert bench.set(FeatureId.PIXEL_FORMAT, PixelFormat.MONO16) == 0

    def test_exposure_once_needs_the_stream(self, bench):
        bench.open(exposure_s=0.0005)
        assert bench.set(FeatureId.EXPOSURE, 0, flags=ONEPUSH) == 0
        assert bench.api.getFeature(bench.handle, 7)[1] & ONEPUSH
        bench.set_stream(START)
        for _ in range(6):
            bench.frame()
        _, flags, (exposure_s,) = bench.api.getFeature(bench.handle, 7)
        assert flags & (ONEPUSH | MANUAL) == MANUAL
        assert exposure_s > 0.005

    def test_settings_are_kept_and_restored(self, bench):
        bench.open(gain_db=6.0)
        assert bench.api.saveSettings(bench.handle, 1) == (0,)
        assert bench.api.loadSettings(bench.handle, 0) == (0,)
        assert bench.get(FeatureId.GAIN) == [0]
        bench.library.replug(bench.camera)
        assert bench.open().get(FeatureId.GAIN) == [6]

    def test_error_report_tells_the_last_error_of_a_handle(self, bench):
        assert bench.api.getErrorReport(bench.open().handle)[1].strFunctionName == b""
        bench.set(FeatureId.GAIN, 1e7)
        bench.set(FeatureId.GAIN, 1)
        report = bench.api.getErrorReport(bench.handle)[1]
        assert report.uReturnCode == ReturnCode.ApiOutOfRangeError
        assert (report.strFunctionName, report.strReturnCode) == (b"PxLSetFeature", b"ApiOutOfRangeError")
        assert bench.api.getErrorReport(report.uReturnCode) == (ReturnCode.ApiInvalidHandleError,)


def test_a_launched_process_can_serve_with_it():
    script = (
        "from camera.tests.standin.camera import StandinCamera\n"
        "from camera.tests.standin.library import Library\n"
        "from camera.tests.standin.loading import install_forever\n"
        "install_forever(Library([StandinCamera(77)]))\n"
        "from pixelinkWrapper import PxLApi\n"
        "print(PxLApi.getNumberCameras()[1][0].CameraSerialNum)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30)
    assert done.stdout.endswith("77\n"), done.stderr
