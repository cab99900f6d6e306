"""From the bytes of a Pixelink frame to pixels. Needs neither stream nor handle, and runs on any thread."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from camera.drivers.pixelink_formats import Allocate, FrameLayout
from camera.drivers.pixelink_sdk import Sdk
from camera.errors import CaptureFailed


@dataclass(frozen=True, slots=True)
class Development:
    """Call it for the pixels, (rows, columns) or (rows, columns, 3), read-only uint8 or uint16.

    `data` holds the frame as it came, `native` is its descriptor. `depth_bits` is how many bits of the result carry
    signal. `allocate` gives memory for the result.
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
        pixels.flags.writeable = False
        return pixels

    def _unpack(self, unpack) -> np.ndarray:
        pixels = unpack(self.data, self.layout.rows, self.layout.columns, self.allocate)
        if self.layout.pixel_format.significant_bits is None:
            pixels >>= 16 - self.depth_bits  # such formats come justified to the most significant bit
        return pixels

    def _convert(self) -> np.ndarray:
        """Colour by the SDK: 8 bit, or 16 bit little-endian justified to the most significant bit."""
        if self.layout.pixel_format.significant_bits == 8:
            return self._format(self.sdk.api.ImageFormat.RAW_RGB24_NON_DIB, "u1")
        pixels = self._format(self.sdk.api.ImageFormat.RAW_RGB48, "<u2").astype(np.uint16, copy=False)
        pixels >>= 16 - self.depth_bits
        return pixels

    def _format(self, image_format: int, sample_type: str) -> np.ndarray:
        name = self.layout.pixel_format.name
        answer = self.sdk.call("formatNumPyImage", self.data, self.native, image_format)
        if not answer.results:
            raise CaptureFailed(f"The camera's library could not convert {name} to colour ({answer.name}).")
        samples = np.frombuffer(answer.results[0], dtype=sample_type)
        shape = (self.layout.rows, self.layout.columns, 3)
        if samples.size < np.prod(shape):
            raise CaptureFailed(f"The camera's library converted {name} to fewer than {shape[1]} x {shape[0]} pixels.")
        return samples[: np.prod(shape)].reshape(shape)
