"""One picture of the live view, made once for all watchers."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import BinaryIO

from camera.frame import RawFrame
from camera.live.statistics import Statistics
from camera.memory import as_picture

QUALITY = 80


@dataclass(frozen=True)
class LivePicture:
    """One JPEG of the live view with the frame it shows and that frame's statistics, computed once for all watchers.

    `count` rises with each picture. `width` and `height` are those of the frame, in pixels.
    """

    count: int
    jpeg: bytes
    raw: RawFrame
    statistics: Statistics
    width: int
    height: int

    @property
    def age_ms(self) -> float:
        return (time.perf_counter() - self.raw.received_at_s) * 1000

    @cached_property
    def received_at(self) -> datetime:
        """When the frame arrived, in UTC."""
        return datetime.now(UTC) - timedelta(milliseconds=self.age_ms)

    @cached_property
    def lasting_headers(self) -> dict[str, str]:
        """The HTTP headers of the picture, made once for all watchers. The age is not among them, because it changes.
        Semicolons separate the channels of the histogram, commas its counts. The region is left, top, width, height."""
        taken, statistics = self.raw.descriptor, self.statistics
        roi = taken.roi
        flips = (("horizontal", taken.flip_horizontal), ("vertical", taken.flip_vertical))
        return {
            "X-Frame-Number": str(taken.frame_number),
            "X-Frame-Received-At": self.received_at.isoformat(),
            "X-Frame-Width": str(self.width),
            "X-Frame-Height": str(self.height),
            "X-Significant-Bits": str(taken.significant_bits),
            "X-Roi": f"{roi.left},{roi.top},{roi.width},{roi.height}",
            "X-Binning": f"{taken.binning.x}x{taken.binning.y}",
            "X-Flip": ",".join(name for name, is_flipped in flips if is_flipped) or "none",
            "X-Rotation-Deg": str(taken.rotation_deg),
            "X-Exposure-Ms": f"{taken.exposure_ms:g}",
            "X-Gain-Db": f"{taken.gain_db:g}",
            "X-Histogram": ";".join(",".join(map(str, channel)) for channel in statistics.histogram),
            "X-Clipped": f"{statistics.clipped:.6f}",
            "X-Underexposed": f"{statistics.underexposed:.6f}",
            "X-Focus": f"{statistics.focus:.6g}",
            "Cache-Control": "no-store",
        }


def encode_jpeg(pixels, scratch: BinaryIO, quality: int = QUALITY) -> bytes:
    """Return the JPEG of 8-bit pixels. `scratch` is a file with a descriptor: Pillow releases the GIL only while it
    writes to one."""
    scratch.seek(0)
    with as_picture(pixels) as picture:
        picture.save(scratch, "JPEG", quality=quality)
    # The file is reused, so bytes of an earlier, larger picture may follow.
    size = scratch.tell()
    scratch.seek(0)
    return scratch.read(size)
