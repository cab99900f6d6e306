"""When the stand-in exposes and delivers frames, in real time and on a manual clock."""

import ctypes
import threading
from itertools import pairwise

import numpy as np
import pytest

from camera.tests.standin.bench import MANUAL, OFF, SERIAL, START, STOP, Bench, in_thread, on_bench
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.clock import ManualClock
from camera.tests.standin.codes import FeatureId, ReturnCode
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install
from camera.tests.standin.settings import Trigger


@pytest.fixture
def bench(request):
    yield from on_bench(**getattr(request, "param", {}))


class TestStream:
    def test_frames_are_numbered_from_each_start(self, bench):
        bench.stream()
        first, second = bench.frame(), bench.frame()
        assert second.u64FrameNumber > first.u64FrameNumber
        assert bench.api.setStreamState(bench.handle, START) == (ReturnCode.ApiSuccessAlreadyRunning,)
        assert bench.api.getStreamState(bench.handle)[:2] == (0, START)
        bench.set_stream(STOP)
        bench.set_stream(START)
        third = bench.frame()
        assert third.u64FrameNumber <= 1
        assert third.dFrameTime > second.dFrameTime

    def test_not_streaming(self, bench):
        assert bench.open().grab() == (ReturnCode.ApiStreamStopped,)

    def test_buffer_too_small(self, bench):
        bench.stream()
        small = ctypes.create_string_buffer(100)
        assert bench.api.getNextFrame(bench.handle, small) == (ReturnCode.ApiBufferTooSmall,)

    def test_descriptor_honours_the_callers_size(self, bench):
        bench.stream()
        descriptor = bench.api._FrameDesc()
        descriptor.uSize = bench.api._FrameDesc.dFrameTime.offset
        api = bench.api._Api
        code = api.PxLGetNextFrame(
            bench.handle, len(bench.buffer), ctypes.byref(bench.buffer), ctypes.byref(descriptor)
        )
        assert (code, descriptor.Shutter.fValue, descriptor.dFrameTime) == (0, pytest.approx(0.001), 0)

    def test_the_log_proves_when_a_frame_was_exposed(self, bench):
        bench.stream()
        requested_at = bench.camera.clock.now()
        descriptor = bench.frame()
        begun = {exposure.frame_number: exposure for exposure in bench.camera.exposures}
        exposure = begun[descriptor.u64FrameNumber]
        assert exposure.ended_at > requested_at
        assert exposure.exposure_s == descriptor.Shutter.fValue
        assert bench.api.getCurrentTimestamp(bench.handle)[1] > descriptor.dFrameTime

    def test_stop_ends_a_blocked_grab(self, bench):
        bench.stream(exposure_s=10.0)
        thread, results = in_thread(bench.grab)
        assert bench.camera.wait_until_grabbing()
        assert bench.set_stream(STOP) == 0
        thread.join(5)
        assert results == [(ReturnCode.ApiStreamStopped,)]

    def test_trigger_left_on_lets_no_frame_arrive(self, bench):
        bench.stream(trigger=Trigger(True, 0, 2))
        assert bench.api.getFeature(bench.handle, FeatureId.TRIGGER)[1] & MANUAL
        thread, results = in_thread(bench.grab)
        assert bench.camera.wait_until_grabbing()
        bench.set_stream(STOP)
        thread.join(5)
        assert results == [(ReturnCode.ApiStreamStopped,)]
        assert not bench.camera.exposures
        assert bench.set(FeatureId.TRIGGER, 0, 0, 0, 0, 0, flags=OFF) == 0
        bench.set_stream(START)
        assert bench.grab()[0] == 0

    def test_software_trigger(self, bench):
        bench.stream(trigger=Trigger(True, 0, 1))
        assert [bench.frame().u64FrameNumber for _ in range(3)] == [0, 1, 2]

    def test_frame_callback_and_grab_exclude_each_other(self, bench):
        numbers, enough = [], threading.Event()
        bench.open(exposure_s=0.001)

        @bench.api._dataProcessFunction
        def on_frame(handle, data, pixel_format, descriptor, context):
            numbers.append(descriptor.contents.u64FrameNumber)
            if len(numbers) == 3 and (handle, pixel_format, context) == (bench.handle, 0, 77):
                enough.set()
            return 0

        assert bench.api.setCallback(bench.handle, bench.api.Callback.FRAME, 77, on_frame) == (0,)
        bench.set_stream(START)
        assert enough.wait(5)
        assert bench.grab() == (ReturnCode.ApiGetNextFrameBusy,)
        bench.api.setCallback(bench.handle, bench.api.Callback.FRAME, 77, 0)
        assert bench.grab()[0] == 0
        bench.api.uninitialize(bench.handle)
        assert numbers == sorted(set(numbers))


