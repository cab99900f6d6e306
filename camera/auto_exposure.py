"""One-push auto-exposure: measure the picture, set the exposure, measure again."""

import numpy as np

from camera.drivers.settings import Settings
from camera.engine.requests import Permit
from camera.frame import Frame
from camera.service import Camera

# The target of the bright end of the histogram, as a share of full scale, and the error that is accepted.
AIM = 0.9
TOLERANCE = 0.04
# This share of the pixels may be brighter than the target, so that glints and hot pixels do not decide the exposure.
BRIGHTEST_SHARE = 0.002
MAX_FRAMES = 8
# A clipped picture does not say by how much it is too bright, so the exposure is divided by a fixed factor.
CLIPPED_STEP = 4.0
# A dark picture says little about the right exposure, so one step is limited.
MAX_STEP = 32.0
# Every fourth pixel along each axis is enough to find the brightest 0.2 %.
STEP = 4


def expose_automatically(camera: Camera, by: str | None = None, permit: Permit | None = None) -> Settings:
    """Find the exposure at which the brightest pixels lie just below clipping, and set it for all users. The gain
    stays.

    Returns the settings that the camera accepted. Blocks for up to nine captures. Raises CameraError; then no setting
    has changed.
    """
    limits = camera.limits().exposure_ms
    frame = camera.capture(permit=permit)
    wanted_ms = frame.descriptor.exposure_ms
    for _ in range(MAX_FRAMES):
        level = bright_level(frame)
        if abs(level - AIM) <= TOLERANCE:
            break
        # The light grows with the exposure, so one step nearly suffices, unless the picture is clipped or dark.
        factor = 1 / CLIPPED_STEP if level >= 1 else min(AIM / max(level, 1e-6), MAX_STEP)
        next_ms = limits.clamp(frame.descriptor.exposure_ms * factor)
        if next_ms == wanted_ms:
            break  # the exposure is at a limit of the camera
        wanted_ms = next_ms
        # This exposure is only for the capture. Other users keep theirs until the right one is found.
        frame = camera.capture(exposure_ms=wanted_ms, permit=permit)
    return camera.configure(exposure_ms=wanted_ms, by=by, permit=permit)


def bright_level(frame: Frame) -> float:
    """Return the level, 0 to 1 of full scale, below which all but the brightest 0.2 % of the pixels lie. In colour,
    each pixel counts with its brightest channel."""
    sample = frame.picture[::STEP, ::STEP]
    values = sample.max(axis=2) if sample.ndim == 3 else sample
    full = (1 << frame.descriptor.significant_bits) - 1
    return float(np.quantile(values, 1 - BRIGHTEST_SHARE)) / full
