"""Jobs of averages, and a camera whose stream the test writes down, frame by frame."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import numpy as np

from camera.engine.frame_ring import LostFrames
from camera.errors import CameraError
from camera.registry import the_instrument
from camera.results.burst import Burst
from camera.results.taken_frame import TakenFrame
from images.formats import FORMATS
from images.models import Image, Job, JobGap
from images.tests.frames import make_frame, make_taken
from images.tests.jobs import Beside

Item = TakenFrame | LostFrames | CameraError
FRAME_TIME = timedelta(milliseconds=5)


def make_stream(pixels: Iterable[np.ndarray], bits: int, first_number: int = 100) -> list[Item]:
    """Frames in a row with these pixels."""
    began_at = datetime.now(UTC)
    return [
        make_taken(
            make_frame(
                one,
                bits=bits,
                taken_at=began_at + (number - first_number) * FRAME_TIME,
                frame_number=number,
                exposure_ms=5.0,
            )
        )
        for number, one in enumerate(pixels, start=first_number)
    ]


class WrittenBurst:
    """A burst whose frames the test has written down."""

    def __init__(self, items: list[Item]) -> None:
        self._items = items
        self.is_closed = False

    def take(self, timeout_s: float) -> TakenFrame | LostFrames | None:
        if not self._items:
            return None
        item = self._items.pop(0)
        if isinstance(item, CameraError):
            raise item
        return item

    def close(self) -> None:
        self.is_closed = True


@contextmanager
def camera_that_streams(*streams: list[Item]) -> Iterator[list[WrittenBurst]]:
    """Within the block, each burst gets the next of these streams; after the last one the real camera answers. Yields
    the bursts that were begun."""
    instrument, begun = the_instrument(), []
    real = instrument.camera
    left = [list(stream) for stream in streams]

    def begin(count: int, capacity: int, *light: float) -> WrittenBurst | Burst:
        if not left:
            return real.begin_burst(count, capacity, *light)
        begun.append(WrittenBurst(left.pop(0)))
        return begun[-1]

    instrument.camera = Beside(real)
    instrument.camera.begin_burst = begin
    try:
        yield begun
    finally:
        instrument.camera = real


def average_of(frames: int, *exposures_ms: float, **plan) -> dict:
    channels = [{"config": f"{exposure:g} ms", "exposure": exposure} for exposure in exposures_ms or (8,)]
    return {**plan, "channels": channels, "metadata": {"microscope": {"average": frames, "sample": "HeLa"}}}


def lose_rows() -> None:
    for model in (JobGap, Image, Job):
        model.objects.all()._raw_delete("default")


def pixels_of(archive, image: Image) -> np.ndarray:
    return FORMATS[image.image_format].read_pixels(archive.path_of(image.filename))


def add_up(pixels) -> np.ndarray:
    return np.sum([one.astype(np.uint64) for one in pixels], axis=0)
