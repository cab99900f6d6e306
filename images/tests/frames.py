"""Frames like those of a camera, with settings that the test chooses."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import numpy as np

from camera.engine.requests import Source
from camera.frame import Binning, CameraIdentity, Descriptor, Frame, RawFrame, Roi
from camera.frame_sum import FrameSum
from camera.results.taken_frame import TakenFrame
from images.editable_fields import take_editable
from images.formats import FORMATS
from images.record.image import Requested, make_record

TAKEN_AT = datetime(2025, 1, 16, 10, 30, 45, 123_456, tzinfo=UTC)


def make_pixels(width: int = 64, height: int = 48, bits: int = 8, is_colour: bool = True) -> np.ndarray:
    """Return noise over the full depth. It compresses badly, so that files have some length."""
    shape = (height, width, 3) if is_colour else (height, width)
    kind = np.uint8 if bits <= 8 else np.uint16
    return np.random.default_rng(7).integers(0, 2**bits, shape, dtype=kind)


def make_frame(pixels: np.ndarray | None = None, bits: int = 8, taken_at: datetime = TAKEN_AT, **said: Any) -> Frame:
    """Return a frame. `said` replaces values of its descriptor."""
    pixels = make_pixels(bits=bits) if pixels is None else pixels
    height, width = pixels.shape[:2]
    descriptor = Descriptor(
        frame_number=42,
        exposure_ms=100.0,
        gain_db=1.5,
        roi=Roi(0, 0, width, height),
        binning=Binning(),
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


def make_sum(pixels: Sequence[np.ndarray], bits: int, **said: Any) -> Frame:
    """Return the sum of frames with these pixels, the first of which is frame 42."""
    total = FrameSum(len(pixels))
    for number, one in enumerate(pixels, start=42):
        total.add(make_frame(one, bits=bits, frame_number=number, **said))
    return total.frame


def make_taken(frame: Frame, develop: Callable[[], np.ndarray] | None = None) -> TakenFrame:
    """Return a frame as the camera hands it out: its pixels are made later, by `develop` or from the frame."""
    raw = RawFrame(
        frame.descriptor,
        develop or (lambda: frame.pixels),
        received_at_s=0.0,
        label_rows=frame.label_rows,
        warnings=frame.warnings,
    )
    source = Source(frame.camera, frame.driver, frame.is_simulated, None)
    return TakenFrame(raw, source, frame.captured_at, frame.tries)


def make_record_of(frame: Frame, image_format: str = "jpg", username: str = "ada", **fields: Any) -> dict[str, Any]:
    """Return the record of a frame. `fields`: arguments of `make_record`, and editable fields by column."""
    encoding = FORMATS[image_format].encoding_of(frame.pixels, 95)
    editable = take_editable(fields)
    others = {name: fact for name, fact in fields.items() if name not in editable}
    return make_record(
        frame, username=username, encoding=encoding, editable=editable, **{"requested": Requested(), **others}
    )
