"""Reads the settings of a Pixelink camera in this program's units, and brings it into a known state."""

import logging
import math

from camera import errors
from camera.drivers.pixelink.features import Features
from camera.drivers.pixelink.frames.descriptor import ADDRESSING_MODES, HDR_INTERLEAVED, NO_GAMMA, tidy
from camera.drivers.pixelink.frames.formats import FrameLayout, find_format, name_format
from camera.drivers.settings import Settings
from camera.frame import Binning, CameraIdentity, Roi

logger = logging.getLogger(__name__)

UNKNOWN_DEPTH_BITS = 16


def take_control(features: Features) -> None:
    """Undo what another program may have set, because a camera keeps its settings while it has power.

    With a trigger no frame would come, and with a low frame rate only few. Automatic exposure would change the
    settings. The memory layout of rotated frames is not documented.
    """
    ids = features.ids
    _free_run(features)
    for feature in (ids.EXPOSURE, ids.GAIN, ids.WHITE_SHADING):
        _end_automatic(features, feature)
    _turn_upright(features)


def read_identity(features: Features, serial_number: str) -> CameraIdentity:
    """Return the identity. `serial_number` is used if the camera does not report its own."""
    answer = features.sdk.ask("getCameraInfo", features.handle)
    if not answer:
        return CameraIdentity("PixeLINK", "", serial_number)
    info = answer[0]
    return CameraIdentity(
        vendor=_text(info.VendorName),
        model=_text(info.ModelName),
        serial_number=_text(info.SerialNumber) or serial_number,
        firmware=_text(info.FirmwareVersion),
        name=_text(info.CameraName),
    )


def read_settings(features: Features) -> Settings:
    gain = features.find(features.ids.GAIN)
    return Settings(
        exposure_ms=tidy(features.read(features.ids.EXPOSURE)[0] * 1000),
        gain_db=tidy(gain[0]) if gain else 0.0,
        roi=read_roi(features),
        binning=read_addressing(features),
        pixel_format=name_format(features.read(features.ids.PIXEL_FORMAT)[0]),
        **_read_flips(features),
        rotation_deg=_read_rotation_deg(features),
        gamma=read_gamma(features),
        white_balance=read_white_balance(features),
    )


def read_roi(features: Features) -> Roi:
    """Return the region in pixels of the sensor, before binning. Raises CameraUnavailable."""
    values = features.read(features.ids.ROI)
    if len(values) < 4:
        raise errors.CameraUnavailable(f"The camera does not report its region ({values}).")
    return Roi(*(round(value) for value in values[:4]))


def expect_layout(features: Features) -> FrameLayout:
    """Return the expected memory layout of the next frames. Raises PixelFormatUnsupported if this program cannot read
    them."""
    roi, addressing = read_roi(features), read_addressing(features)
    hdr = features.find(features.ids.GAIN_HDR)
    # In interleaved HDR mode a frame has two columns for each column of the region.
    width = roi.width * (2 if hdr and round(hdr[0]) == HDR_INTERLEAVED else 1)
    pixel_format = find_format(features.read(features.ids.PIXEL_FORMAT)[0])
    rows, columns = max(-(-roi.height // addressing.y), 1), max(-(-width // addressing.x), 1)
    if _read_rotation_deg(features) in (90, 270):
        rows, columns = columns, rows
    return FrameLayout(rows, columns, pixel_format)


def read_readout_s(features: Features) -> float | None:
    """Return an upper bound of the read-out time: the sensor is read once in each frame period, so the shortest period
    bounds it. None if unknown."""
    rates = features.ranges(features.ids.FRAME_RATE)
    return 1 / rates[0].maximum if rates and rates[0].maximum > 0 else None


def read_full_depth_bits(features: Features) -> int:
    """Return how many of 16 bits carry signal. If the camera does not report it, keep all 16, so that no bit is
    lost."""
    ranges = features.ranges(features.ids.MAX_PIXEL_SIZE)
    told = [ranges[0].maximum] if ranges else features.find(features.ids.MAX_PIXEL_SIZE)
    return round(told[0]) if told and 8 <= told[0] <= 16 else UNKNOWN_DEPTH_BITS


def read_gamma(features: Features) -> float | None:
    """Return 1 if gamma is off; None if the camera lacks it."""
    flags, values = features.state(features.ids.GAMMA)
    if not values or not math.isfinite(values[0]):
        return None
    return NO_GAMMA if flags & features.flags.OFF else tidy(values[0])


def read_white_balance(features: Features) -> tuple[float, float, float] | None:
    gains = features.find(features.ids.WHITE_SHADING)
    return (tidy(gains[0]), tidy(gains[1]), tidy(gains[2])) if len(gains) >= 3 and min(gains[:3]) > 0 else None


def _free_run(features: Features) -> None:
    for feature, what in ((features.ids.TRIGGER, "trigger"), (features.ids.FRAME_RATE, "frame rate limit")):
        flags, values = features.state(feature)
        if not values or flags & features.flags.OFF:
            continue
        answer = features.turn_off(feature, values)
        ranges = features.ranges(feature)
        # Some cameras cannot turn the limit off. The highest limit has the same effect.
        if not answer.is_success and feature == features.ids.FRAME_RATE and ranges:
            answer = features.set_by_hand(feature, ranges[0].maximum)
        if not answer.is_success:
            logger.warning("The camera's %s could not be turned off (%s)", what, answer.name)


def _end_automatic(features: Features, feature: int) -> None:
    flags, values = features.state(feature)
    if values and flags & (features.flags.AUTO | features.flags.ONEPUSH):
        features.set_by_hand(feature, *(values if feature == features.ids.WHITE_SHADING else values[:1]))


def _turn_upright(features: Features) -> None:
    rotation_deg = features.find(features.ids.ROTATE)
    if rotation_deg and rotation_deg[0]:
        answer = features.set_by_hand(features.ids.ROTATE, 0.0)
        logger.warning("The camera was set to rotate frames by %g degrees; set to 0: %s", rotation_deg[0], answer.name)


def read_addressing(features: Features) -> Binning:
    """Return the binning. Cameras report two parameters (value, mode) or four (value, mode, x, y)."""
    values = [round(value) for value in features.find(features.ids.PIXEL_ADDRESSING)]
    if not values:
        return Binning()
    mode = ADDRESSING_MODES.get(values[1], "decimate") if len(values) > 1 else "decimate"
    x, y = values[2:4] if len(values) >= 4 else (values[0], values[0])
    return Binning(x=max(x, 1), y=max(y, 1), mode=mode)


def _read_flips(features: Features) -> dict[str, bool]:
    values = features.find(features.ids.FLIP)
    horizontal, vertical = values[:2] if len(values) >= 2 else (0, 0)
    return {"flip_horizontal": horizontal == 1, "flip_vertical": vertical == 1}


def _read_rotation_deg(features: Features) -> int:
    values = features.find(features.ids.ROTATE)
    return round(values[0]) % 360 if values else 0


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace").strip()
