"""From wanted settings to calls on a Pixelink camera: which features to set, to what, and in which order."""

from collections.abc import Iterator
from typing import NamedTuple, TypeVar

from camera.drivers.pixelink_descriptor import ADDRESSING_MODES, NO_GAMMA
from camera.drivers.pixelink_features import Features
from camera.drivers.pixelink_formats import number_of
from camera.drivers.settings import Settings, Wanted
from camera.errors import SettingRefused
from camera.frame import PixelAddressing
from camera.proof import is_same_addressing

Value = TypeVar("Value")


class Step(NamedTuple):
    """One feature to be set by hand, or turned off. `needs_stop`: also where the camera would take it streaming."""

    feature: int
    values: tuple[float, ...]
    is_off: bool = False
    needs_stop: bool = False


def plan(features: Features, wanted: Wanted, now: Settings) -> list[Step]:
    """What to set so that the camera is as wanted. Exposure and gain come last, since their limits depend on the rest,
    and are set in any case; of the rest only what differs. Raises SettingRefused for what the camera lacks."""
    return [*_plan_geometry(features, wanted, now), *_plan_look(features, wanted, now), *_plan_light(features, wanted)]


def _plan_geometry(features: Features, wanted: Wanted, now: Settings) -> Iterator[Step]:
    ids = features.ids
    if wanted.pixel_format is not None and wanted.pixel_format != now.pixel_format:
        yield Step(ids.PIXEL_FORMAT, (number_of(wanted.pixel_format),))
    if wanted.addressing is not None and not is_same_addressing(wanted.addressing, now.addressing):
        yield Step(ids.PIXEL_ADDRESSING, _addressing_values(features, wanted.addressing))
    if wanted.roi is not None and wanted.roi != now.roi:
        roi = wanted.roi
        yield Step(ids.ROI, (roi.left, roi.top, roi.width, roi.height))
    flips = _over(wanted.flip_horizontal, now.flip_horizontal), _over(wanted.flip_vertical, now.flip_vertical)
    if flips != (now.flip_horizontal, now.flip_vertical):
        _demand(features, ids.FLIP, "flip its picture")
        yield Step(ids.FLIP, (float(flips[0]), float(flips[1])))
    if wanted.rotation_deg is not None and wanted.rotation_deg != now.rotation_deg:
        _demand(features, ids.ROTATE, "turn its picture")
        # How a turned frame lies in memory is reckoned once, when the stream starts.
        yield Step(ids.ROTATE, (wanted.rotation_deg,), needs_stop=True)


def _plan_look(features: Features, wanted: Wanted, now: Settings) -> Iterator[Step]:
    ids = features.ids
    if wanted.gamma is not None and wanted.gamma != _over(now.gamma, NO_GAMMA):
        _demand(features, ids.GAMMA, "apply a gamma")
        # What frames say of a gamma that is off is not documented, so it is off or on for the whole of a stream.
        is_switched = NO_GAMMA in (wanted.gamma, now.gamma)
        yield Step(ids.GAMMA, (wanted.gamma,), is_off=wanted.gamma == NO_GAMMA, needs_stop=is_switched)
    if wanted.white_balance is not None and wanted.white_balance != now.white_balance:
        _demand(features, ids.WHITE_SHADING, "balance its colours")
        yield Step(ids.WHITE_SHADING, wanted.white_balance)


def _plan_light(features: Features, wanted: Wanted) -> Iterator[Step]:
    if wanted.exposure_ms is not None:
        yield Step(features.ids.EXPOSURE, (wanted.exposure_ms / 1000,))
    if wanted.gain_db is not None and (wanted.gain_db != 0 or features.has(features.ids.GAIN)):
        yield Step(features.ids.GAIN, (wanted.gain_db,))


def _addressing_values(features: Features, wanted: PixelAddressing) -> tuple[float, ...]:
    """Cameras take two parameters (value, mode) or four (value, mode, x, y)."""
    _demand(features, features.ids.PIXEL_ADDRESSING, "bin or skip pixels")
    mode = next((number for number, name in ADDRESSING_MODES.items() if name == wanted.mode), None)
    if mode is None:
        raise SettingRefused(f"There is no rule {wanted.mode!r} for making one pixel of several.")
    if len(features.ranges(features.ids.PIXEL_ADDRESSING)) >= 4:
        return (max(wanted.x, wanted.y), mode, wanted.x, wanted.y)
    if wanted.x != wanted.y:
        raise SettingRefused("This camera addresses pixels alike in x and y.")
    return (wanted.x, mode)


def _demand(features: Features, feature: int, ability: str) -> None:
    if not features.has(feature):
        raise SettingRefused(f"This camera cannot {ability}.")


def _over(wanted: Value | None, now: Value) -> Value:
    return now if wanted is None else wanted
