"""What a record says, in words for people: groups of label and value.

A record may come from another version, or lack anything: what is not there is a dash.
"""

from collections.abc import Callable
from typing import Any

from images.models import Image

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
EXPOSURE_TOLERANCE = 0.005  # of the value: cameras round to their lines
GAIN_TOLERANCE_DB = 0.05


def describe_facts(image: Image) -> dict[str, Any]:
    record = image.metadata if isinstance(image.metadata, dict) else {}
    actual, frame, camera = part(record, "actual"), part(record, "frame"), part(record, "camera")
    return {
        "settings": describe_settings(part(record, "requested"), actual, image),
        "camera": join(camera.get("model"), camera.get("serialNumber")),
        "temperature": measure(frame.get("sensorTemperatureC"), "{:.1f} °C"),
        "frame": describe_frame(frame),
        "driver": camera.get("driver") or DASH,
        "by": image.user.get_full_name() or image.user.get_username() if image.user else record.get("user") or DASH,
        "position": describe_position(image),
        "file": describe_file(image, part(record, "file"), actual),
        "size": format_bytes(image.file_size),
        "software": record.get("software") or DASH,
        "record_id": str(record.get("id") or DASH),
        "bits": actual.get("significantBits"),
        "sha256": [image.sha256[start : start + 8] for start in range(0, len(image.sha256), 8)],
    }


def describe_settings(asked: dict[str, Any], actual: dict[str, Any], image: Image) -> list[dict[str, Any]]:
    rows = [
        compare(
            "Exposure", asked.get("exposureMs"), image.exposure_ms, format_ms, EXPOSURE_TOLERANCE * image.exposure_ms
        ),
        compare("Gain", asked.get("gainDb"), image.gain_db, format_db, GAIN_TOLERANCE_DB),
        plain("White balance", describe_balance(actual.get("whiteBalance"))),
        plain("Region", describe_region(part(actual, "roi"), image)),
        plain("Pixels", join(actual.get("pixelFormat"), measure(actual.get("significantBits"), "{} bit"))),
    ]
    addressing = part(actual, "pixelAddressing")
    if addressing.get("x", 1) != 1 or addressing.get("y", 1) != 1:
        mode = addressing.get("mode") or "Addressing"
        rows.append(plain(str(mode).capitalize(), f"{addressing.get('x')} {TIMES} {addressing.get('y')}"))
    if actual.get("gamma") is not None:
        rows.append(plain("Gamma", str(actual["gamma"])))
    if turned := describe_orientation(actual):
        rows.append(plain("Turned", turned))
    return rows


def compare(label: str, asked: Any, actual: float, as_text: Callable[[float], str], tolerance: float) -> dict[str, Any]:
    """`differs` where the frame is not what was asked for, beyond the camera's rounding."""
    is_number = isinstance(asked, int | float)
    return {
        "label": label,
        "asked": as_text(asked) if is_number else "As set",
        "actual": as_text(actual),
        "differs": is_number and abs(asked - actual) > tolerance,
    }


def plain(label: str, actual: str) -> dict[str, Any]:
    return {"label": label, "asked": DASH, "actual": actual, "differs": False}


def describe_balance(balance: Any) -> str:
    if not balance:
        return DASH
    named = balance.items() if isinstance(balance, dict) else zip("RGB", balance, strict=False)
    return ", ".join(f"{str(name)[:1].upper()} {value:.2f}" for name, value in named if isinstance(value, int | float))


def describe_region(region: dict[str, Any], image: Image) -> str:
    if not region:
        return f"{image.width} {TIMES} {image.height}"
    left, top = region.get("left", region.get("x", 0)), region.get("top", region.get("y", 0))
    return f"{region.get('width')} {TIMES} {region.get('height')} at {left}, {top}"


def describe_orientation(actual: dict[str, Any]) -> str:
    turns = [f"{actual['rotationDeg']}°"] if actual.get("rotationDeg") else []
    turns += ["flipped left to right"] if actual.get("flipHorizontal") else []
    turns += ["flipped top to bottom"] if actual.get("flipVertical") else []
    return ", ".join(turns)


def describe_frame(frame: dict[str, Any]) -> str:
    tries = frame.get("tries")
    code = frame.get("sdkCode")
    told = {1: "first try", None: None}.get(tries, f"try {tries}")
    return join(frame.get("number"), told, code)


def describe_position(image: Image) -> str:
    places = [("X", image.x_position), ("Y", image.y_position), ("Z", image.z_position)]
    return ", ".join(f"{axis} {value:g}" for axis, value in places if value is not None) or DASH


def describe_file(image: Image, file: dict[str, Any], actual: dict[str, Any]) -> str:
    """`TIFF, 10 bit in 16`, or `JPG, quality 95`."""
    bits, held = actual.get("significantBits"), file.get("bits")
    depth = f"{bits} bit in {held}" if bits and held and bits != held else measure(held, "{} bit")
    quality = measure(file.get("quality"), "quality {}") if file.get("quality") is not None else None
    return join(image.image_format.upper(), depth, quality)


def format_ms(value: float) -> str:
    return f"{value:.2f} ms" if value >= 1 else f"{value:.3g} ms"


def format_db(value: float) -> str:
    return f"{value:.2f} dB"


def format_bytes(count: int) -> str:
    """As shell.js says it."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.1f} {units[0]}" if value < 10 and units[0] in ("MB", "GB", "TB") else f"{value:.0f} {units[0]}"


def measure(value: Any, pattern: str) -> str:
    return DASH if value is None else pattern.format(value)


def join(*values: Any) -> str:
    return ", ".join(str(value) for value in values if value not in (None, "", DASH)) or DASH


def part(record: dict[str, Any], name: str) -> dict[str, Any]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}