class TestTiming:
    """On a manual clock, so the tests take no real time."""

    @pytest.fixture
    def clock(self):
        return ManualClock()

    @pytest.fixture
    def bench(self, clock):
        camera = StandinCamera(SERIAL, row_time_s=1 / 64 / 10)  # read-out 0.1 s
        camera.stream_start_s = 0.0
        with install(Library([camera], clock)) as library:
            yield Bench(library, camera)

    @pytest.mark.parametrize(("exposure_s", "period_s"), [(0.01, 0.1), (0.5, 0.5)])
    def test_period_is_the_longer_of_exposure_and_read_out(self, bench, clock, exposure_s, period_s):
        bench.stream(exposure_s=exposure_s)
        clock.advance(5)
        starts = [exposure.started_at for exposure in bench.camera.exposures]
        assert np.diff(starts)[1:] == pytest.approx(period_s)
        assert all(
            later >= earlier.ended_at for later, earlier in zip(starts[1:], bench.camera.exposures, strict=False)
        )
        assert bench.get(FeatureId.ACTUAL_FRAME_RATE) == [pytest.approx(1 / period_s)]

    def test_frame_rate_spaces_the_frames(self, bench, clock):
        bench.open(exposure_s=0.01)
        bench.set(FeatureId.FRAME_RATE, 2)
        bench.set_stream(START)
        clock.advance(3)
        assert np.diff([exposure.started_at for exposure in bench.camera.exposures]) == pytest.approx(0.5)

    @pytest.mark.parametrize("latency_frames", [0, 1, 2, 3])
    def test_settings_take_effect_frames_later(self, bench, clock, latency_frames):
        bench.camera.stream.settings_latency_frames = latency_frames
        bench.stream(exposure_s=0.2)
        clock.advance(0.3)
        under_way = bench.camera.exposures[-1].frame_number
        bench.set(FeatureId.EXPOSURE, 0.4)
        assert bench.get(FeatureId.EXPOSURE) == [pytest.approx(0.4)]
        clock.advance(3)
        old = [exposure.frame_number for exposure in bench.camera.exposures if exposure.exposure_s < 0.3]
        assert max(old) == under_way + latency_frames

    def test_no_exposure_starts_before_the_request_that_changed_it(self, bench, clock):
        bench.camera.stream.settings_latency_frames = 0
        bench.stream(exposure_s=0.01)
        clock.advance(0.15)
        bench.set(FeatureId.EXPOSURE, 0.1)
        clock.advance(1)
        changed = next(exposure for exposure in bench.camera.exposures if exposure.exposure_s > 0.05)
        assert changed.started_at >= 1000.15

    @pytest.mark.parametrize("pipeline_frames", [0, 2])
    def test_delivery_can_lag_behind(self, bench, clock, pipeline_frames):
        bench.camera.stream.pipeline_frames = pipeline_frames
        bench.stream(exposure_s=0.2)
        thread, results = in_thread(bench.frame)
        assert bench.camera.wait_until_grabbing()
        while thread.is_alive():
            clock.advance(0.01)
            thread.join(0.001)
        arrived_after_s = clock.now() - 1000
        assert results[0].u64FrameNumber == 0
        assert arrived_after_s >= 0.3 + 0.2 * pipeline_frames - 1e-6

    def test_oldest_policy_queues_and_drops(self, bench, clock):
        bench.stream(exposure_s=0.2)
        assert bench.api.setFrameBufferPolicy(bench.handle, 1, 0, 0) == (0,)
        clock.advance(0.75)
        assert [bench.frame().u64FrameNumber for _ in range(3)] == [0, 1, 2]
        clock.advance(2)
        code, descriptor = bench.grab()
        assert code == ReturnCode.ApiSuccessWithFrameLoss
        assert descriptor.u64FrameNumber > 3

    def test_starting_takes_time(self, bench, clock):
        bench.camera.stream_start_s = 0.08
        bench.open()
        thread, results = in_thread(lambda: bench.set_stream(START))
        while thread.is_alive():
            clock.advance(0.02)
            thread.join(0.001)
        assert results == [0]
        assert bench.camera.exposures[0].started_at >= 1000.08


def test_exposures_never_overlap():
    camera = StandinCamera(SERIAL)
    library = Library([camera], clock := ManualClock())
    camera.stream_start_s = 0.0
    camera.start(lambda: None)
    for step in range(20):
        camera.leave_behind(exposure_s=0.001 * (1 + step % 7))
        clock.advance(0.0037)
    assert all(later.started_at >= earlier.ended_at for earlier, later in pairwise(camera.exposures))
    library.close()
