"""The record inside every original: who captured it, when, with which instrument, and the metadata of the frame.

It is JSON, the same for every file format. The database is an index of these records: a row can be made again from the
file alone. Readers ignore keys that they do not know. `VERSION` rises if a key gets another name or meaning; records
of earlier versions are read in today's form (images/older_versions.py).
"""

import json
import math
import sys
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from django.conf import settings

from camera.frame import Frame
from images.editable_fields import TEXTS, nest_for_record
from images.errors import NotAnOriginal
from images.older_versions import RECORD_VERSION, upgrade_record
from images.record.sums import describe_sum, say_sum

SCHEMA = "microscope.image"
VERSION = RECORD_VERSION
DISPLAY_BITS = 8
SIMULATED = "SIMULATED: drawn by a program, no data"


@dataclass(frozen=True, slots=True)
class Requested:
    """The exposure and gain that were requested; None if the camera's setting was to stay."""

    exposure_ms: float | None = None
    gain_db: float | None = None


@dataclass(frozen=True, slots=True)
class Encoding:
    """How the file stores the pixels. `quality` is None for lossless formats."""

    format: str
    bits: int
    quality: int | None = None


def make_record(
    frame: Frame,
    *,
    username: str,
    user_id: str | None = None,
    requested: Requested,
    encoding: Encoding,
    editable: Mapping[str, Any],
    job: dict[str, Any] | None = None,
    objective: dict[str, Any] | None = None,
    scale: dict[str, Any] | None = None,
    idempotency_key: str | None = None,
    request_sha256: str | None = None,
    is_clock_in_doubt: bool = False,
) -> dict[str, Any]:
    """Return the record of a frame that is about to be saved, with a new id. `user_id` is the user's lasting id.
    `editable` holds what the user wrote, by column (images.editable_fields). For `objective` and `scale` see
    images.record.optics and images.calibration.scale; None means unknown."""
    taken = frame.descriptor
    record = {
        "schema": SCHEMA,
        "version": VERSION,
        "id": str(uuid.uuid4()),
        "capturedAt": format_time(frame.captured_at),
        "clockInDoubt": is_clock_in_doubt,
        "user": username,
        "userId": user_id,
        "job": job,
        "simulated": frame.is_simulated,
        "requested": {"exposureMs": requested.exposure_ms, "gainDb": requested.gain_db},
        "actual": {
            "exposureMs": taken.exposure_ms,
            "gainDb": taken.gain_db,
            "roi": asdict(taken.roi),
            "binning": asdict(taken.binning),
            "pixelFormat": taken.pixel_format,
            "significantBits": taken.significant_bits,
            "flipHorizontal": taken.flip_horizontal,
            "flipVertical": taken.flip_vertical,
            "rotationDeg": taken.rotation_deg,
            "whiteBalance": taken.white_balance,
            "gamma": taken.gamma,
            # These values are the settings, because the frame itself does not carry them.
            "asSet": sorted(_camel(dict.fromkeys(taken.as_set))),
        },
        "frame": {
            "number": taken.frame_number,
            "cameraTimeS": taken.camera_time_s,
            "sensorTemperatureC": taken.sensor_temperature_c,
            "driverStatus": taken.driver_status,
            "tries": frame.tries,
        },
        **_describe_sum(frame),
        "warnings": [asdict(warning) for warning in frame.warnings],
        "camera": {**_camel(asdict(frame.camera)), "driver": frame.driver},
        "objective": objective,
        "scale": scale or {"known": False},
        **nest_for_record(editable),
        "image": {"width": frame.width, "height": frame.height, "isColour": frame.is_colour},
        "file": {"format": encoding.format, "bits": encoding.bits, "quality": encoding.quality},
        "software": f"Microscope {settings.VERSION}",
        "idempotencyKey": idempotency_key,
        "requestSha256": request_sha256,
    }
    # A file must not carry what its row cannot hold: the row is made from it again.
    return _storable(record)


