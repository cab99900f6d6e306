"""The stream of a Pixelink camera: waits for frames and checks them against the expected layout."""

import math
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np

from camera.drivers.pixelink import settings
from camera.drivers.pixelink.errors import STREAM_IS_OFF, TOO_SMALL, error_for
from camera.drivers.pixelink.features import Features
from camera.drivers.pixelink.frames.descriptor import NO_GAMMA
from camera.drivers.pixelink.frames.formats import Allocate, FrameLayout
from camera.drivers.pixelink.sdk import Answer, Sdk
from camera.errors import CaptureFailed, FrameInvalid
from camera.memory import FrameBuffers


class PixelinkStream:
    """A running stream, from its creation until `stop`. For one thread at a time, except `interrupt`."""

    def __init__(self, features: Features, buffers: FrameBuffers) -> None:
        """Start the stream. Raises PixelFormatUnsupported if this program cannot read the frames; then the stream is
        off."""
        self._features = features
        self._buffers = buffers
        self._expected = settings.expect_layout(features)
        self._doubted: FrameLayout | None = None
        self._buffer_bytes = self._expected.buffer_bytes
        self._is_waiting = False
        self._interrupted = threading.Event()
        self.roi = settings.read_roi(features)
        self.readout_s = settings.read_readout_s(features)
        self.is_gamma_off = settings.read_gamma(features) == NO_GAMMA
        features.sdk.require("setStreamState", features.handle, features.sdk.api.StreamState.START)

    def stop(self) -> None:
        features = self._features
        answer = features.sdk.call("setStreamState", features.handle, features.sdk.api.StreamState.STOP)
        if not answer.is_success and answer.name not in STREAM_IS_OFF:
            raise error_for(answer.name, "setStreamState")

    def interrupt(self) -> None:
        """End the current wait for a frame and prevent further ones. Any thread.

        Stopping the stream is the only call with a handle that is allowed while another one runs.
        """
        # Set it first: see `_wait_for_frame`.
        self._interrupted.set()
        if self._is_waiting:
            features = self._features
            features.sdk.ask("setStreamState", features.handle, features.sdk.api.StreamState.STOP)

    @property
    def is_interrupted(self) -> bool:
        return self._interrupted.is_set()

    def wait_for_frame(self) -> tuple[Answer, np.ndarray]:
        """Block for a frame. Returns the library's answer, whose only result is the descriptor, and the buffer with the
        frame."""
        answer, data = self._wait_for_frame()
        if answer.name in TOO_SMALL:
            # Compute the size again instead of doubling the old one, so that it cannot grow without bound.
            self._buffer_bytes = 2 * settings.expect_layout(self._features).buffer_bytes
            answer, data = self._wait_for_frame()
        return answer, data

    def believe(self, layout: FrameLayout, data: np.ndarray) -> None:
        """Check the layout of a frame. An unexpected one raises FrameInvalid, but is accepted if the next frame has it,
        too."""
        if layout.size_bytes > data.size:
            raise FrameInvalid(f"The frame reports {layout.columns} x {layout.rows} pixels, more than the camera sent.")
        if layout.resembles(self._expected) or layout.resembles(self._doubted):
            self._expected, self._doubted = layout, None
            return
        # One odd descriptor is a broken frame. Two alike mean that the camera really changed.
        self._doubted = layout
        raise FrameInvalid(
            f"The frame reports {layout.columns} x {layout.rows} in {layout.pixel_format.name}, but the camera was "
            f"set to {self._expected.columns} x {self._expected.rows} in {self._expected.pixel_format.name}."
        )

    def _wait_for_frame(self) -> tuple[Answer, np.ndarray]:
        data = self._buffers.lend(self._buffer_bytes)
        # The buffer is reused: an incomplete last pixel must not contain bytes of an earlier frame.
        data[self._expected.whole_bytes : self._expected.size_bytes] = 0
        # `interrupt` sets its event, then checks `_is_waiting`. This does the reverse, so one always sees the other.
        self._is_waiting = True
        try:
            if self._interrupted.is_set():
                return Answer("ApiStreamStopped", False, ()), data
            return self._features.sdk.call("getNextNumPyFrame", self._features.handle, data), data
        finally:
            self._is_waiting = False


@dataclass(frozen=True, slots=True)
class Development:
    """Converts the bytes of a frame to pixels. Needs neither stream nor handle. Any thread.

    A call returns the pixels: (rows, columns) or (rows, columns, 3), read-only uint8 or uint16. `data` holds the frame
    as it came, `native` is its descriptor. `depth_bits` is how many bits of the result carry signal. `allocate` returns
    memory for the result.
    """

    sdk: Sdk
    data: np.ndarray
    native: Any
    layout: FrameLayout
    depth_bits: int
    allocate: Allocate

    def __call__(self) -> np.ndarray:
        unpack = self.layout.pixel_format.unpack
        pixels = self._convert() if unpack is None else self._unpack(unpack)
        # Several users get the same array.
        pixels.flags.writeable = False
        return pixels

    def _unpack(self, unpack) -> np.ndarray:
        pixels = unpack(self.data, self.layout.rows, self.layout.columns, self.allocate)
        if self.layout.pixel_format.significant_bits is None:
            pixels >>= 16 - self.depth_bits  # these formats come left-aligned
        return pixels

    def _convert(self) -> np.ndarray:
        """Let the SDK convert to colour: 8 bit, or 16 bit little-endian and left-aligned."""
        if self.layout.pixel_format.significant_bits == 8:
            return self._format(self.sdk.api.ImageFormat.RAW_RGB24_NON_DIB, "u1")
        pixels = self._format(self.sdk.api.ImageFormat.RAW_RGB48, "<u2").astype(np.uint16, copy=False)
        pixels >>= 16 - self.depth_bits
        return pixels

    def _format(self, image_format: int, sample_type: str) -> np.ndarray:
        shape = (self.layout.rows, self.layout.columns, 3)
        samples = self.allocate(math.prod(shape) * np.dtype(sample_type).itemsize)
        answer = self.sdk.convert(self.data, self.native, image_format, samples)
        name = self.layout.pixel_format.name
        if not answer.results:
            raise CaptureFailed(f"The camera's library could not convert {name} to colour ({answer.name}).")
        # The rest of the memory would hold pixels of an earlier frame.
        if answer.results[0] < samples.nbytes:
            raise CaptureFailed(f"The camera's library converted {name} to fewer than {shape[1]} x {shape[0]} pixels.")
        return samples.view(sample_type).reshape(shape)
