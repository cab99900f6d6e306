"""The limits of a plan: those of every plan, and those of one instrument."""

from dataclasses import dataclass
from datetime import timedelta

from camera.drivers.limits import Range
from camera.frame_sum import MAX_SUM_BITS

MAX_SLOTS = 10_000_000
MAX_PHASES = 100
MAX_CHANNELS = 100
MAX_POSITIONS = 1_000
MAX_PLANES = 10_000

# Zero means as fast as it goes.
MIN_INTERVAL = timedelta(milliseconds=1)
MAX_DURATION = timedelta(days=366)
# A camera that was plugged in again is open after some seconds.
MIN_PATIENCE = timedelta(seconds=10)

EXPOSURE_MS = Range(0.001, 3_600_000)
GAIN_DB = Range(-100, 100)
# One metre each way: more than any stage travels, and far from where floating point gets coarse.
COORDINATE_UM = Range(-1_000_000, 1_000_000)
STEP_UM = Range(0.001, 1_000_000)

# A sum of N frames needs log2(N) bits more than one frame.
MIN_SIGNIFICANT_BITS = 8
MAX_AVERAGE = 2 ** (MAX_SUM_BITS - MIN_SIGNIFICANT_BITS)


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What this instrument can do. What is left out is not checked: a stored plan is read again without limits.

    `presets` are the names that channels may have; if there are none, any name is a label. `significant_bits` are
    those of the camera's pixel format. Without a stage only plans with `pacing: "manual"` may move.
    """

    exposure_ms: Range | None = None
    gain_db: Range | None = None
    z_um: Range | None = None
    significant_bits: int | None = None
    presets: frozenset[str] = frozenset()
    has_focus_stage: bool = True
    has_xy_stage: bool = True


NO_LIMITS = PlanLimits()
