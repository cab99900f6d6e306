"""Does a frame prove the settings under which it was taken? What it says of itself counts, nothing else."""

import re

from camera.drivers.settings import Settings
from camera.frame import Descriptor, PixelAddressing, RawFrame

COLOUR_PATTERN = re.compile("_(GRBG|RGGB|GBRG|BGGR)")


def shows(raw: RawFrame, settings: Settings) -> bool:
    """Whether the frame says of itself that it was taken under these settings."""
    taken = raw.descriptor
    return (
        is_same_exposure(taken.exposure_ms, settings.exposure_ms)
        and abs(taken.gain_db - settings.gain_db) <= 0.005
        and _shows_geometry(taken, settings)
        and _shows_look(taken, settings)
    )


def is_same_exposure(one_ms: float, other_ms: float) -> bool:
    """As far as cameras tell: descriptors and settings are rounded in different places."""
    return abs(one_ms - other_ms) <= max(1e-4 * other_ms, 0.0005)


def is_same_addressing(one: PixelAddressing, other: PixelAddressing) -> bool:
    """Where each pixel stands for itself the rule is of no consequence."""
    is_same_size = (one.x, one.y) == (other.x, other.y)
    return is_same_size and (one.mode == other.mode or (one.x, one.y) == (1, 1))


def without_pattern(pixel_format: str) -> str:
    """The name of a pixel format without that of its colour mosaic, which is the sensor's own and moved by flips."""
    return COLOUR_PATTERN.sub("", pixel_format)


def tell_difference(raw: RawFrame, settings: Settings) -> str:
    """A sentence about a frame that does not show the settings."""
    set_to, said = _describe(settings), _describe(raw.descriptor)
    differing = [place for place in range(len(said)) if said[place] != set_to[place]]
    return (
        f"The camera was set to {', '.join(set_to[place] for place in differing) or 'other colours'}, but its frames "
        f"say {', '.join(said[place] for place in differing) or 'otherwise'}."
    )


def _describe(values: Settings | Descriptor) -> tuple[str, ...]:
    roi, addressing = values.roi, values.addressing
    return (
        f"{values.exposure_ms:g} ms and {values.gain_db:g} dB",
        f"{roi.width} x {roi.height} at {roi.left}, {roi.top}",
        f"{addressing.x} x {addressing.y} sensor pixels to one ({addressing.mode})",
        without_pattern(values.pixel_format),
        f"flips {values.flip_horizontal:d} and {values.flip_vertical:d}",
        f"{values.rotation_deg} degrees",
    )


def _shows_geometry(taken: Descriptor, settings: Settings) -> bool:
    return (
        taken.roi == settings.roi
        and is_same_addressing(taken.addressing, settings.addressing)
        and without_pattern(taken.pixel_format) == without_pattern(settings.pixel_format)
        and (taken.flip_horizontal, taken.flip_vertical) == (settings.flip_horizontal, settings.flip_vertical)
        and taken.rotation_deg == settings.rotation_deg
    )


def _shows_look(taken: Descriptor, settings: Settings) -> bool:
    """A camera that lacks these says nothing of them."""
    told = [(taken.gamma, settings.gamma)] if taken.gamma is not None and settings.gamma is not None else []
    if taken.white_balance and settings.white_balance:
        told += zip(taken.white_balance, settings.white_balance, strict=True)
    return all(abs(one - other) <= max(1e-3 * other, 0.001) for one, other in told)
