"""Checks a settings request against the limits before the camera is asked. Messages use the field names of the API."""

import math
from collections.abc import Iterator

from camera.drivers.limits import Limits, Range, RoiLimits
from camera.drivers.settings import SettingsRequest
from camera.errors import SettingOutOfRange, SettingRefused
from camera.frame import Binning, Roi

Refusal = tuple[str, str]


def check(wanted: SettingsRequest, limits: Limits) -> None:
    """Raise SettingRefused for features that the camera lacks, SettingOutOfRange for values outside its limits. The
    error names all invalid fields."""
    lacking = dict(_find_lacking(wanted, limits))
    refused = {**dict(_find_outside(wanted, limits)), **lacking}
    if refused:
        kind = SettingRefused if lacking else SettingOutOfRange
        message = " ".join(f"{name}: {sentence}" for name, sentence in refused.items())
        raise kind(message, {name: [sentence] for name, sentence in refused.items()})


def _find_lacking(wanted: SettingsRequest, limits: Limits) -> Iterator[Refusal]:
    if wanted.roi is not None and limits.roi is None:
        yield "roi", "This camera cannot change its region."
    if limits.binning is None and wanted.binning and (wanted.binning.x, wanted.binning.y) != (1, 1):
        yield "binning", "This camera cannot bin or skip pixels."
    for name, flip in (("flipHorizontal", wanted.flip_horizontal), ("flipVertical", wanted.flip_vertical)):
        if flip and not limits.may_flip:
            yield name, "This camera cannot flip its picture."
    if wanted.rotation_deg and limits.rotations_deg == (0,):
        yield "rotation", "This camera cannot rotate its picture."
    if wanted.gamma not in (None, 1) and limits.gamma is None:
        yield "gamma", "This camera has no gamma."
    if wanted.white_balance is not None and limits.white_balance is None:
        yield "whiteBalance", "This camera has no white balance."


def _find_outside(wanted: SettingsRequest, limits: Limits) -> Iterator[Refusal]:
    if wanted.exposure_ms is not None and not (wanted.exposure_ms > 0 and wanted.exposure_ms in limits.exposure_ms):
        yield "exposure", _refuse(wanted.exposure_ms, limits.exposure_ms, " ms")
    if wanted.gain_db is not None and wanted.gain_db not in limits.gain_db:
        yield "gain", _refuse(wanted.gain_db, limits.gain_db, " dB")
    if wanted.roi and limits.roi and wanted.roi not in limits.roi:
        yield "roi", _refuse_roi(wanted.roi, limits.roi)
    yield from _find_binning_outside(wanted.binning, limits)
    names = [offered.name for offered in limits.pixel_formats]
    if wanted.pixel_format is not None and wanted.pixel_format not in names:
        yield "pixelFormat", f"Must be one of {', '.join(names)}; got {wanted.pixel_format}."
    if wanted.rotation_deg is not None and wanted.rotation_deg not in limits.rotations_deg:
        yield "rotation", f"Must be one of {_list(limits.rotations_deg)} degrees; got {wanted.rotation_deg}."
    yield from _find_look_outside(wanted, limits)


def _find_binning_outside(wanted: Binning | None, limits: Limits) -> Iterator[Refusal]:
    allowed = limits.binning
    if wanted is None or allowed is None:
        return
    if wanted.x not in allowed.values or wanted.y not in allowed.values:
        yield "binning", f"Must be one of {_list(allowed.values)}; got {wanted.x} x {wanted.y}."
    elif wanted.x != wanted.y and not allowed.may_differ:
        yield "binning", "This camera requires equal binning in x and y."
    elif wanted.mode not in allowed.modes:
        yield "binning", f"The mode must be one of {', '.join(allowed.modes)}; got {wanted.mode}."


def _find_look_outside(wanted: SettingsRequest, limits: Limits) -> Iterator[Refusal]:
    # A gamma of 1 means no gamma, which every camera accepts.
    if wanted.gamma is not None and wanted.gamma != 1 and limits.gamma and wanted.gamma not in limits.gamma:
        yield "gamma", _refuse(wanted.gamma, limits.gamma)
    if wanted.white_balance and limits.white_balance:
        gains = limits.white_balance.gains
        wrong = [gain for gain in wanted.white_balance if not (gain > 0 and gain in gains)]
        if wrong:
            yield "whiteBalance", _refuse(wrong[0], gains)


def _refuse(value: float, allowed: Range, unit: str = "") -> str:
    asked = f"{value:g}" if math.isfinite(value) else "not a number"
    return f"Must be between {allowed.minimum:g} and {allowed.maximum:g}{unit}; got {asked}."


def describe_roi_limits(allowed: RoiLimits) -> str:
    """Return a sentence that tells the user which regions are allowed, without a full stop."""
    return (
        f"Must lie on the sensor of {allowed.sensor_width} x {allowed.sensor_height} pixels and be at least "
        f"{allowed.minimum_width} x {allowed.minimum_height} pixels, in steps of {allowed.step_width} x "
        f"{allowed.step_height} (left and top {allowed.step_left} and {allowed.step_top})"
    )


def _refuse_roi(roi: Roi, allowed: RoiLimits) -> str:
    return f"{describe_roi_limits(allowed)}; got {roi.width} x {roi.height} at {roi.left}, {roi.top}."


def _list(values: tuple[int, ...]) -> str:
    return ", ".join(map(str, values))
