"""The fields of a record as text for the page of an image: groups of label and value.

A record may come from another version of the program, and any part of it may be missing. What is missing is a dash.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import dateformat, timezone

from images.editable_fields import NUMBERS, describe_value, nest, values_in_row
from images.index.others.changes import is_of_this_pc
from images.models import Calibration, Image, Objective
from images.record.image import part
from images.record.sums import SumInFile, read_sum

DASH = "\N{EN DASH}"
TIMES = "\N{MULTIPLICATION SIGN}"
EXPOSURE_TOLERANCE = 0.005  # of the value: cameras round the exposure to whole sensor lines
GAIN_TOLERANCE_DB = 0.05


PIXELS = {
    None: "Unknown: the record has no checksum of the pixels",
    False: "As captured",
    True: "Changed since capture: they differ from the checksum in the record",
}


NAMES = {
    "exposureMs": "exposure",
    "gainDb": "gain",
    "roi": "region",
    "binning": "binning",
    "pixelFormat": "pixel format",
    "flipHorizontal": "left to right",
    "flipVertical": "top to bottom",
    "rotationDeg": "rotation",
    "whiteBalance": "white balance",
}


# The words of the live page.
BINNING_MODES = {"average": "Average", "bin": "Sum", "decimate": "Skip"}


def describe_display_fields(image: Image) -> dict[str, Any]:
    # Any JSON can be in this column of a damaged database. The page must still show the image.
    record = image.metadata if isinstance(image.metadata, dict) else {}
    actual, frame, camera = part(record, "actual"), part(record, "frame"), part(record, "camera")
    summed = read_sum(record)
    return {
        "settings": describe_settings(part(record, "requested"), actual, image, summed),
        "camera": join(camera.get("model"), camera.get("serialNumber")),
        "temperature": measure(frame.get("sensorTemperatureC"), "{:.1f} °C"),
        "frame": describe_frame(frame),
        "driver": camera.get("driver") or DASH,
        "warnings": describe_warnings(record.get("warnings")),
        "by": image.user.display_name if image.user else describe_unknown_person(record.get("user")),
        "objective": describe_objective(image.objective) if image.objective else DASH,
        "scale": describe_scale(image),
        "numbers": describe_statistics(image),
        "file": describe_file(image, part(record, "file"), actual),
        "pixels": PIXELS[image.changed_since_capture],
        "size": format_bytes(image.file_size),
        "kept": describe_place(image),
        "is_clock_in_doubt": record.get("clockInDoubt") is True,
        "software": record.get("software") or DASH,
        "record_id": str(record.get("id") or DASH),
        # Screens show the mean of a sum, so the histogram is one of a frame's values.
        "bits": summed.bits_per_frame if summed else actual.get("significantBits"),
        # In groups of eight, so that people can compare two sums by eye.
        "sha256": [image.sha256[start : start + 8] for start in range(0, len(image.sha256), 8)],
    }


# Words for pictures whose original is not simply on this disk, so that people know it. gallery/grid.js has the same
# words.
PLACE_WORDS = {
    Image.Place.STORE: "In the store",
    Image.Place.CONFLICT: "Store differs",
    Image.Place.LOST: "Lost by the store",
}


def describe_place(image: Image) -> str:
    """Return where the original is kept; empty on a PC alone, where there is only one place."""
    pc = f"the PC of {image.instrument.name}" if image.instrument and not is_of_this_pc(image) else "this PC"
    looked = f", read back and found whole on {_day(image.verified_at)}" if image.verified_at else ""
    left = f"It left {pc} on {_day(image.evicted_at)}" if image.evicted_at else ""
    if image.place == Image.Place.BOTH:
        return f"On {pc}, and in the store since {_day(image.stored_at)}{looked}"
    if image.place == Image.Place.STORE:
        return ". ".join(filter(None, [f"In the store since {_day(image.stored_at)}{looked}", left]))
    if image.place == Image.Place.CONFLICT:
        return f"{left or f'On {pc}'}. The store has other bytes under its key: a manager should look at them"
    if image.place == Image.Place.LOST:
        return ". ".join(filter(None, ["The store has lost it: a manager should look for it", left]))
    return f"On {pc}; it waits for the store" if settings.S3_BUCKET else ""


def _day(moment: datetime | None) -> str:
    return dateformat.format(timezone.localtime(moment), "j F Y") if moment else DASH


def describe_unknown_person(name: Any) -> str:
    """Return the name from the file. It may not link to a user: one of the same name may be another person."""
    return f"{name} (as written in the file; not a user of this library)" if name else DASH


def describe_settings(
    asked: dict[str, Any], actual: dict[str, Any], image: Image, summed: SumInFile | None = None
) -> list[dict[str, Any]]:
    bits = summed.bits_per_frame if summed else actual.get("significantBits")
    rows = [
        compare(
            "Exposure", asked.get("exposureMs"), image.exposure_ms, format_ms, EXPOSURE_TOLERANCE * image.exposure_ms
        ),
        compare("Gain", asked.get("gainDb"), image.gain_db, format_db, GAIN_TOLERANCE_DB),
        plain("White balance", describe_balance(actual.get("whiteBalance"))),
        plain("Region", describe_region(part(actual, "roi"), image)),
        plain("Pixels", join(actual.get("pixelFormat"), measure(bits, "{} bit a frame" if summed else "{} bit"))),
    ]
    if summed:
        rows.insert(1, plain("Added up", describe_added(summed)))
    if binning := describe_binning(part(actual, "binning")):
        rows.append(plain("Binning", binning))
    if actual.get("gamma") is not None:
        rows.append(plain("Gamma", str(actual["gamma"])))
    if turned := describe_orientation(actual):
        rows.append(plain("Turned", turned))
    if as_set := actual.get("asSet"):
        rows.append(plain("As set, not read from the frame", ", ".join(NAMES.get(name, str(name)) for name in as_set)))
    return rows


def describe_binning(binning: dict[str, Any]) -> str:
    """Return factors and mode, such as `2 x 2, Average`; empty if each pixel of the picture is one of the sensor."""
    if binning.get("x", 1) == 1 and binning.get("y", 1) == 1:
        return ""
    mode = str(binning.get("mode") or "")
    blocks = f"{binning.get('x')} {TIMES} {binning.get('y')}"
    return f"{blocks}, {BINNING_MODES.get(mode, mode)}" if mode else blocks


def describe_added(summed: SumInFile) -> str:
    """Return `16 frames, No. 101 to 116, 399.68 ms of light`. The numbers are the camera's own."""
    first, last, total_ms = summed.first_number, summed.last_number, summed.total_exposure_ms
    which = None if first is None or last is None else f"No. {first} to {last}"
    light = None if total_ms is None else f"{format_ms(total_ms)} of light"
    return join(f"{summed.frames:,} frames", which, light)


