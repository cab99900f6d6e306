"""Frames as a camera could have given them, made to measure."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from camera.frame import CameraIdentity, Descriptor, Frame, PixelAddressing, Roi
from images.formats import FORMATS
from images.record import Position, Requested, make_record

TAKEN_AT = datetime(2025, 1, 16, 10, 30, 45, 123_456, tzinfo=UTC)


def make_pixels(width: int = 64, height: int = 48, bits: int = 8, is_colour: bool = True) -> np.ndarray:
    """Noise over the full depth: hard to compress, so that a file has some length."""
    shape = (height, width, 3) if is_colour else (height, width)
    kind = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(7).integers(0, 2**bits, shape, dtype=kind)


def make_frame(pixels: np.ndarray | None = None, bits: int = 8, taken_at: datetime = TAKEN_AT, **said: Any) -> Frame:
    """`said`: what the descriptor says otherwise."""
    pixels = make_pixels(bits=bits) if pixels is None else pixels
    height, width = pixels.shape[:2]
    descriptor = Descriptor(
        frame_number=42,
        exposure_ms=100.0,
        gain_db=1.5,
        roi=Roi(0, 0, width, height),
        addressing=PixelAddressing(),
        pixel_format="RGB24" if pixels.ndim == 3 else "MONO8",
        significant_bits=bits,
    )
    return Frame(
        pixels=pixels,
        descriptor=replace(descriptor, **said),
        camera=CameraIdentity("Pixelink", "PL-D752", "775001234"),
        driver="pixelink",
        is_simulated=False,
        captured_at=taken_at,
    )


def make_record_of(frame: Frame, image_format: str = "jpg", username: str = "ada", **facts: Any) -> dict[str, Any]:
    encoding = FORMATS[image_format].encoding_of(frame.pixels, 95)
    return make_record(
        frame, username=username, encoding=encoding, **{"requested": Requested(), "position": Position(), **facts}
    )
