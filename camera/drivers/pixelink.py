"""Pixelink cameras. With its companions (`pixelink_*`) the only code that knows the SDK."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from camera import errors
from camera.buffers import FrameBuffers
from camera.drivers import pixelink_settings
from camera.drivers.base import Driver, demand_numbers
from camera.drivers.limits import Limits
from camera.drivers.pixelink_changes import Step, plan
from camera.drivers.pixelink_descriptor import Known, describe, read_layout
from camera.drivers.pixelink_develop import Development
from camera.drivers.pixelink_errors import GONE, NO_CAMERA, STREAM_IS_OFF, error_for
from camera.drivers.pixelink_events import DisconnectionNotice
from camera.drivers.pixelink_features import Features
from camera.drivers.pixelink_library import as_c_unsigned
from camera.drivers.pixelink_limits import find_limits, read_light_limits
from camera.drivers.pixelink_sdk import Answer, Sdk
from camera.drivers.pixelink_stream import PixelinkStream
from camera.drivers.pixelink_white_balance import push_white_balance
from camera.drivers.settings import Settings, Wanted
from camera.frame import CameraIdentity, RawFrame

WHITE_BALANCE_FRAMES = 20


class PixelinkDriver(Driver):
    name = "pixelink"

    def __init__(self, serial_number: str = "") -> None:
        """With no serial number, the first camera that is free."""
        # For finding its white balance a camera gets some frames, and this for itself.
        self.white_balance_patience_s = 4.0
        self._serial_number = serial_number.strip()
        self._opened: Features | None = None
        self._notice: DisconnectionNotice | None = None
        self._stream: PixelinkStream | None = None
        self._limits: Limits | None = None
        self._last_read: Settings | None = None
        self._full_depth_bits = pixelink_settings.UNKNOWN_DEPTH_BITS
        self._has_temperature = False
        self._buffers = FrameBuffers()
        self._developed = FrameBuffers()

    def open(self) -> CameraIdentity:
        self.close()
        sdk = Sdk()
        self._opened = features = Features(sdk, self._initialize(sdk))
        try:
            self._notice = DisconnectionNotice(sdk, features.handle)
            pixelink_settings.take_control(features)
            features.read(features.ids.EXPOSURE)  # a sign of life
            self._full_depth_bits = pixelink_settings.read_full_depth_bits(features)
            self._has_temperature = bool(features.find(features.ids.SENSOR_TEMPERATURE))
            return pixelink_settings.read_identity(features, self._serial_number)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        opened, self._opened, self._stream = self._opened, None, None
        self._limits = self._last_read = None
        notice, self._notice = self._notice, None
        if notice is not None:
            notice.cancel()
        if opened is not None:
            opened.sdk.ask("setStreamState", opened.handle, opened.sdk.api.StreamState.STOP)
            opened.sdk.ask("uninitialize", opened.handle)

    def read_limits(self) -> Limits:
        if self._limits is None:
            with self._stream_off(is_needed=True):
                self._limits = find_limits(self._features, self._full_depth_bits)
        exposure_ms, gain_db = read_light_limits(self._features)
        return replace(self._limits, exposure_ms=exposure_ms, gain_db=gain_db)

    def read_settings(self) -> Settings:
        self._last_read = pixelink_settings.read_settings(self._features)
        return self._last_read

    def configure(self, wanted: Wanted) -> Settings:
        features = self._features
        demand_numbers(wanted)
        # For light alone it does not matter whether the rest is still so, and reading takes time.
        before = self._last_read if self._last_read and wanted.is_light_alone else self.read_settings()
        steps = plan(features, wanted, before)
        with self._stream_off(is_needed=any(self._needs_stop(step) for step in steps)):
            try:
                for step in steps:
                    self._take(step)
            except errors.SettingRefused:
                for step in plan(features, Wanted.of(before), self.read_settings()):
                    self._try(step)
                raise
        return self.read_settings()

    def balance_white(self) -> Settings:
        self._demand_stream()
        frame_s = self._features.read(self._features.ids.EXPOSURE)[0]
        push_white_balance(self._features, self.white_balance_patience_s + WHITE_BALANCE_FRAMES * frame_s)
        return self.read_settings()

    def start(self) -> None:
        if self._stream is not None and self._stream.is_interrupted:
            self.stop()
        if self._stream is None:
            self._stream = PixelinkStream(self._features, self._buffers)

    def stop(self) -> None:
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.stop()

    def grab(self) -> RawFrame:
        stream = self._demand_stream()
        answer, data = stream.wait_for_frame()
        received_at_s = time.perf_counter()
        if not answer.results:
            raise self._explain_no_frame(answer.name)
        native = answer.results[0]
        layout = read_layout(native, stream.roi)
        stream.believe(layout, data)
        known = Known(self._full_depth_bits, self._has_temperature, stream.roi, stream.is_gamma_off)
        descriptor = describe(native, layout, known, answer.name)
        sdk, depth_bits = self._features.sdk, descriptor.significant_bits
        return RawFrame(
            descriptor=descriptor,
            develop=Development(sdk, data, native, layout, depth_bits, self._developed.lend),
            received_at_s=received_at_s,
            readout_s=stream.readout_s,
        )

    def is_answering(self) -> bool:
        """The vendor's own sign of life: read the exposure."""
        opened = self._opened
        return opened is not None and opened.sdk.ask("getFeature", opened.handle, opened.ids.EXPOSURE) is not None

    def interrupt(self) -> None:
        stream = self._stream
        if stream is not None:
            stream.interrupt()

    @property
    def has_disconnected(self) -> bool:
        return self._notice is not None and self._notice.is_given.is_set()

    @property
    def _features(self) -> Features:
        if self._opened is None:
            raise errors.CameraUnavailable("The camera is not open.")
        return self._opened

    def _initialize(self, sdk: Sdk) -> int:
        """A camera that a killed program left streaming may not answer, so its stream is stopped as it is opened."""
        serial_number = as_c_unsigned(self._serial_number) if self._serial_number else 0
        answer = sdk.call("initialize", serial_number, sdk.api.InitializeExFlags.ISSUE_STREAM_STOP)
        if answer.results and answer.results[0]:
            return answer.results[0]
        if answer.name in NO_CAMERA:
            raise _explain_absence(sdk.list_serial_numbers(), serial_number)
        raise error_for(answer.name, "initialize")

    def _needs_stop(self, step: Step) -> bool:
        return step.needs_stop or not self._features.is_settable_while_streaming(step.feature)

    def _take(self, step: Step) -> None:
        """Raises SettingRefused, or another error, for what was not taken."""
        answer = self._try(step)
        if not answer.is_success:
            raise error_for(answer.name, "setFeature")

    def _try(self, step: Step) -> Answer:
        answer = _set(self._features, step)
        if answer.name == "ApiNotPermittedWhileStreaming" and self._stream is not None:
            self.stop()
            answer = _set(self._features, step)
        return answer

    @contextmanager
    def _stream_off(self, *, is_needed: bool) -> Iterator[None]:
        """If it is on and that is needed. At the end it is on if it was, whoever stopped it meanwhile."""
        was_on = self._stream is not None
        if was_on and is_needed:
            self.stop()
        try:
            yield
        finally:
            if was_on and self._stream is None:
                self.start()

    def _demand_stream(self) -> PixelinkStream:
        if self._opened is None:
            raise errors.CameraUnavailable("The camera is not open.")
        if self._stream is not None and self._stream.is_interrupted:
            self.stop()
        if self._stream is None:
            raise errors.FrameTimeout("The stream is off.")
        return self._stream

    def _explain_no_frame(self, name: str) -> errors.CameraError:
        problem = error_for(name, "getNextNumPyFrame")
        if self.has_disconnected:
            return errors.CameraLost(f"The camera was unplugged or switched off ({name}).")
        if name in GONE and self.is_answering():
            return errors.FrameInvalid(f"The camera reported {name}, but still answers.")
        if name in STREAM_IS_OFF:
            self._restart_unless_interrupted()
        return problem

    def _restart_unless_interrupted(self) -> None:
        """A stream that ended by itself would give no frame at the next try either."""
        is_wanted = self._stream is not None and not self._stream.is_interrupted
        self.stop()
        if is_wanted:
            self.start()


def _set(features: Features, step: Step) -> Answer:
    if step.is_off:
        return features.turn_off(step.feature, step.values)
    return features.set_by_hand(step.feature, *step.values)


def _explain_absence(seen: list[int], serial_number: int) -> errors.CameraError:
    """A camera that the library lists is there: then it cannot be had because someone else has it."""
    listed = ", ".join(map(str, seen))
    if serial_number in seen or (seen and not serial_number):
        return errors.CameraInUse(f"Camera {serial_number or listed} is there but not free. Is it in use elsewhere?")
    wanted = f"Camera {serial_number} was not found" if serial_number else "No camera was found"
    hint = f"Cameras seen: {listed}." if seen else "Check its cable and power."
    return errors.CameraNotFound(f"{wanted}. {hint}")
