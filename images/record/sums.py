"""The sum of frames in a record, under the key `sum`. Records of single frames do not have it.

`actual` describes the frames, which are all alike, and the significant bits of the sum. Code that reads a record asks
here, so that no sum is taken for a single frame.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from camera.frame import SummedFrames

# A file with fewer bits holds the mean, as far as its bits go.
SUM_BITS = 32


@dataclass(frozen=True, slots=True)
class SumInFile:
    """What a record says of its sum. What it does not say is None."""

    frames: int
    first_number: int | None
    last_number: int | None
    bits_per_frame: int | None
    total_exposure_ms: float | None


def describe_sum(summed: SummedFrames, last_captured_at: str) -> dict[str, Any]:
    """Return the sum in the form of the record."""
    return {
        "frames": summed.count,
        "firstFrame": summed.first_number,
        "lastFrame": summed.last_number,
        "lastCapturedAt": last_captured_at,
        "bitsPerFrame": summed.bits_per_frame,
        "totalExposureMs": round(summed.total_exposure_ms, 6),
    }


def read_sum(record: Any) -> SumInFile | None:
    """Return what a record says of its sum; None for a single frame. The record may be damaged: any JSON."""
    said = record.get("sum") if isinstance(record, dict) else None
    if not isinstance(said, dict) or not _is_whole(said.get("frames")) or said["frames"] < 2:
        return None
    first, last, bits = (
        value if _is_whole(value := said.get(key)) else None for key in ("firstFrame", "lastFrame", "bitsPerFrame")
    )
    total_ms = said.get("totalExposureMs")
    return SumInFile(said["frames"], first, last, bits, total_ms if isinstance(total_ms, int | float) else None)


def say_sum(record: Mapping[str, Any]) -> str:
    """Return a sentence for programs that show a description; empty for a single frame."""
    summed = read_sum(record)
    if summed is None:
        return ""
    if record["file"]["bits"] < SUM_BITS:
        return f"The mean of {summed.frames} frames."
    return f"The exact sum of {summed.frames} frames: divide the values by {summed.frames} for the mean."


def find_exposure_ms(record: Mapping[str, Any]) -> float | None:
    """Return for how long the light of the values was gathered: of a sum, in all its frames."""
    summed = read_sum(record)
    known_ms: float | None = record["actual"]["exposureMs"]
    return known_ms if summed is None or summed.total_exposure_ms is None else summed.total_exposure_ms


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
