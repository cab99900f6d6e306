"""The record that travels inside every original: who, when, with what, and what the frame said of itself.

It is JSON, the same for every format. The database is an index of these records: a row can be made again from a
file alone. Version 1; a reader must take what it knows and leave the rest.
"""

import json
import math
import sys
import uuid
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from camera.frame import Frame
from images.errors import NotAnOriginal

SCHEMA = "microscope.image"
VERSION = 1
DISPLAY_BITS = 8
SOFTWARE = "Microscope 0.1"
SIMULATED = "SIMULATED: drawn by a program, no data"


@dataclass(frozen=True, slots=True)
class Position:
    """Where the stage stood, in its own units; None where nobody said."""

    x: float | None = None
    y: float | None = None
    z: float | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """What was asked for; None where the camera's settings were to stay."""

    exposure_ms: float | None = None
    gain_db: float | None = None


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the pixels stand in the file. `quality` only for formats that lose something."""

    format: str
    bits: int
    quality: int | None = None


def make_record(
    frame: Frame,
    *,
    username: str,
    requested: Requested,
    encoding: Encoding,
    position: Position,
    job: dict[str, Any] | None = None,
    sample: str = "",
    note: str = "",
    objective: dict[str, Any] | None = None,
    scale: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
    request_sha256: str | None = None,
) -> dict[str, Any]:
    """The record of a frame about to be kept. Its id is new. For `objective` and `scale` see images.optics and
    images.scale; None is unknown."""
    taken = frame.descriptor
    record = {
        "schema": SCHEMA,
        "version": VERSION,
        "id": str(uuid.uuid4()),
        "capturedAt": format_time(frame.captured_at),
        "user": username,
        "job": job,
        "simulated": frame.is_simulated,
        "requested": {"exposureMs": requested.exposure_ms, "gainDb": requested.gain_db},
        "actual": {
            "exposureMs": taken.exposure_ms,
            "gainDb": taken.gain_db,
            "roi": asdict(taken.roi),
            "pixelAddressing": asdict(taken.addressing),
            "pixelFormat": taken.pixel_format,
            "significantBits": taken.significant_bits,
            "flipHorizontal": taken.flip_horizontal,
            "flipVertical": taken.flip_vertical,
            "rotationDeg": taken.rotation_deg,
            "whiteBalance": taken.white_balance,
            "gamma": taken.gamma,
        },
        "frame": {
            "number": taken.frame_number,
            "cameraTimeS": taken.camera_time_s,
            "sensorTemperatureC": taken.sensor_temperature_c,
            "sdkCode": taken.sdk_code,
            "tries": frame.tries,
        },
        "camera": {**_camel(asdict(frame.camera)), "driver": frame.driver},
        "objective": objective,
        "scale": scale or {"known": False},
        "position": asdict(position),
        "sample": sample or None,
        "note": note or None,
        "image": {"width": frame.width, "height": frame.height, "isColour": frame.is_colour},
        "file": {"format": encoding.format, "bits": encoding.bits, "quality": encoding.quality},
        "software": SOFTWARE,
        "idempotencyKey": idempotency_key,
        "requestSha256": request_sha256,
    }
    return _storable(record)


def dump_record(record: dict[str, Any], is_ascii: bool = True) -> str:
    """One line of JSON. As ASCII every character survives, whatever the format does to text."""
    return json.dumps(record, ensure_ascii=is_ascii, separators=(",", ":"))


def load_record(text: str, where: str = "It") -> dict[str, Any]:
    """The record in a file's text. Raises NotAnOriginal where it is none of ours; `where` is what the text was in."""
    try:
        record = json.loads(text, parse_constant=_refuse)
        is_ours = record["schema"] == SCHEMA and isinstance(record["version"], int)
        is_ours = is_ours and str(uuid.UUID(record["id"])) == record["id"]
        parse_time(record["capturedAt"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as problem:
        raise NotAnOriginal(f"{where} carries no record of this program.") from problem
    if not is_ours:
        raise NotAnOriginal(f"{where} carries the record of another program.")
    return record


def pixel_size_um(record: dict[str, Any]) -> tuple[float, float] | None:
    """How much of the specimen one pixel shows, along x and along y, in micrometres; None where the scale is not
    known. Older records say nothing of it: that is not known either."""
    scale = record.get("scale")
    if not isinstance(scale, dict) or scale.get("known") is not True:
        return None
    said = (scale.get("umPerPixelX"), scale.get("umPerPixelY"))
    sizes_um = [float(size) for size in said if isinstance(size, int | float) and sys.float_info.min <= size < math.inf]
    return (sizes_um[0], sizes_um[1]) if len(sizes_um) == 2 else None


def bits_held(record: dict[str, Any]) -> int:
    """How many bits the values in the file really have: those that carry signal, as far as the format keeps them. A
    JPEG of a deep frame has eight; so has whatever does not say."""
    try:
        return min(record["actual"]["significantBits"], record["file"]["bits"])
    except (KeyError, TypeError):
        return DISPLAY_BITS


def describe_picture(record: dict[str, Any]) -> str:
    """A sentence for programs that show one: that it is no data, what it shows, and its note."""
    parts = [SIMULATED if record["simulated"] else "", record.get("sample") or "", record.get("note") or ""]
    return "\n".join(part for part in parts if part)


def format_time(moment: datetime) -> str:
    """ISO 8601, UTC, milliseconds: 2025-01-16T10:30:45.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _storable(value: Any) -> Any:
    """What JSON and every database can hold: no number that is none, no text with a zero byte or half a character."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _storable(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(part) for part in value]
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _camel(facts: dict[str, Any]) -> dict[str, Any]:
    def rename(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    return {rename(name): value for name, value in facts.items()}
