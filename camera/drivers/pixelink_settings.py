"""What a Pixelink camera is set to, in this program's units, and bringing it into a state that can be relied on."""

import logging
import math

from camera import errors
from camera.drivers.pixelink_descriptor import ADDRESSING_MODES, HDR_INTERLEAVED, NO_GAMMA, tidy
from camera.drivers.pixelink_features import Features
from camera.drivers.pixelink_formats import FrameLayout, find_format, name_format
from camera.drivers.settings import Settings
from camera.frame import CameraIdentity, PixelAddressing, Roi

logger = logging.getLogger(__name__)

UNKNOWN_DEPTH_BITS = 16


def take_control(features: Features) -> None:
    """Undo what the last program may have left, since a camera keeps its settings while it has power.

    A trigger would let no frame come, a low frame rate hardly any; automatic exposure would change what was set; and
    of a frame turned sideways no public source says how it lies in memory.
    """
    ids = features.ids
    _free_run(features)
    for feature in (ids.EXPOSURE, ids.GAIN, ids.WHITE_SHADING):
        _end_automatic(features, feature)
    _turn_upright(features)


def read_identity(features: Features, serial_number: str) -> CameraIdentity:
    """`serial_number` is the one that was asked for, where the camera does not tell its own."""
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
        addressing=read_addressing(features),
        pixel_format=name_format(features.read(features.ids.PIXEL_FORMAT)[0]),
        **_read_flips(features),
        rotation_deg=_read_rotation_deg(features),
        gamma=read_gamma(features),
        white_balance=read_white_balance(features),
    )


def read_roi(features: Features) -> Roi:
    values = features.read(features.ids.ROI)
    if len(values) < 4:
        raise errors.CameraUnavailable(f"The camera does not tell the region it reads ({values}).")
    return Roi(*(round(value) for value in values[:4]))


def expect_layout(features: Features) -> FrameLayout:
    """Of the frames to come. Raises PixelFormatUnsupported where they could not be read."""
    roi, addressing = read_roi(features), read_addressing(features)
    hdr = features.find(features.ids.GAIN_HDR)
    width = roi.width * (2 if hdr and round(hdr[0]) == HDR_INTERLEAVED else 1)
    pixel_format = find_format(features.read(features.ids.PIXEL_FORMAT)[0])
    rows, columns = max(-(-roi.height // addressing.y), 1), max(-(-width // addressing.x), 1)
    if _read_rotation_deg(features) in (90, 270):
        rows, columns = columns, rows
    return FrameLayout(rows, columns, pixel_format)


def read_readout_s(features: Features) -> float | None:
    """The sensor is read once per period at the fastest, so a period at the highest rate bounds the read-out."""
    rates = features.ranges(features.ids.FRAME_RATE)
    return 1 / rates[0].maximum if rates and rates[0].maximum > 0 else None


def read_full_depth_bits(features: Features) -> int:
    """How many of 16 bits carry signal. Where the camera does not say, all are kept, so that none gets lost."""
    ranges = features.ranges(features.ids.MAX_PIXEL_SIZE)
    told = [ranges[0].maximum] if ranges else features.find(features.ids.MAX_PIXEL_SIZE)
    return round(told[0]) if told and 8 <= told[0] <= 16 else UNKNOWN_DEPTH_BITS


def read_gamma(features: Features) -> float | None:
    """1 where it is off; None where the camera has none."""
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
        logger.warning("The camera was set to turn frames by %g degrees; set to 0: %s", rotation_deg[0], answer.name)


def read_addressing(features: Features) -> PixelAddressing:
    """Cameras give two parameters (value, mode) or four (value, mode, x, y)."""
    values = [round(value) for value in features.find(features.ids.PIXEL_ADDRESSING)]
    if not values:
        return PixelAddressing()
    mode = ADDRESSING_MODES.get(values[1], "decimate") if len(values) > 1 else "decimate"
    x, y = values[2:4] if len(values) >= 4 else (values[0], values[0])
    return PixelAddressing(x=max(x, 1), y=max(y, 1), mode=mode)


def _read_flips(features: Features) -> dict[str, bool]:
    values = features.find(features.ids.FLIP)
    horizontal, vertical = values[:2] if len(values) >= 2 else (0, 0)
    return {"flip_horizontal": horizontal == 1, "flip_vertical": vertical == 1}


def _read_rotation_deg(features: Features) -> int:
    values = features.find(features.ids.ROTATE)
    return round(values[0]) % 360 if values else 0


def _text(field: bytes) -> str:
    return field.decode("utf-8", "replace").strip()
