"""Pixelink cameras. With its two companions (`pixelink_sdk`, `pixelink_formats`) the only code that knows the SDK."""

import logging
import math
import threading
import time
from typing import Any

import numpy as np

from camera import errors
from camera.buffers import FrameBuffers
from camera.drivers.base import Driver, Limits, Range, Settings
from camera.drivers.pixelink_formats import PixelFormat, find_format
from camera.drivers.pixelink_sdk import NO_CAMERA, Sdk, as_c_unsigned, error_for
from camera.frame import CameraIdentity, Descriptor, PixelAddressing, RawFrame, Roi

logger = logging.getLogger(__name__)

ADDRESSING_MODES = {0: "decimate", 1: "average", 2: "bin", 3: "resample"}
HDR_INTERLEAVED = 2


class PixelinkDriver(Driver):
    name = "pixelink"

    def __init__(self, serial_number: str = "") -> None:
        """With no serial number, the first camera that is free."""
        self._serial_number = serial_number
        self._sdk: Sdk
        self._handle: int | None = None
        self._is_streaming = False
        self._buffers = FrameBuffers()
        self._buffer_bytes = 0
        self._readout_s: float | None = None
        self._full_depth_bits = 16
        self._has_temperature = False
        self._disconnected = threading.Event()
        self._on_event: Any = None

    def open(self) -> CameraIdentity:
        self._sdk = Sdk()
        self._handle = self._initialize()
        try:
            return self._prepare()
        except errors.CameraError:
            self.close()
            raise

    def close(self) -> None:
        handle, self._handle, self._is_streaming = self._handle, None, False
        if handle is None:
            return
        self._sdk.ask("setStreamState", handle, self._sdk.api.StreamState.STOP)
        self._sdk.ask("uninitialize", handle)

    def read_limits(self) -> Limits:
        feature = self._sdk.api.FeatureId
        exposure_s = self._read_ranges(feature.EXPOSURE)
        gain_db = self._read_ranges(feature.GAIN)
        if not exposure_s:
            raise errors.CameraUnavailable("The camera has no exposure that can be set.")
        exposure_ms = Range(_tidy(exposure_s[0].minimum * 1000), _tidy(exposure_s[0].maximum * 1000))
        return Limits(exposure_ms, gain_db[0] if gain_db else Range(0.0, 0.0))

    def read_settings(self) -> Settings:
        feature = self._sdk.api.FeatureId
        exposure_s = self._get(feature.EXPOSURE)[0]
        gain = self._find(feature.GAIN)
        return Settings(
            exposure_ms=_tidy(exposure_s * 1000),
            gain_db=_tidy(gain[0]) if gain else 0.0,
            roi=self._read_roi(),
            addressing=self._read_addressing(),
            pixel_format=self._read_pixel_format().name,
        )

    def configure(self, exposure_ms: float | None = None, gain_db: float | None = None) -> Settings:
        feature = self._sdk.api.FeatureId
        if exposure_ms is not None:
            self._set(feature.EXPOSURE, exposure_ms / 1000)
        if gain_db is not None and (gain_db != 0 or self._find(feature.GAIN)):
            self._set(feature.GAIN, gain_db)
        return self.read_settings()

    def start(self) -> None:
        if self._is_streaming:
            return
        self._buffer_bytes = self._expected_bytes()
        self._readout_s = self._read_readout_s()
        self._sdk.demand("setStreamState", self._handle, self._sdk.api.StreamState.START)
        self._is_streaming = True

    def stop(self) -> None:
        if self._is_streaming:
            self._is_streaming = False
            self._sdk.demand("setStreamState", self._handle, self._sdk.api.StreamState.STOP)

    def grab(self) -> RawFrame:
        name, buffer, native = self._grab_native()
        received_at_s = time.monotonic()
        pixel_format = find_format(native.PixelFormat.fValue)
        descriptor = self._describe(native, pixel_format, name)
        rows, columns = _shape(native)
        if pixel_format.size_bytes(rows, columns) > buffer.size:
            raise errors.FrameInvalid(f"The frame says it is {columns} x {rows}, more than the camera is set to.")
        return RawFrame(
            descriptor=descriptor,
            develop=lambda: self._develop(buffer, native, pixel_format, descriptor.significant_bits),
            received_at_s=received_at_s,
            readout_s=self._readout_s,
        )

    def is_answering(self) -> bool:
        """The vendor's own sign of life: read the exposure."""
        return self._sdk.ask("getFeature", self._handle, self._sdk.api.FeatureId.EXPOSURE) is not None

    def interrupt(self) -> None:
        """Stopping the stream is the one call that may come from another thread: a waiting grab then returns."""
        if self._handle is not None:
            self._sdk.ask("setStreamState", self._handle, self._sdk.api.StreamState.STOP)

    @property
    def has_disconnected(self) -> bool:
        return self._disconnected.is_set()

    def _initialize(self) -> int:
        """A camera that a killed program left streaming may not answer, so its stream is stopped as it is opened."""
        serial_number = as_c_unsigned(self._serial_number) if self._serial_number else 0
        stop_stream = self._sdk.api.InitializeExFlags.ISSUE_STREAM_STOP
        name, results = self._sdk.call("initialize", serial_number, stop_stream)
        if results:
            return results[0]
        if name in NO_CAMERA:
            raise errors.CameraNotFound(self._say_what_is_there())
        raise error_for(name, "initialize")

    def _say_what_is_there(self) -> str:
        found = (self._sdk.ask("getNumberCameras") or ([],))[0]
        serials = ", ".join(str(camera.CameraSerialNum) for camera in found)
        wanted = f"Camera {self._serial_number} was not found" if self._serial_number else "No camera was found"
        hint = f"Cameras seen: {serials}." if serials else "Check its cable and power."
        return f"{wanted}. {hint}"

    def _prepare(self) -> CameraIdentity:
        feature = self._sdk.api.FeatureId
        (info,) = self._sdk.demand("getCameraInfo", self._handle)
        depth_bits = self._read_ranges(feature.MAX_PIXEL_SIZE)
        if depth_bits and 8 <= depth_bits[0].maximum <= 16:
            self._full_depth_bits = int(depth_bits[0].maximum)
        self._has_temperature = bool(self._find(feature.SENSOR_TEMPERATURE))
        self._release_trigger()
        self._listen_for_disconnection()
        return CameraIdentity(
            vendor=_text(info.VendorName),
            model=_text(info.ModelName),
            serial_number=_text(info.SerialNumber),
            firmware=_text(info.FirmwareVersion),
            name=_text(info.CameraName),
        )

    def _release_trigger(self) -> None:
        """The camera keeps the last program's settings: one left waiting for a trigger would never send a frame."""
        trigger = self._sdk.api.FeatureId.TRIGGER
        state = self._sdk.ask("getFeature", self._handle, trigger)
        if state and self._read_ranges(trigger) and not state[0] & self._sdk.api.FeatureFlags.OFF:
            self._sdk.ask("setFeature", self._handle, trigger, self._sdk.api.FeatureFlags.OFF, state[1])

    def _listen_for_disconnection(self) -> None:
        """The library calls back on a thread of its own, so all that happens there is that a flag is set."""
        prototype = getattr(self._sdk.api, "_eventProcessFunction", None)
        if prototype is None:
            return
        disconnected = self._disconnected

        def note(_camera, _event, _time_s, _size, _data, _context):
            disconnected.set()
            return 0

        self._on_event = prototype(note)  # the library keeps only a pointer: without this reference it would dangle
        event = self._sdk.api.EventId.CAMERA_DISCONNECTED
        self._sdk.ask("setEventCallback", self._handle, event, None, self._on_event)

    def _read_ranges(self, feature: int) -> list[Range]:
        """A range for each parameter of the feature, in the SDK's units; none where the camera lacks the feature."""
        answer = self._sdk.ask("getCameraFeatures", self._handle, feature)
        if not answer or not answer[0].uNumberOfFeatures:
            return []
        found = answer[0].Features[0]
        if not found.uFlags & self._sdk.api.FeatureFlags.PRESENCE or not found.Params:
            return []
        parameters = (found.Params[place] for place in range(found.uNumberOfParameters))
        return [Range(parameter.fMinValue, parameter.fMaxValue) for parameter in parameters]

    def _get(self, feature: int) -> list[float]:
        _flags, values = self._sdk.demand("getFeature", self._handle, feature)
        return values

    def _find(self, feature: int) -> list[float]:
        """The feature's values; none where the camera lacks it."""
        if not self._read_ranges(feature):
            return []
        answer = self._sdk.ask("getFeature", self._handle, feature)
        return answer[1] if answer else []

    def _set(self, feature: int, *values: float) -> None:
        """Set by hand (automatic control ends). Where the camera does not allow it while streaming, the stream
        pauses for it."""
        arguments = (self._handle, feature, self._sdk.api.FeatureFlags.MANUAL, values)
        name, _ = self._sdk.call("setFeature", *arguments)
        if name == "ApiNotPermittedWhileStreaming":
            self.stop()
            self._sdk.demand("setFeature", *arguments)
            self.start()
        elif not self._sdk.is_success(name):
            raise error_for(name, "setFeature")

    def _read_roi(self) -> Roi:
        left, top, width, height = (round(value) for value in self._get(self._sdk.api.FeatureId.ROI)[:4])
        return Roi(left, top, width, height)

    def _read_addressing(self) -> PixelAddressing:
        """Cameras give two parameters (value, mode) or four (value, mode, x, y)."""
        values = [round(value) for value in self._find(self._sdk.api.FeatureId.PIXEL_ADDRESSING)]
        if not values:
            return PixelAddressing()
        mode = ADDRESSING_MODES.get(values[1], "decimate") if len(values) > 1 else "decimate"
        x, y = values[2:4] if len(values) >= 4 else (values[0], values[0])
        return PixelAddressing(x=max(x, 1), y=max(y, 1), mode=mode)

    def _read_pixel_format(self) -> PixelFormat:
        return find_format(self._get(self._sdk.api.FeatureId.PIXEL_FORMAT)[0])

    def _expected_bytes(self) -> int:
        roi, addressing = self._read_roi(), self._read_addressing()
        rows, columns = -(-roi.height // addressing.y), -(-roi.width // addressing.x)
        return self._read_pixel_format().size_bytes(rows, columns)

    def _read_readout_s(self) -> float | None:
        """The sensor is read once per period at the fastest, so a period at the highest rate bounds the read-out."""
        rates = self._read_ranges(self._sdk.api.FeatureId.FRAME_RATE)
        return 1 / rates[0].maximum if rates and rates[0].maximum > 0 else None

    def _grab_native(self) -> tuple[str, np.ndarray, Any]:
        buffer = self._buffers.lend(self._buffer_bytes)
        name, results = self._sdk.call("getNextNumPyFrame", self._handle, buffer)
        if name == "ApiBufferTooSmall":
            self._buffer_bytes = max(self._expected_bytes(), 2 * self._buffer_bytes)
            buffer = self._buffers.lend(self._buffer_bytes)
            name, results = self._sdk.call("getNextNumPyFrame", self._handle, buffer)
        if results:
            return name, buffer, results[0]
        if name == "ApiStreamStopped":
            self._is_streaming = False
        problem = error_for(name, "getNextNumPyFrame")
        if isinstance(problem, errors.CameraLost) and self.is_answering():
            raise errors.FrameInvalid(f"The camera reported {name}, but still answers.")
        raise problem

    def _describe(self, native: Any, pixel_format: PixelFormat, sdk_code: str) -> Descriptor:
        exposure_ms, gain_db = native.Shutter.fValue * 1000, native.Gain.fValue
        if not (math.isfinite(exposure_ms) and exposure_ms > 0 and math.isfinite(gain_db)):
            raise errors.FrameInvalid("The frame does not say with what exposure and gain it was taken.")
        return Descriptor(
            frame_number=native.u64FrameNumber or native.uFrameNumber,
            exposure_ms=_tidy(exposure_ms),
            gain_db=_tidy(gain_db),
            roi=Roi(*(round(v) for v in (native.Roi.fLeft, native.Roi.fTop, native.Roi.fWidth, native.Roi.fHeight))),
            addressing=_addressing(native),
            pixel_format=pixel_format.name,
            significant_bits=pixel_format.significant_bits or self._full_depth_bits,
            camera_time_s=_finite(native.dFrameTime),
            sensor_temperature_c=_finite(native.Temperature.fValue) if self._has_temperature else None,
            flip_horizontal=native.Flip.fHorizontal == 1,
            flip_vertical=native.Flip.fVertical == 1,
            rotation_deg=round(_finite(native.Rotate.fValue) or 0),
            white_balance=_white_balance(native),
            gamma=_finite(native.Gamma.fValue) or None,
            sdk_code=sdk_code,
        )

    def _develop(self, buffer: np.ndarray, native: Any, pixel_format: PixelFormat, bits: int) -> np.ndarray:
        rows, columns = _shape(native)
        if pixel_format.unpack is None:
            return self._convert(buffer, native, pixel_format, bits)
        pixels = pixel_format.unpack(buffer, rows, columns)
        # Formats whose depth is the camera's own come justified to the most significant bit.
        return pixels >> (16 - bits) if pixel_format.significant_bits is None else pixels

    def _convert(self, buffer: np.ndarray, native: Any, pixel_format: PixelFormat, bits: int) -> np.ndarray:
        """Colour by the SDK's own conversion, which needs neither stream nor handle."""
        rows, columns = _shape(native)
        image_format = self._sdk.api.ImageFormat
        is_deep = pixel_format.significant_bits != 8
        wanted = image_format.RAW_RGB48 if is_deep else image_format.RAW_RGB24_NON_DIB
        name, results = self._sdk.call("formatNumPyImage", buffer, native, wanted)
        if not results:
            raise errors.CaptureFailed(
                f"The camera's library could not convert {pixel_format.name} to colour ({name})."
            )
        pixels = np.frombuffer(results[0], dtype="<u2" if is_deep else np.uint8)
        if pixels.size < rows * columns * 3:
            raise errors.CaptureFailed(f"The camera's library converted a {columns} x {rows} frame to too few pixels.")
        colour = pixels[: rows * columns * 3].reshape(rows, columns, 3)
        return colour >> (16 - bits) if is_deep else colour


def _shape(native: Any) -> tuple[int, int]:
    """Rows and columns of a frame. Raises FrameInvalid where its descriptor makes no sense."""
    addressing = _addressing(native)
    width, height = native.Roi.fWidth, native.Roi.fHeight
    if not (math.isfinite(width) and math.isfinite(height) and 1 <= width <= 65536 and 1 <= height <= 65536):
        raise errors.FrameInvalid(f"The frame says it is {width:g} x {height:g} sensor pixels.")
    columns = round(width) * (2 if native.HDRInfo.uMode == HDR_INTERLEAVED else 1)
    return -(-round(height) // addressing.y), -(-columns // addressing.x)


def _addressing(native: Any) -> PixelAddressing:
    values = (native.PixelAddressingValue.fHorizontal, native.PixelAddressingValue.fVertical)
    x, y = (round(value) if math.isfinite(value) and value >= 1 else 1 for value in values)
    mode = native.DecimationMode.fValue
    return PixelAddressing(x, y, ADDRESSING_MODES.get(round(mode) if math.isfinite(mode) else 0, "decimate"))


def _white_balance(native: Any) -> tuple[float, float, float] | None:
    gains = native.WhiteShading
    values = (_tidy(gains.fRedGain), _tidy(gains.fGreenGain), _tidy(gains.fBlueGain))
    return values if all(math.isfinite(value) and value > 0 for value in values) else None


def _tidy(value: float) -> float:
    """The library's numbers are 32-bit floats, so seven digits are all that they hold: 14.9999997 ms is 15 ms."""
    return float(f"{value:.7g}")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace").strip()
