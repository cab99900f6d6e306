"""One camera of the stand-in: its settings, its stream and the frames it delivers."""

import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import numpy as np

from .automatic import settle_automatics
from .characteristics import Characteristics
from .clock import CameraTime, Clock, RealClock
from .codes import FeatureId, FrameBufferPolicy, PixelFormat, RefusedError, ReturnCode, StreamState
from .descriptor import describe_frame, overwrite, settings_in
from .faults import Faults, Gates
from .pixel_formats import bayer_variant, encode, layout_of
from .sensor import Samples, make_sensor
from .settings import Settings
from .stream import Exposure, Stream, TimedFrame
from .structures import FrameDescriptor

_REMEMBERED_FRAMES = 4  # without noise, frames under the same settings have the same pixels


class Grabbed(NamedTuple):
    code: ReturnCode
    pixels: bytes
    descriptor: FrameDescriptor


class StandinCamera:
    """`characteristics` are the fields of `Characteristics`. The public attributes may be changed at any time.

    `unplugged_code`: what every call on a handle returns after unplugging. On Linux it is not known which of
    ApiNoCameraError, ApiInvalidHandleError, ApiHardwareError, ApiIOError and ApiNoDeviceError it is.
    `left_streaming`: a killed program left the camera streaming. PxLInitialize without ISSUE_STREAM_STOP then fails.
    `stream` has the attributes `settings_latency_frames` and `pipeline_frames`.
    `frame_time_marks`: the moment of a frame that dFrameTime gives; the SDK does not document it. `time`: the clock of
    both frames and PxLGetCurrentTimestamp. `frame_time_unit_s`: for a library that gives another kind of time.
    """

    def __init__(self, serial: int, **characteristics: Any) -> None:
        self.serial = serial
        self.name = ""
        self.characteristics = Characteristics(**characteristics)
        self.sensor = make_sensor(self.characteristics)
        self.clock: Clock = RealClock()
        self.condition = threading.Condition()
        self.faults = Faults()
        self.gates = Gates()
        self.calls: deque[str] = deque(maxlen=10_000)
        self.is_plugged = False
        self.in_use_elsewhere = False
        self.left_streaming = False
        self.left_streaming_code = ReturnCode.ApiCameraTimeoutError
        self.unplugged_code = ReturnCode.ApiNoCameraError
        self.stream_start_s = 0.08
        self.first_frame_light_factor = 1.0
        self.frame_time_marks: Literal["start", "end", "read out"] = "start"
        self.frame_time_unit_s = 1.0
        self.time = CameraTime()
        self.sensor_temperature_c = 41.5
        self.body_temperature_c = 38.0
        self.frame_buffer_count = 4
        self.frame_buffer_policy = FrameBufferPolicy.NEXT_AVAILABLE
        self.settings = self.user_settings = self.characteristics.factory_settings()
        self.stream = Stream(self.settings, self.characteristics.readout_s)
        self._taken_until = 0.0
        self._waiting_count = 0
        self._pixels_lock = threading.Lock()
        self._pixels: OrderedDict[tuple[Settings, float], bytes] = OrderedDict()

    # For tests

    @property
    def exposures(self) -> deque[Exposure]:
        """All exposures that have begun, the newest last. Their times are those of the camera's clock."""
        with self.condition:
            self.advance(self.clock.now())
            return self.stream.exposures.copy()

    def leave_behind(self, is_streaming: bool = False, **settings: Any) -> None:
        """Set what the last program left, as fields of `Settings`. A camera keeps its settings while it has power."""
        told: dict[str, Any] = {
            name: float(np.float32(value)) if type(value) is float else value for name, value in settings.items()
        }
        with self.condition:
            self.left_streaming = is_streaming
            self._take(replace(self.settings, **told))

    def expected_samples(self, descriptor: FrameDescriptor, light_factor: float = 1.0) -> Samples:
        """Return the samples of the frame with this descriptor, right-justified; see `Sensor.samples`."""
        return self.sensor.samples(settings_in(descriptor, self.settings), light_factor)

    def expected_pixels(self, descriptor: FrameDescriptor, light_factor: float = 1.0) -> bytes:
        """Return the bytes of the frame's buffer, in the format that the descriptor names."""
        samples = self.expected_samples(descriptor, light_factor)
        return encode(samples, self.sensor.significant_bits, PixelFormat(int(descriptor.PixelFormat.fValue)))

    def wait_until_grabbing(self, timeout_s: float = 5.0) -> bool:
        """Return True once a call, or the thread of a frame callback, waits for a frame inside the library."""
        with self.condition:
            return self.condition.wait_for(lambda: self._waiting_count > 0, timeout_s)

    def hang(self, function_name: str) -> None:
        """Calls of this function on this camera block until `release`."""
        self.gates.hang(function_name)

    def release(self, function_name: str | None = None) -> None:
        self.gates.release(function_name)

    # Power

    def power_on(self, clock: Clock) -> None:
        """Power the camera up: with the saved user settings, or else the factory's. Frame time begins at 0."""
        with self.condition:
            self.clock = clock
            self.is_plugged = True
            self.left_streaming = False
            self.time.zero_at = clock.now()
            self._take(self.user_settings)

    def power_off(self) -> None:
        with self.condition:
            self.is_plugged = False
            self.stream.halt(StreamState.STOP)
            self.condition.notify_all()

    @property
    def timestamp_s(self) -> float:
        return self.time.at(self.clock.now())

    # Settings

    def change(self, settings: Settings) -> None:
        with self.condition:
            self._take(settings)
            self.condition.notify_all()

    def _take(self, settings: Settings) -> None:
        self.settings = settings
        self.stream.change(settings, self.clock.now())

    def advance(self, now: float) -> None:
        """Let everything happen that is due until `now`. The caller holds `condition`."""
        self.stream.advance(now)
        settled = settle_automatics(self.settings, self.stream, self.characteristics, self.sensor)
        if settled != self.settings:
            self._take(settled)

    @property
    def readings(self) -> dict[FeatureId, float]:
        return {
            FeatureId.SENSOR_TEMPERATURE: self.sensor_temperature_c,
            FeatureId.BODY_TEMPERATURE: self.body_temperature_c,
            FeatureId.MAX_PIXEL_SIZE: self.characteristics.significant_bits,
            FeatureId.ACTUAL_FRAME_RATE: 1 / self.stream.period_s(self.settings),
        }

    # Stream

    def start(self, raise_if_dead: Callable[[], None]) -> ReturnCode:
        with self.condition:
            if self.stream.state == StreamState.START:
                return ReturnCode.ApiSuccessAlreadyRunning
            self._wait_until(self.clock.now() + self.stream_start_s, raise_if_dead)
            now = self.clock.now()
            self.stream.start(self.settings, now)
            self._taken_until = now
            self.condition.notify_all()
        return ReturnCode.ApiSuccess

    def halt(self, state: StreamState) -> ReturnCode:
        """Stop or pause. A blocked grab wakes up and ends with ApiStreamStopped."""
        with self.condition:
            if state == StreamState.PAUSE and self.stream.state == StreamState.STOP:
                raise RefusedError(ReturnCode.ApiNoStreamError, "nothing to pause")
            self.advance(self.clock.now())
            self.stream.halt(state)
            self.condition.notify_all()
        return ReturnCode.ApiSuccess

    def fire(self) -> bool:
        """Fire the software trigger. Returns False if the camera is not set to it."""
        with self.condition:
            fired = self.stream.fire(self.clock.now())
            self.condition.notify_all()
        return fired

    def grab(self, raise_if_dead: Callable[[], None]) -> Grabbed:
        """Block, without a limit, until the next frame arrives. If the policy allows it, take the oldest frame that
        waits."""
        fault = self.faults.next_grab()
        with self.condition:
            self._wait_until(self.clock.now() + fault.after_s, self._while_streaming(raise_if_dead))
            if fault.code == ReturnCode.ApiCameraTimeoutError:
                raise RefusedError(fault.code, "no frame in time")
            frame, code = self._take_frame(raise_if_dead, fault.lost_frames)
        if fault.code < 0:
            raise RefusedError(fault.code, "broken frame")
        pixels, descriptor = self.pixels_of(frame), self.descriptor_of(frame)
        overwrite(descriptor, fault.descriptor)
        # Of two codes of success the warning counts: it is the larger number.
        return Grabbed(max(code, fault.code), pixels[: fault.byte_count], descriptor)

    def _take_frame(self, raise_if_dead: Callable[[], None], lost_frames: int) -> tuple[TimedFrame, ReturnCode]:
        after, code = self._grab_from()
        for _ in range(lost_frames + 1):
            frame = self.wait_for_frame(after, raise_if_dead)
            self._taken_until = after = frame.arrives_at
        return frame, code

    def _grab_from(self) -> tuple[float, ReturnCode]:
        now = self.clock.now()
        if self.stream.settings_in_force.trigger.enabled:
            self.stream.fire(now)
        if self.frame_buffer_policy == FrameBufferPolicy.NEXT_AVAILABLE:
            return now, ReturnCode.ApiSuccess
        self.advance(now)
        waiting = [frame.arrives_at for frame in self.stream.delivered if self._taken_until < frame.arrives_at <= now]
        # If more frames wait than there are buffers, the oldest ones are lost.
        if len(waiting) <= self.frame_buffer_count:
            return self._taken_until, ReturnCode.ApiSuccess
        return waiting[-self.frame_buffer_count - 1], ReturnCode.ApiSuccessWithFrameLoss

    def wait_for_frame(self, after: float, raise_if_dead: Callable[[], None]) -> TimedFrame:
        """Return the first frame that arrives later than `after`. Blocks. The caller holds `condition`."""
        check = self._while_streaming(raise_if_dead)
        with self._counted_as_waiting():
            while True:
                check()
                now = self.clock.now()
                self.advance(now)
                frame = self.stream.next_arrival(after, now)
                if frame:
                    return frame
                moment = self.stream.next_moment(now)
                self.clock.wait(self.condition, None if math.isinf(moment) else moment)

    @contextmanager
    def _counted_as_waiting(self) -> Iterator[None]:
        self._waiting_count += 1
        self.condition.notify_all()
        try:
            yield
        finally:
            self._waiting_count -= 1

    def _while_streaming(self, raise_if_dead: Callable[[], None]) -> Callable[[], None]:
        starts = self.stream.starts

        def check() -> None:
            raise_if_dead()
            if self.stream.state != StreamState.START or self.stream.starts != starts:
                raise RefusedError(ReturnCode.ApiStreamStopped, "the stream is not running")

        return check

    def _wait_until(self, moment: float, check: Callable[[], None]) -> None:
        check()
        while self.clock.now() < moment:
            self.clock.wait(self.condition, moment)
            check()

    # Frames

    def pixels_of(self, frame: TimedFrame) -> bytes:
        light_factor = self.first_frame_light_factor if frame.number == 0 else 1.0
        key = (frame.settings, light_factor)
        with self._pixels_lock:
            if key not in self._pixels:
                samples = self.sensor.samples(frame.settings, light_factor)
                self._pixels[key] = encode(samples, self.sensor.significant_bits, frame.settings.pixel_format)
            while len(self._pixels) > _REMEMBERED_FRAMES:
                self._pixels.popitem(last=False)
            return self._pixels[key]

    def descriptor_of(self, frame: TimedFrame) -> FrameDescriptor:
        moments = {"start": frame.started_at, "end": frame.ended_at, "read out": frame.read_out_at}
        marked_s = self.time.at(moments[self.frame_time_marks]) / self.frame_time_unit_s
        descriptor = describe_frame(frame, self.delivered_format(frame.settings), marked_s)
        descriptor.Temperature.fValue = self.sensor_temperature_c
        if frame.settings.gamma is None:
            descriptor.Gamma.fValue = self.characteristics.gamma_told_while_off
        descriptor.MaxPixelSize.fValue = self.characteristics.significant_bits
        descriptor.ActualFrameRate.fValue = descriptor.FrameRate.fValue = 1 / self.stream.period_s(frame.settings)
        return descriptor

    def delivered_format(self, settings: Settings) -> PixelFormat:
        """Return the format of the frames. A Bayer frame has the sensor's own pattern, changed by flips."""
        if layout_of(settings.pixel_format).family != "BAYER":
            return settings.pixel_format
        return bayer_variant(settings.pixel_format, self.sensor.delivered_pattern(settings) or "GRBG")
