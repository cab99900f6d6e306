"""Compares the settings that a frame names with those that were requested. Only what the frame itself says counts."""

from camera.drivers.settings import Settings, is_same_binning, without_pattern
from camera.frame import Descriptor, RawFrame


def matches(raw: RawFrame, settings: Settings) -> bool:
    """Return True if the frame itself names these settings."""
    taken = raw.descriptor
    return (
        is_same_exposure(taken.exposure_ms, settings.exposure_ms)
        # Descriptor and setting are rounded differently, as with the exposure.
        and abs(taken.gain_db - settings.gain_db) <= 0.005
        and _matches_geometry(taken, settings)
        and _matches_colours(taken, settings)
    )


def is_same_exposure(one_ms: float, other_ms: float) -> bool:
    """Compare two exposures, with the rounding errors of cameras: descriptor and setting are rounded differently."""
    return abs(one_ms - other_ms) <= max(1e-4 * other_ms, 0.0005)


def describe_difference(raw: RawFrame, settings: Settings) -> str:
    """Return a sentence that says how the frame differs from the settings."""
    set_to, said = _describe(settings), _describe(raw.descriptor)
    differing = [place for place in range(len(said)) if said[place] != set_to[place]]
    return (
        f"The camera was set to {', '.join(set_to[place] for place in differing) or 'other colours'}, but its frames "
        f"say {', '.join(said[place] for place in differing) or 'otherwise'}."
    )


def _describe(values: Settings | Descriptor) -> tuple[str, ...]:
    roi, binning = values.roi, values.binning
    return (
        f"{values.exposure_ms:g} ms and {values.gain_db:g} dB",
        f"{roi.width} x {roi.height} at {roi.left}, {roi.top}",
        f"{binning.x} x {binning.y} sensor pixels to one ({binning.mode})",
        without_pattern(values.pixel_format),
        f"flips {values.flip_horizontal:d} and {values.flip_vertical:d}",
        f"{values.rotation_deg} degrees",
    )


def _matches_geometry(taken: Descriptor, settings: Settings) -> bool:
    return (
        taken.roi == settings.roi
        and is_same_binning(taken.binning, settings.binning)
        and without_pattern(taken.pixel_format) == without_pattern(settings.pixel_format)
        and (taken.flip_horizontal, taken.flip_vertical) == (settings.flip_horizontal, settings.flip_vertical)
        and taken.rotation_deg == settings.rotation_deg
    )


def _matches_colours(taken: Descriptor, settings: Settings) -> bool:
    """Compare gamma and white balance. A camera without them does not name them."""
    told = [(taken.gamma, settings.gamma)] if taken.gamma is not None and settings.gamma is not None else []
    if taken.white_balance and settings.white_balance:
        told += zip(taken.white_balance, settings.white_balance, strict=True)
    return all(abs(one - other) <= max(1e-3 * other, 0.001) for one, other in told)
