"""One file of each format and depth, mono and colour, with a scale and without: what other programs are shown."""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from camera.frame import to_display
from images.formats import FORMATS
from images.tests.frames import make_frame, make_record_of
from images.tests.records import OBJECTIVE, SCALE, UNKNOWN_SCALE

WIDTH, HEIGHT = 40, 24
UM_PER_PIXEL = SCALE["umPerPixelX"], SCALE["umPerPixelY"]
DEPTHS = (8, 10, 12, 16)
EXPOSURE_MS = 12.5
USER = "José Núñez 山田 µ"
NOTE = "5 µm beads, 細胞 <&>"


@dataclass(frozen=True, slots=True)
class Sample:
    """`pixels` are those the camera gave, `kept` those that the format keeps of them; JPEG keeps about those."""

    path: Path
    image_format: str
    pixels: np.ndarray
    kept: np.ndarray
    bits: int
    is_scaled: bool
    record: dict[str, Any]

    @property
    def is_colour(self) -> bool:
        return self.pixels.ndim == 3

    def agrees_with(self, values: np.ndarray) -> bool:
        """Whether these are the pixels; JPEG may be off by a little."""
        difference = np.abs(np.asarray(values, dtype=int) - self.kept.astype(int)).max()
        return bool(difference <= self.tolerance)

    @property
    def tolerance(self) -> int:
        """What the format may lose of a smooth slope: JPEG of colour halves the resolution of hues."""
        return 0 if self.image_format != "jpg" else 12 if self.is_colour else 4


def make_samples(folder: Path) -> list[Sample]:
    kinds = itertools.product(FORMATS, DEPTHS, (False, True), (False, True))
    return [make_sample(folder, *kind) for kind in kinds]


def make_sample(folder: Path, image_format: str, bits: int, is_colour: bool, is_scaled: bool) -> Sample:
    known, pixels = FORMATS[image_format], make_slopes(bits, is_colour)
    frame = make_frame(pixels, bits=bits, exposure_ms=EXPOSURE_MS)
    said = {"x_position": 1.5, "y_position": -2.25, "z_position": 3.0, "note": NOTE, "sample": "µ-beads"}
    record = make_record_of(frame, image_format, USER, **said)
    record |= {"objective": OBJECTIVE if is_scaled else None, "scale": SCALE if is_scaled else UNKNOWN_SCALE}
    name = f"{image_format}-{bits}-{'colour' if is_colour else 'mono'}-{'scaled' if is_scaled else 'unscaled'}"
    path = folder / f"{name}{known.extension}"
    with path.open("w+b") as file:
        known.write(file, frame.pixels, record, 100)
    kept = pixels if known.bits(frame.pixels) == 16 else to_display(pixels, bits)
    return Sample(path, image_format, pixels, kept, bits, is_scaled, record)


def make_slopes(bits: int, is_colour: bool) -> np.ndarray:
    """From zero to the largest value along one side: smooth, so that JPEG keeps it, and every pixel tells its place."""
    across = np.linspace(0, 2**bits - 1, WIDTH)
    down = np.linspace(2**bits - 1, 0, HEIGHT)
    grey = (across[None, :] + down[:, None]) / 2
    planes = np.dstack([grey, np.flipud(grey), np.fliplr(grey)]) if is_colour else grey
    return np.ascontiguousarray(planes.round().astype(np.uint8 if bits == 8 else np.uint16))