def compare(label: str, asked: Any, actual: float, as_text: Callable[[float], str], tolerance: float) -> dict[str, Any]:
    """Return the row of a setting. `differs` is true if the frame differs from the request by more than rounding."""
    # None: the user asked for nothing, so the camera's setting stayed.
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
    # A driver gives one factor for each colour, by name or in the order red, green, blue.
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
    code = frame.get("driverStatus")
    attempt = {1: "first try", None: None}.get(tries, f"try {tries}")
    return join(frame.get("number"), attempt, code)


def describe_warnings(warnings: Any) -> list[str]:
    """Return the warnings of the camera at the time of the capture, as sentences."""
    known = warnings if isinstance(warnings, list) else []
    return [str(warning["message"]) for warning in known if isinstance(warning, dict) and warning.get("message")]


def describe_statistics(image: Image) -> list[dict[str, str]]:
    """Return the numbers that users entered, one row for each group."""
    nested = nest(values_in_row(image))
    return [
        {"label": label, "value": describe_value(nested[key]) or DASH}
        for label, key in {field.label: field.top_key for field in NUMBERS}.items()
    ]


def describe_objective(objective: Objective) -> str:
    """Return the objective as text: `Plan 10x, NA 0.25`."""
    return join(
        objective.name, measure(objective.numerical_aperture, "NA {:g}") if objective.numerical_aperture else None
    )


def describe_scale(image: Image) -> str | None:
    """Return the size of a pixel with its uncertainty: `0.65 µm/px ± 0.5 %`. None if the scale is unknown."""
    across, down, calibration = image.um_per_pixel_x, image.um_per_pixel_y, image.calibration
    if across is None or down is None:
        return None
    sides = f"{across:.4g}" if across == down else f"{across:.4g} {TIMES} {down:.4g}"
    if calibration is None or not calibration.uncertainty_um:
        return f"{sides} \N{MICRO SIGN}m/px"
    return f"{sides} \N{MICRO SIGN}m/px \N{PLUS-MINUS SIGN} {describe_share(calibration)}"


def describe_share(calibration: Calibration) -> str:
    """Return the relative uncertainty of a calibration: `0.5 %`."""
    return f"{100 * (calibration.uncertainty_um or 0) / calibration.um_per_pixel:.2g} %"


def describe_file(image: Image, file: dict[str, Any], actual: dict[str, Any]) -> str:
    """Return `TIFF, 10 bit in 16`, or `JPG, 8 of 12 bit, quality 95` if the format keeps only the upper bits."""
    depth = describe_depth(actual.get("significantBits"), file.get("bits"))
    quality = measure(file.get("quality"), "quality {}") if file.get("quality") is not None else None
    return join(image.image_format.upper(), depth, quality)


def describe_depth(significant: Any, held: Any) -> str:
    # JPEG keeps the upper bits of a deeper frame. The other formats keep all bits, in values of 8 or 16.
    if not isinstance(significant, int) or not isinstance(held, int) or significant == held:
        return measure(held, "{} bit")
    return f"{significant} bit in {held}" if significant < held else f"{held} of {significant} bit"


def format_ms(value: float) -> str:
    return f"{value:.2f} ms" if value >= 1 else f"{value:.3g} ms"


def format_db(value: float) -> str:
    return f"{value:.2f} dB"


def format_bytes(count: int) -> str:
    """Format a size as `formatBytes` in shell.js does, because the page shows both."""
    value, units = float(count), ["B", "kB", "MB", "GB", "TB"]
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:.1f} {units[0]}" if value < 10 and units[0] in ("MB", "GB", "TB") else f"{value:.0f} {units[0]}"


def measure(value: Any, pattern: str) -> str:
    return DASH if value is None else pattern.format(value)


def join(*values: Any) -> str:
    return ", ".join(str(value) for value in values if value not in (None, "", DASH)) or DASH
