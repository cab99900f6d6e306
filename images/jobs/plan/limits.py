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

# An interval of zero is allowed too, and means as fast as possible. Other intervals have this minimum.
MIN_INTERVAL = timedelta(milliseconds=1)
MAX_DURATION = timedelta(days=366)
# So long a camera may need after it was plugged in again.
MIN_PATIENCE = timedelta(seconds=10)

EXPOSURE_MS = Range(0.001, 3_600_000)
GAIN_DB = Range(-100, 100)
# One metre in each direction: no stage travels further, and floating point is still fine enough there.
COORDINATE_UM = Range(-1_000_000, 1_000_000)
STEP_UM = Range(0.001, 1_000_000)

# A sum of N frames needs log2(N) bits more than one frame.
MIN_SIGNIFICANT_BITS = 8
MAX_AVERAGE = 2 ** (MAX_SUM_BITS - MIN_SIGNIFICANT_BITS)


@dataclass(frozen=True, slots=True)
class PlanLimits:
    """What this instrument can do. A limit that is None or empty is not checked: a stored plan is read again without
    limits. `presets`: the names that channels may have; if there are none, any name is a label. `significant_bits`: of
    the camera's pixel format. Without a stage, only plans with `pacing: "manual"` may move."""

    exposure_ms: Range | None = None
    gain_db: Range | None = None
    z_um: Range | None = None
    significant_bits: int | None = None
    presets: frozenset[str] = frozenset()
    has_focus_stage: bool = True
    has_xy_stage: bool = True


NO_LIMITS = PlanLimits()
