"""The driver of Pixelink cameras. Only this package knows the SDK."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from camera import errors
from camera.drivers.base import ClockReading, Driver, require_numbers
from camera.drivers.installation import Installation
from camera.drivers.limits import Limits
from camera.drivers.pixelink import settings
from camera.drivers.pixelink.changes import Step, plan
from camera.drivers.pixelink.errors import GONE, NO_CAMERA, STREAM_IS_OFF, error_for
from camera.drivers.pixelink.events import DisconnectionNotice
from camera.drivers.pixelink.features import Features, push_white_balance
from camera.drivers.pixelink.frames.descriptor import Known, describe, read_layout
from camera.drivers.pixelink.frames.stream import Development, PixelinkStream
from camera.drivers.pixelink.library import as_c_unsigned
from camera.drivers.pixelink.limits import find_limits, read_light_limits
from camera.drivers.pixelink.sdk import Answer, Sdk
from camera.drivers.pixelink.version import find_version
from camera.drivers.settings import Settings, SettingsRequest
from camera.drivers.usb import find_usb_devices
from camera.frame import CameraIdentity, CameraWarning, RawFrame
from camera.memory import FrameBuffers

WHITE_BALANCE_FRAMES = 20


class PixelinkDriver(Driver):
    name = "pixelink"

    def __init__(self, serial_number: str = "") -> None:
        """Without a serial number, `open` takes the first free camera."""
        # The camera may take this long to balance white, plus the time of WHITE_BALANCE_FRAMES frames.
        self.white_balance_patience_s = 4.0
        self._serial_number = serial_number.strip()
        self._opened: Features | None = None
        self._notice: DisconnectionNotice | None = None
        self._stream: PixelinkStream | None = None
        self._limits: Limits | None = None
        self._last_read: Settings | None = None
        self._full_depth_bits = settings.UNKNOWN_DEPTH_BITS
        self._has_temperature = False
        self._buffers = FrameBuffers()

    def describe_installation(self) -> list[tuple[str, str]]:
        try:
            sdk = Sdk()
        except errors.CameraUnavailable as problem:
            return [("Pixelink library", str(problem))]
        seen = ", ".join(map(str, sdk.list_serial_numbers()))
        return [("Pixelink library", "loaded"), ("Cameras seen", seen or "none")]

    @classmethod
    def find_installation(cls) -> Installation:
        return Installation("Pixelink", find_version(), find_usb_devices("pixelink"))

    def open(self) -> CameraIdentity:
        self.close()
        sdk = Sdk()
        self._opened = features = Features(sdk, self._initialize(sdk))
        try:
            self._notice = DisconnectionNotice(sdk, features.handle)
            settings.take_control(features)
            features.read(features.ids.EXPOSURE)  # raises if the camera does not respond
            self._full_depth_bits = settings.read_full_depth_bits(features)
            self._has_temperature = bool(features.find(features.ids.SENSOR_TEMPERATURE))
            return settings.read_identity(features, self._serial_number)
        # Whatever failed, the handle must go back: otherwise no program could open the camera.
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        opened, self._opened, self._stream = self._opened, None, None
        self._limits = self._last_read = None
        notice, self._notice = self._notice, None
        # First, because the library needs the open handle for it.
        if notice is not None:
            notice.cancel()
        if opened is not None:
            # Ask, not require: the camera may be gone, and the handle must be given up in any case.
            opened.sdk.ask("setStreamState", opened.handle, opened.sdk.api.StreamState.STOP)
            opened.sdk.ask("uninitialize", opened.handle)

    def read_limits(self) -> Limits:
        # What is found by trying does not change, but the ranges of exposure and gain do.
        if self._limits is None:
            with self._stream_off(is_needed=True):
                self._limits = find_limits(self._features, self._full_depth_bits)
        exposure_ms, gain_db = read_light_limits(self._features)
        return replace(self._limits, exposure_ms=exposure_ms, gain_db=gain_db)

    def read_settings(self) -> Settings:
        self._last_read = settings.read_settings(self._features)
        return self._last_read

    def configure(self, wanted: SettingsRequest) -> Settings:
        features = self._features
        require_numbers(wanted)
        # For exposure and gain alone the other settings do not matter, and reading them takes time.
        before = self._last_read if self._last_read and wanted.is_exposure_and_gain_only else self.read_settings()
        steps = plan(features, wanted, before)
        with self._stream_off(is_needed=any(self._needs_stop(step) for step in steps)):
            try:
                for step in steps:
                    self._take(step)
            except errors.SettingRefused:
                # Undo from what the camera has now: a change of one feature can change others.
                for step in plan(features, SettingsRequest.from_settings(before), self.read_settings()):
                    self._try(step)
                raise
        return self.read_settings()

    def balance_white(self) -> Settings:
        self._require_stream()
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
        stream = self._require_stream()
        answer, data = stream.wait_for_frame()
        # At once: the start of the exposure is estimated from the arrival of the frame.
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
            develop=Development(sdk, data, native, layout, depth_bits, self._buffers.lend),
            received_at_s=received_at_s,
            readout_s=stream.readout_s,
            warnings=sdk.warnings.current(),
        )

    def is_answering(self) -> bool:
        """Read the exposure, as the vendor's application does to check the connection."""
        opened = self._opened
        return opened is not None and opened.sdk.ask("getFeature", opened.handle, opened.ids.EXPOSURE) is not None

    def read_clock(self) -> ClockReading | None:
        """Read the clock with which the camera dates frames (according to the vendor). None if an older library lacks
        the function."""
        opened = self._opened
        asked_at_s = time.perf_counter()
        # Both times belong close to the call: their distance is the uncertainty of the reading.
        told = opened.sdk.ask("getCurrentTimestamp", opened.handle) if opened else None
        answered_at_s = time.perf_counter()
        if not told or not math.isfinite(told[0]):
            return None
        return ClockReading(told[0], asked_at_s, answered_at_s)

    def interrupt(self) -> None:
        stream = self._stream
        if stream is not None:
            stream.interrupt()

    @property
    def warnings(self) -> tuple[CameraWarning, ...]:
        opened = self._opened
        return opened.sdk.warnings.current() if opened else ()

    @property
    def has_disconnected(self) -> bool:
        return self._notice is not None and self._notice.is_given.is_set()

    @property
    def _features(self) -> Features:
        if self._opened is None:
            raise errors.CameraUnavailable("The camera is not open.")
        return self._opened

    def _initialize(self, sdk: Sdk) -> int:
        """Open the camera and return its handle. A killed program may have left it streaming, and then it may not
        respond; so the call also stops the stream."""
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
        """Apply the step. Raises SettingRefused, or another error, if the camera did not accept it."""
        answer = self._try(step)
        if not answer.is_success:
            raise error_for(answer.name, "setFeature")

    def _try(self, step: Step) -> Answer:
        answer = _set(self._features, step)
        # The library may not report that a feature needs this. Then the return code of the call shows it.
        if answer.name == "ApiNotPermittedWhileStreaming" and self._stream is not None:
            self.stop()
            answer = _set(self._features, step)
        return answer

    @contextmanager
    def _stream_off(self, *, is_needed: bool) -> Iterator[None]:
        """Stop the stream within the block, if it is on and `is_needed`. After the block the stream is on again if it
        was on before, also if a step stopped it."""
        was_on = self._stream is not None
        if was_on and is_needed:
            self.stop()
        try:
            yield
        finally:
            # `is_needed` may be False and the stream still off: `_try` stops it if the camera demands that.
            if was_on and self._stream is None:
                self.start()

    def _require_stream(self) -> PixelinkStream:
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
        # The SDK does not document these codes well. A camera that still responds is not lost.
        if name in GONE and self.is_answering():
            return errors.FrameInvalid(f"The camera reported {name}, but still responds.")
        if name in STREAM_IS_OFF:
            self._restart_unless_interrupted()
        return problem

    def _restart_unless_interrupted(self) -> None:
        """Restart a stream that stopped by itself; otherwise the next try would get no frame either."""
        is_wanted = self._stream is not None and not self._stream.is_interrupted
        self.stop()
        if is_wanted:
            self.start()


def _set(features: Features, step: Step) -> Answer:
    if step.is_off:
        return features.turn_off(step.feature, step.values)
    return features.set_by_hand(step.feature, *step.values)


def _explain_absence(seen: list[int], serial_number: int) -> errors.CameraError:
    """Return the error if the library opened no camera. A camera that it lists exists, so another program must use
    it."""
    listed = ", ".join(map(str, seen))
    if serial_number in seen or (seen and not serial_number):
        return errors.CameraInUse(
            f"Camera {serial_number or listed} is connected, but another program uses it. Close that program."
        )
    wanted = f"Camera {serial_number} was not found" if serial_number else "No camera was found"
    hint = f"Cameras seen: {listed}." if seen else "Check cable and power."
    return errors.CameraNotFound(f"{wanted}. {hint}")
