"""One picture of the live view: made once, for all who watch."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import BinaryIO

from PIL import Image

from camera.frame import RawFrame
from camera.numbers import Numbers

QUALITY = 80


@dataclass(frozen=True)
class LivePicture:
    """One JPEG of the live view with the frame it shows and that frame's numbers, computed once for all watchers.

    `count` rises with each; `width` and `height` are the frame's, in pixels.
    """

    count: int
    jpeg: bytes
    raw: RawFrame
    numbers: Numbers
    width: int
    height: int

    @property
    def age_ms(self) -> float:
        return (time.perf_counter() - self.raw.received_at_s) * 1000

    @cached_property
    def received_at(self) -> datetime:
        """When the frame came, UTC."""
        return datetime.now(UTC) - timedelta(milliseconds=self.age_ms)

    @cached_property
    def lasting_headers(self) -> dict[str, str]:
        """What belongs to the picture, as headers, made once for all watchers; its age is not among them. Channels of
        the histogram are parted by semicolons, counts by commas; the region is left, top, width, height."""
        taken, numbers = self.raw.descriptor, self.numbers
        roi = taken.roi
        flips = (("horizontal", taken.flip_horizontal), ("vertical", taken.flip_vertical))
        return {
            "X-Frame-Number": str(taken.frame_number),
            "X-Frame-Received-At": self.received_at.isoformat(),
            "X-Frame-Width": str(self.width),
            "X-Frame-Height": str(self.height),
            "X-Significant-Bits": str(taken.significant_bits),
            "X-Roi": f"{roi.left},{roi.top},{roi.width},{roi.height}",
            "X-Pixel-Addressing": f"{taken.addressing.x}x{taken.addressing.y}",
            "X-Flip": ",".join(name for name, is_flipped in flips if is_flipped) or "none",
            "X-Rotation-Deg": str(taken.rotation_deg),
            "X-Exposure-Ms": f"{taken.exposure_ms:g}",
            "X-Gain-Db": f"{taken.gain_db:g}",
            "X-Histogram": ";".join(",".join(map(str, channel)) for channel in numbers.histogram),
            "X-Clipped": f"{numbers.clipped:.6f}",
            "X-Black": f"{numbers.black:.6f}",
            "X-Focus": f"{numbers.focus:.6g}",
            "Cache-Control": "no-store",
        }


def encode_jpeg(pixels, scratch: BinaryIO, quality: int = QUALITY) -> bytes:
    """JPEG of 8-bit pixels. `scratch` is a real file: Pillow lets other threads run only while it writes to one."""
    scratch.seek(0)
    Image.fromarray(pixels).save(scratch, "JPEG", quality=quality)
    size = scratch.tell()
    scratch.seek(0)
    return scratch.read(size)