def _describe_sum(frame: Frame) -> dict[str, Any]:
    summed = frame.summed
    return {"sum": describe_sum(summed, format_time(summed.last_captured_at))} if summed else {}


def dump_record(record: dict[str, Any], is_ascii: bool = True) -> str:
    """Return the record as one line of JSON. In ASCII, every character survives any encoding of the file format."""
    return json.dumps(record, ensure_ascii=is_ascii, separators=(",", ":"))


def load_record(text: str, where: str = "It") -> dict[str, Any]:
    """Return the record in a file's text, in today's form. Raises NotAnOriginal if it is not a record of this program;
    `where` names the file in the message."""
    try:
        # Python reads NaN and Infinity, which are no JSON. Databases refuse them.
        record = json.loads(text, parse_constant=_refuse)
        is_ours = record["schema"] == SCHEMA and isinstance(record["version"], int)
        # UUID() accepts several spellings of one id. Only one is valid here, because ids are compared as texts.
        is_ours = is_ours and str(uuid.UUID(record["id"])) == record["id"]
        parse_time(record["capturedAt"])
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as problem:
        raise NotAnOriginal(f"{where} carries no record of this program.") from problem
    if not is_ours:
        raise NotAnOriginal(f"{where} carries the record of another program.")
    return upgrade_record(record)


def pixel_size_um(record: dict[str, Any]) -> tuple[float, float] | None:
    """Return the size of a pixel on the specimen, along x and y, in micrometres. Returns None if the scale is unknown,
    as in records from before there were calibrations."""
    scale = record.get("scale")
    if not isinstance(scale, dict) or scale.get("known") is not True:
        return None
    # The record may come from a file that somebody edited: each value can be missing, zero, infinite or a text.
    said = (scale.get("umPerPixelX"), scale.get("umPerPixelY"))
    sizes_um = [float(size) for size in said if isinstance(size, int | float) and sys.float_info.min <= size < math.inf]
    return (sizes_um[0], sizes_um[1]) if len(sizes_um) == 2 else None


def has_density(record: dict[str, Any]) -> bool:
    """Return True if the file states its resolution: originals and TIFF exports, which are for measuring. PNG and JPEG
    exports do not: presentation programs take pixels per centimetre of the specimen for pixels per centimetre of paper,
    and show the picture a hair wide."""
    return "export" not in record or record["file"]["format"] == "tiff"


def bits_held(record: dict[str, Any]) -> int:
    """Return the significant bits of the values in the file: those of the frame, as far as the format keeps them. A
    JPEG of a 12-bit frame has 8. A record that does not say has 8 too."""
    try:
        return min(record["actual"]["significantBits"], record["file"]["bits"])
    except (KeyError, TypeError):
        return DISPLAY_BITS


def describe_picture(record: dict[str, Any]) -> str:
    """Return a text for programs that show a description: the texts of the user, after a warning if the image is
    simulated, and after what its values are if they are sums."""
    parts = [SIMULATED if record["simulated"] else "", say_sum(record), *(record.get(field.key) for field in TEXTS)]
    return "\n".join(part for part in parts if part)


def format_time(moment: datetime) -> str:
    """Return the time in ISO 8601, UTC, with milliseconds: 2025-01-16T10:30:45.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def _storable(value: Any) -> Any:
    """Return the value without what JSON or a database refuses: NaN and infinity become None, zero bytes are removed,
    halves of characters (lone surrogates) become question marks."""
    if isinstance(value, str):
        is_plain = value.isascii() and "\0" not in value
        return value if is_plain else value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _storable(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(part) for part in value]
    return value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _camel(fields: dict[str, Any]) -> dict[str, Any]:
    def rename(name: str) -> str:
        first, *rest = name.split("_")
        return first + "".join(word.capitalize() for word in rest)

    return {rename(name): value for name, value in fields.items()}


def part(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}
