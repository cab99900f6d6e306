"""The stream of a Pixelink camera: waiting for frames, and what they are expected to be."""

import threading

import numpy as np

from camera.buffers import FrameBuffers
from camera.drivers import pixelink_settings
from camera.drivers.pixelink_descriptor import NO_GAMMA
from camera.drivers.pixelink_errors import STREAM_IS_OFF, TOO_SMALL, error_for
from camera.drivers.pixelink_features import Features
from camera.drivers.pixelink_formats import FrameLayout
from camera.drivers.pixelink_sdk import Answer
from camera.errors import FrameInvalid


class PixelinkStream:
    """On from its making until `stop`. For one thread, except `interrupt`."""

    def __init__(self, features: Features, buffers: FrameBuffers) -> None:
        """Raises PixelFormatUnsupported where the frames could not be read; then nothing is on."""
        self._features = features
        self._buffers = buffers
        self._expected = pixelink_settings.expect_layout(features)
        self._doubted: FrameLayout | None = None
        self._buffer_bytes = self._expected.buffer_bytes
        self._is_waiting = False
        self._interrupted = threading.Event()
        self.roi = pixelink_settings.read_roi(features)
        self.readout_s = pixelink_settings.read_readout_s(features)
        self.is_gamma_off = pixelink_settings.read_gamma(features) == NO_GAMMA
        features.sdk.demand("setStreamState", features.handle, features.sdk.api.StreamState.START)

    def stop(self) -> None:
        features = self._features
        answer = features.sdk.call("setStreamState", features.handle, features.sdk.api.StreamState.STOP)
        if not answer.is_success and answer.name not in STREAM_IS_OFF:
            raise error_for(answer.name, "setStreamState")

    def interrupt(self) -> None:
        """From any thread: no further frame is waited for, and the waiting that is on ends.

        Stopping the stream is the one call on a handle that may be made while another is under way.
        """
        self._interrupted.set()
        if self._is_waiting:
            features = self._features
            features.sdk.ask("setStreamState", features.handle, features.sdk.api.StreamState.STOP)

    @property
    def is_interrupted(self) -> bool:
        return self._interrupted.is_set()

    def wait_for_frame(self) -> tuple[Answer, np.ndarray]:
        """The library's answer (its one result, if any, is the descriptor) and the buffer with the frame."""
        answer, data = self._wait_for_frame()
        if answer.name in TOO_SMALL:
            # Twice what is reckoned anew: bounded, however often it happens.
            self._buffer_bytes = 2 * pixelink_settings.expect_layout(self._features).buffer_bytes
            answer, data = self._wait_for_frame()
        return answer, data

    def believe(self, layout: FrameLayout, data: np.ndarray) -> None:
        """A frame that is not as the camera was set is believed only when the next one says the same."""
        if layout.size_bytes > data.size:
            raise FrameInvalid(f"The frame says it is {layout.columns} x {layout.rows}, more than the camera sent.")
        if layout.resembles(self._expected) or layout.resembles(self._doubted):
            self._expected, self._doubted = layout, None
            return
        self._doubted = layout
        raise FrameInvalid(
            f"The frame says it is {layout.columns} x {layout.rows} in {layout.pixel_format.name}, but the camera was "
            f"set to {self._expected.columns} x {self._expected.rows} in {self._expected.pixel_format.name}."
        )

    def _wait_for_frame(self) -> tuple[Answer, np.ndarray]:
        data = self._buffers.lend(self._buffer_bytes)
        # A last pixel that is cut short must not be filled up from an earlier frame.
        data[self._expected.whole_bytes : self._expected.size_bytes] = 0
        # `interrupt` leaves its mark first and looks for a waiting call then, so one of the two always sees the other.
        self._is_waiting = True
        try:
            if self._interrupted.is_set():
                return Answer("ApiStreamStopped", False, ()), data
            return self._features.sdk.call("getNextNumPyFrame", self._features.handle, data), data
        finally:
            self._is_waiting = False
