"""Every fault of the stand-in, as it arrives through the real wrapper."""

import ctypes
import threading

import numpy as np
import pytest

from camera.tests.standin.bench import SERIAL, START, STOP, in_thread, on_bench
from camera.tests.standin.codes import FeatureId, ReturnCode


@pytest.fixture
def bench(request):
    yield from on_bench(**getattr(request, "param", {}))


class TestFaults:
    def test_time_out(self, bench):
        bench.stream().camera.faults.time_out(grabs=2, after_s=0.01)
        before = bench.camera.clock.now()
        assert bench.grab() == (ReturnCode.ApiCameraTimeoutError,)
        assert bench.camera.clock.now() - before >= 0.01
        assert [bench.grab()[0], bench.grab()[0]] == [ReturnCode.ApiCameraTimeoutError, 0]

    def test_broken_frame(self, bench):
        bench.stream().camera.faults.break_frames()
        assert [bench.grab()[0], bench.grab()[0]] == [ReturnCode.ApiInvalidFrameReceivedError, 0]

    def test_lost_frames(self, bench):
        before = bench.stream().frame()
        bench.camera.faults.lose_frames(3)
        code, after = bench.grab()
        assert code == ReturnCode.ApiSuccessWithFrameLoss
        assert after.u64FrameNumber >= before.u64FrameNumber + 4

    def test_garbage_descriptor(self, bench):
        bench.stream().camera.faults.garble_descriptors(1)
        garbled = bench.frame()
        assert np.isnan(garbled.Shutter.fValue)
        assert garbled.Roi.fWidth == 0
        assert garbled.PixelFormat.fValue == 4711
        assert bench.frame().Roi.fWidth == 96

    def test_wrong_size(self, bench):
        bench.stream().camera.faults.resize_frames(48, 32)
        assert bench.api.imageSize(bench.frame()) == 48 * 32
        ctypes.memset(bench.buffer, 0xEE, len(bench.buffer))
        bench.camera.faults.shorten_frames(100)
        descriptor = bench.frame()
        assert set(bench.pixels(descriptor)[100:]) == {0xEE}

    def test_answers(self, bench):
        bench.open()
        bench.camera.faults.answer("PxLSetStreamState", ReturnCode.ApiSuccessLowMemory)
        assert bench.set_stream(START) == ReturnCode.ApiSuccessLowMemory
        assert bench.grab()[0] == 0
        bench.camera.faults.answer("PxLSetFeature", ReturnCode.ApiCameraRejectedValueError)
        assert bench.set(FeatureId.GAIN, 3) == ReturnCode.ApiCameraRejectedValueError
        assert bench.get(FeatureId.GAIN) == [0]

    @pytest.mark.parametrize(
        "code",
        [
            ReturnCode.ApiNoCameraError,
            ReturnCode.ApiInvalidHandleError,
            ReturnCode.ApiHardwareError,
            ReturnCode.ApiIOError,
            ReturnCode.ApiNoDeviceError,
        ],
    )
    def test_unplugged(self, bench, code):
        bench.camera.unplugged_code = code
        bench.stream(exposure_s=10.0, gain_db=3.0)
        thread, results = in_thread(bench.grab)
        assert bench.camera.wait_until_grabbing()
        bench.library.unplug(bench.camera)
        thread.join(5)
        assert results == [(code,)]
        bench.library.plug(bench.camera)
        assert bench.api.getFeature(bench.handle, 7) == (code,)
        assert bench.api.uninitialize(bench.handle) == (code,)
        new = bench.api.initialize(SERIAL)[1]
        assert new != bench.handle
        assert bench.api.getFeature(new, FeatureId.GAIN)[2] == [0]
        assert bench.library.open_handles == [new]

    def test_disconnect_event_comes_from_a_foreign_thread(self, bench):
        told, events = threading.Event(), []
        bench.stream()

        @bench.api._eventProcessFunction
        def on_event(handle, event_id, timestamp_s, size, data, context):
            events.append((handle, event_id, size, context, threading.get_ident()))
            told.set()
            return 0

        assert bench.api.setEventCallback(bench.handle, 1, 5, on_event) == (0,)
        bench.library.unplug(bench.camera)
        assert told.wait(5)
        assert events[0][:4] == (bench.handle, 1, 0, 5)
        assert events[0][4] != threading.get_ident()

    def test_cancelled_event_callback_is_silent(self, bench):
        events = []
        callback = bench.api._eventProcessFunction(lambda *arguments: events.append(arguments) or 0)
        bench.open()
        bench.api.setEventCallback(bench.handle, 0, 0, callback)
        bench.api.setEventCallback(bench.handle, 0, 0, 0)
        bench.library.unplug(bench.camera)
        assert events == []

    def test_a_call_hangs_until_released(self, bench):
        bench.open().camera.hang("PxLGetFeature")
        thread, results = in_thread(lambda: bench.get(FeatureId.GAIN))
        assert bench.camera.gates.wait_until_hanging("PxLGetFeature")
        assert thread.is_alive()
        bench.camera.release()
        thread.join(5)
        assert results == [[0]]

    def test_listing_hangs_until_released(self, bench):
        bench.library.hang("PxLGetNumberCamerasEx")
        thread, results = in_thread(bench.api.getNumberCameras)
        assert bench.library.gates.wait_until_hanging("PxLGetNumberCamerasEx")
        bench.library.release()
        thread.join(5)
        assert results[0][0] == 0

    def test_concurrent_calls_on_a_handle_are_noted(self, bench):
        bench.stream(exposure_s=10.0)
        thread, _results = in_thread(bench.grab)
        assert bench.camera.wait_until_grabbing()
        bench.set(FeatureId.GAIN, 1)
        assert bench.grab() == (ReturnCode.ApiGetNextFrameBusy,)
        bench.set_stream(STOP)
        thread.join(5)
        assert bench.library.violations == [
            "PxLSetFeature during PxLGetNextFrame on one handle",
            "PxLGetNextFrame during PxLGetNextFrame on one handle",
        ]
        bench.library.violations.clear()

    def test_calls_are_logged(self, bench):
        bench.stream().frame()
        names = ["PxLInitializeEx", "PxLSetStreamState", "PxLGetNextFrame"]
        assert list(bench.camera.calls) == names == list(bench.library.calls)

    def test_first_frame_can_be_overexposed(self, bench):
        bench.camera.first_frame_light_factor = 4.0
        bench.stream(exposure_s=0.05)
        first = bench.frame()
        assert bench.pixels(first) == bench.camera.expected_pixels(first, light_factor=4.0)
        second = bench.frame()
        assert bench.pixels(second) == bench.camera.expected_pixels(second)
        assert (first.u64FrameNumber, first.Shutter.fValue) == (0, second.Shutter.fValue)
