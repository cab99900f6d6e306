"""What a record says, in words for people: groups of label and value.

A record may come from another version, or lack anything: what is not there is a dash.
"""

from collections.abc import Callable
from typing import Any

from images.models import Calibration, Image, Objective

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
        "by": image.user.display_name if image.user else record.get("user") or DASH,
        "objective": describe_objective(image.objective) if image.objective else DASH,
        "scale": describe_scale(image),
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


def describe_objective(objective: Objective) -> str:
    """`Plan 10x, NA 0.25`."""
    return join(
        objective.name, measure(objective.numerical_aperture, "NA {:g}") if objective.numerical_aperture else None
    )


def describe_scale(image: Image) -> str | None:
    """What one pixel measures, with what is known of how surely. None where the scale is unknown."""
    across, down, calibration = image.um_per_pixel_x, image.um_per_pixel_y, image.calibration
    if across is None or down is None:
        return None
    sides = f"{across:.4g}" if across == down else f"{across:.4g} {TIMES} {down:.4g}"
    if calibration is None or not calibration.uncertainty_um:
        return f"{sides} \N{MICRO SIGN}m/px"
    return f"{sides} \N{MICRO SIGN}m/px \N{PLUS-MINUS SIGN} {describe_share(calibration)}"


def describe_share(calibration: Calibration) -> str:
    """How surely a calibration is known, as a share of it."""
    return f"{100 * (calibration.uncertainty_um or 0) / calibration.um_per_pixel:.2g} %"


def describe_file(image: Image, file: dict[str, Any], actual: dict[str, Any]) -> str:
    """`TIFF, 10 bit in 16`, or `JPG, 8 of 12 bit, quality 95` where the format keeps the upper bits only."""
    depth = describe_depth(actual.get("significantBits"), file.get("bits"))
    quality = measure(file.get("quality"), "quality {}") if file.get("quality") is not None else None
    return join(image.image_format.upper(), depth, quality)


def describe_depth(significant: Any, held: Any) -> str:
    if not isinstance(significant, int) or not isinstance(held, int) or significant == held:
        return measure(held, "{} bit")
    return f"{significant} bit in {held}" if significant < held else f"{held} of {significant} bit"


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
