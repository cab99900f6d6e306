"""One-push auto-exposure: measure, set, look again."""

import numpy as np

from camera.drivers.settings import Settings
from camera.frame import Frame
from camera.service import Camera

# Where the bright end of the histogram shall lie, as a share of full scale, and how near is near enough.
AIM = 0.9
TOLERANCE = 0.04
# What of the picture may lie above it: glints and hot pixels must not rule the exposure.
BRIGHTEST_SHARE = 0.002
MOST_FRAMES = 8
CLIPPED_STEP = 4.0
LARGEST_STEP = 32.0
STEP = 4


def expose_automatically(camera: Camera, by: str | None = None) -> Settings:
    """Find the exposure at which the brightest pixels lie just below clipping, set it for everyone, and answer what
    the camera accepted. The gain stays. Blocks for some frames; raises the camera's errors, with nothing changed.
    """
    limits = camera.limits().exposure_ms
    frame = camera.capture()
    wanted_ms = frame.descriptor.exposure_ms
    for _ in range(MOST_FRAMES):
        level = bright_level(frame)
        if abs(level - AIM) <= TOLERANCE:
            break
        factor = 1 / CLIPPED_STEP if level >= 1 else min(AIM / max(level, 1e-6), LARGEST_STEP)
        next_ms = limits.clamp(frame.descriptor.exposure_ms * factor)
        if next_ms == wanted_ms:
            break  # at a limit: darker or brighter it cannot be
        wanted_ms = next_ms
        frame = camera.capture(exposure_ms=wanted_ms)
    return camera.configure(exposure_ms=wanted_ms, by=by)


def bright_level(frame: Frame) -> float:
    """The level, 0 to 1 of full scale, that all but the brightest pixels stay below, in the brightest channel."""
    sample = frame.picture[::STEP, ::STEP]
    values = sample.max(axis=2) if sample.ndim == 3 else sample
    full = (1 << frame.descriptor.significant_bits) - 1
    return float(np.quantile(values, 1 - BRIGHTEST_SHARE)) / full
