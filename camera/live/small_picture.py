"""A small picture of what the camera sees, for pages that show several microscopes."""

import contextlib
import time

from PIL import Image

from camera.errors import CameraError
from camera.frame import to_display
from camera.memory import as_picture, open_memory_file
from camera.results.taken_frame import develop
from camera.service import Camera

MAX_SIDE_PX = 480
QUALITY = 75
MAX_AGE_S = 10.0


def make_small_picture(camera: Camera) -> bytes | None:
    """Return the newest frame as a JPEG of at most 480 pixels, or None if the camera does not stream now. It does not
    let the camera stream for this."""
    newest = None
    if camera.newest_count:
        with contextlib.suppress(CameraError):
            # After the last one but one, so that the newest counts as new, and without waiting.
            newest = camera.wait_for_newest(camera.newest_count - 1, 0.0)
    if newest is None or time.perf_counter() - newest.raw.received_at_s > MAX_AGE_S:
        return None
    frame = develop(newest.raw, newest.source)
    with as_picture(to_display(frame.pixels, frame.descriptor.significant_bits)) as picture:
        factor = max(1, max(picture.size) // MAX_SIDE_PX)
        small = picture.reduce(factor) if factor > 1 else picture.copy()
    small.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.BILINEAR)
    with open_memory_file() as file:
        small.save(file, "JPEG", quality=QUALITY)
        file.seek(0)
        return file.read()
