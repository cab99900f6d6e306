"""Finds the limits of a Pixelink camera.

The library reports ranges, but no steps, and "not every value between is supported". The vendor's application finds the
pixel formats by setting each. So formats, binning and the steps of the region are found by trying, with the stream
stopped. This happens once for each opening: the results do not change, and some fifty quick calls are short compared
with an opening.
"""

import logging

from camera import errors
from camera.drivers.limits import BinningLimits, Limits, OfferedFormat, Range, RoiLimits, WhiteBalanceLimits
from camera.drivers.pixelink.features import Features
from camera.drivers.pixelink.frames.descriptor import ADDRESSING_MODES, tidy
from camera.drivers.pixelink.frames.formats import FORMATS, NUMBERS, name_format
from camera.drivers.pixelink.settings import read_addressing, read_roi

logger = logging.getLogger(__name__)

# Formats of the sensor. The library computes RGB and YUV from these; they hold no more information and are larger.
SENSOR_FAMILIES = ("MONO", "BAYER")
# Larger steps are not searched for; then 1 is assumed, and the camera rounds.
MAX_STEP_PX = 128
# Cameras report a range, but each value must be tried, so the search is limited.
MAX_ADDRESSING = 8
QUARTER_TURNS_DEG = (0, 90, 180, 270)


def read_light_limits(features: Features) -> tuple[Range, Range]:
    """Return the ranges of exposure (ms) and gain (dB). They change with other settings, so they are read often; this
    is quick. Raises CameraUnavailable."""
    exposure_s = features.ranges(features.ids.EXPOSURE)
    gain_db = features.ranges(features.ids.GAIN)
    if not exposure_s:
        features.read(features.ids.EXPOSURE)  # raises the right error if the camera is gone
        raise errors.CameraUnavailable("The camera does not report the limits of its exposure.")
    exposure_ms = Range(tidy(exposure_s[0].minimum * 1000), tidy(exposure_s[0].maximum * 1000))
    return exposure_ms, _tidied(gain_db[0]) if gain_db else Range(0, 0)


def find_limits(features: Features, full_depth_bits: int) -> Limits:
    """Find all limits by trying settings, then restore them. The stream must be off."""
    gamma, ids = features.ranges(features.ids.GAMMA), features.ids
    exposure_ms, gain_db = read_light_limits(features)
    return Limits(
        exposure_ms,
        gain_db,
        roi=_find_roi_limits(features),
        binning=_find_addressing_limits(features),
        pixel_formats=_find_pixel_formats(features, full_depth_bits),
        may_flip=features.can_be_set(ids.FLIP),
        rotations_deg=_read_rotations(features),
        gamma=_tidied(gamma[0]) if gamma else None,
        white_balance=_read_white_balance_limits(features),
    )


def _find_roi_limits(features: Features) -> RoiLimits | None:
    ranges = features.ranges(features.ids.ROI)
    if len(ranges) < 4 or not features.can_be_set(features.ids.ROI):
        return None
    before = read_roi(features)
    width, height = ranges[2], ranges[3]
    # The smallest region has room to move, and the largest has room to shrink.
    step_left, step_top = _find_steps(features, (0, 1), [0, 0, width.minimum, height.minimum], 1)
    step_width, step_height = _find_steps(features, (2, 3), [0, 0, width.maximum, height.maximum], -1)
    # The search has moved the region.
    features.set_by_hand(features.ids.ROI, before.left, before.top, before.width, before.height)
    return RoiLimits(
        sensor_width=round(width.maximum),
        sensor_height=round(height.maximum),
        minimum_width=round(width.minimum),
        minimum_height=round(height.minimum),
        step_left=step_left,
        step_top=step_top,
        step_width=step_width,
        step_height=step_height,
    )


