"""Turns a settings request into calls: which features of a Pixelink camera to set, to which values, in which order."""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from camera.drivers.pixelink.features import Features
from camera.drivers.pixelink.frames.descriptor import ADDRESSING_MODES, NO_GAMMA
from camera.drivers.pixelink.frames.formats import number_of
from camera.drivers.settings import Settings, SettingsRequest, is_same_binning
from camera.errors import SettingRefused
from camera.frame import Binning

Value = TypeVar("Value")


class Step(NamedTuple):
    """One feature to set, or to turn off. `needs_stop`: stop the stream for it even if the camera could set it while
    streaming."""

    feature: int
    values: tuple[float, ...]
    is_off: bool = False
    needs_stop: bool = False


def plan(features: Features, wanted: SettingsRequest, now: Settings) -> list[Step]:
    """Return the steps that fulfil the request: only settings that differ, and exposure and gain in any case. Exposure
    and gain come last, because their limits depend on the other settings. Raises SettingRefused for features that the
    camera lacks."""
    return [*_plan_geometry(features, wanted, now), *_plan_look(features, wanted, now), *_plan_light(features, wanted)]


def _plan_geometry(features: Features, wanted: SettingsRequest, now: Settings) -> Iterator[Step]:
    ids = features.ids
    if wanted.pixel_format is not None and wanted.pixel_format != now.pixel_format:
        yield Step(ids.PIXEL_FORMAT, (number_of(wanted.pixel_format),))
    if wanted.binning is not None and not is_same_binning(wanted.binning, now.binning):
        yield Step(ids.PIXEL_ADDRESSING, _addressing_values(features, wanted.binning))
    if wanted.roi is not None and wanted.roi != now.roi:
        roi = wanted.roi
        yield Step(ids.ROI, (roi.left, roi.top, roi.width, roi.height))
    flips = _over(wanted.flip_horizontal, now.flip_horizontal), _over(wanted.flip_vertical, now.flip_vertical)
    if flips != (now.flip_horizontal, now.flip_vertical):
        _require(features, ids.FLIP, "flip its picture")
        yield Step(ids.FLIP, (float(flips[0]), float(flips[1])))
    if wanted.rotation_deg is not None and wanted.rotation_deg != now.rotation_deg:
        _require(features, ids.ROTATE, "rotate its picture")
        # The memory layout of rotated frames is computed once, when the stream starts.
        yield Step(ids.ROTATE, (wanted.rotation_deg,), needs_stop=True)


def _plan_look(features: Features, wanted: SettingsRequest, now: Settings) -> Iterator[Step]:
    ids = features.ids
    if wanted.gamma is not None and wanted.gamma != _over(now.gamma, NO_GAMMA):
        _require(features, ids.GAMMA, "apply a gamma")
        # The SDK does not document what frames report while gamma is off, so it is on or off for a whole stream.
        is_switched = NO_GAMMA in (wanted.gamma, now.gamma)
        yield Step(ids.GAMMA, (wanted.gamma,), is_off=wanted.gamma == NO_GAMMA, needs_stop=is_switched)
    if wanted.white_balance is not None and wanted.white_balance != now.white_balance:
        _require(features, ids.WHITE_SHADING, "balance its colours")
        yield Step(ids.WHITE_SHADING, wanted.white_balance)


def _plan_light(features: Features, wanted: SettingsRequest) -> Iterator[Step]:
    if wanted.exposure_ms is not None:
        yield Step(features.ids.EXPOSURE, (wanted.exposure_ms / 1000,))
    if wanted.gain_db is not None and (wanted.gain_db != 0 or features.has(features.ids.GAIN)):
        yield Step(features.ids.GAIN, (wanted.gain_db,))


def _addressing_values(features: Features, wanted: Binning) -> tuple[float, ...]:
    """Return the parameters of pixel addressing: two (value, mode) or four (value, mode, x, y), as the camera needs."""
    _require(features, features.ids.PIXEL_ADDRESSING, "bin or skip pixels")
    mode = next((number for number, name in ADDRESSING_MODES.items() if name == wanted.mode), None)
    if mode is None:
        raise SettingRefused(f'Unknown binning mode "{wanted.mode}".')
    if len(features.ranges(features.ids.PIXEL_ADDRESSING)) >= 4:
        return (max(wanted.x, wanted.y), mode, wanted.x, wanted.y)
    if wanted.x != wanted.y:
        raise SettingRefused("This camera requires equal binning in x and y.")
    return (wanted.x, mode)


def _require(features: Features, feature: int, ability: str) -> None:
    if not features.has(feature):
        raise SettingRefused(f"This camera cannot {ability}.")


def _over(wanted: Value | None, now: Value) -> Value:
    return now if wanted is None else wanted