def _find_steps(features: Features, places: tuple[int, int], base: list[float], direction: int) -> list[int]:
    """Find the steps of the two region values at `places`: move from `base` by 1, 2, 4 ... pixels until the camera
    moves, too. The first other value that it accepts is one step away, no matter how it rounds."""
    steps: dict[int, int] = {}
    distance_px = 1
    while len(steps) < len(places) and distance_px <= MAX_STEP_PX:
        for place in (place for place in places if place not in steps):
            tried = list(base)
            tried[place] += direction * distance_px
            if features.set_by_hand(features.ids.ROI, *tried).is_success:
                moved_px = abs(round(features.read(features.ids.ROI)[place] - base[place]))
                steps.update({place: moved_px} if moved_px else {})
        distance_px *= 2
    return [steps.get(place, 1) for place in places]


def _find_addressing_limits(features: Features) -> BinningLimits | None:
    ids = features.ids
    ranges = features.ranges(ids.PIXEL_ADDRESSING)
    if len(ranges) < 2 or not features.can_be_set(ids.PIXEL_ADDRESSING):
        return None
    before = features.read(ids.PIXEL_ADDRESSING)
    most, count = min(round(ranges[0].maximum), MAX_ADDRESSING), len(ranges)

    def takes(value: int, mode: int) -> bool:
        wanted = (value, mode, value, value)[: min(count, 4)] if count >= 4 else (value, mode)
        taken = features.set_by_hand(ids.PIXEL_ADDRESSING, *wanted).is_success
        return taken and [round(told) for told in features.read(ids.PIXEL_ADDRESSING)[:2]] == [value, mode]

    modes = [mode for mode in ADDRESSING_MODES if takes(min(2, most), mode)]
    values = [value for value in range(1, most + 1) if takes(value, modes[0] if modes else 0)]
    features.set_by_hand(ids.PIXEL_ADDRESSING, *before)
    now = read_addressing(features)
    names = [ADDRESSING_MODES[mode] for mode in modes] or [now.mode]
    return BinningLimits(tuple(values) or (now.x,), tuple(names), may_differ=count >= 4)


def _find_pixel_formats(features: Features, full_depth_bits: int) -> tuple[OfferedFormat, ...]:
    """Return the formats that the camera accepts, and its current one. If the current format cannot be set back,
    another one is set."""
    number_before = features.read(features.ids.PIXEL_FORMAT)[0]
    before = name_format(number_before)
    tried = {name: number for name, number in NUMBERS.items() if name.startswith(SENSOR_FAMILIES)}
    found = {name for name, number in tried.items() if _takes_format(features, number)}
    # The camera has this format now, whatever the trial said.
    found |= {before} & set(NUMBERS)
    answer = features.set_by_hand(features.ids.PIXEL_FORMAT, number_before)
    if not answer.is_success and found - {before}:
        chosen = min(found - {before}, key=lambda name: NUMBERS[name])
        logger.warning("The camera does not accept its former pixel format %s again; set to %s", before, chosen)
        features.set_by_hand(features.ids.PIXEL_FORMAT, NUMBERS[chosen])
    offered = [
        OfferedFormat(name, FORMATS[NUMBERS[name]].significant_bits or full_depth_bits, not name.startswith("MONO"))
        for name in sorted(found, key=lambda name: (FORMATS[NUMBERS[name]].bytes_per_pixel, NUMBERS[name]))
    ]
    return tuple(sorted(offered, key=lambda each: each.bits))


def _takes_format(features: Features, number: int) -> bool:
    if not features.set_by_hand(features.ids.PIXEL_FORMAT, number).is_success:
        return False
    return name_format(features.read(features.ids.PIXEL_FORMAT)[0]) == name_format(number)


def _read_rotations(features: Features) -> tuple[int, ...]:
    ranges = features.ranges(features.ids.ROTATE)
    if not ranges or not features.can_be_set(features.ids.ROTATE):
        return (0,)
    return tuple(turn for turn in QUARTER_TURNS_DEG if turn == 0 or turn in ranges[0])


def _read_white_balance_limits(features: Features) -> WhiteBalanceLimits | None:
    ids = features.ids
    ranges = features.ranges(ids.WHITE_SHADING)
    if len(ranges) < 3:
        return None
    return WhiteBalanceLimits(_tidied(ranges[0]), features.can_do(ids.WHITE_SHADING, features.flags.ONEPUSH))


def _tidied(found: Range) -> Range:
    return Range(tidy(found.minimum), tidy(found.maximum))
