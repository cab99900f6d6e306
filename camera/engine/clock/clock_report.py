"""The report about a camera's clock and pace, for people to read."""

from dataclasses import dataclass

from camera.engine.clock.camera_clock import Drift, Offset


@dataclass(frozen=True, slots=True)
class ClockReport:
    """None if it is not known.

    `offset`: of the camera's clock; None if it cannot be read or is not trusted. `contradictions`: how often it was
    set, or else seen to stand still. `marks`: whether a frame's own time is that at which its exposure "begins" or
    "ends". `uncertainty_ms`: so much newer than its request a frame must most likely be to be kept, with `exposure_ms`
    and `readout_ms`. `step_ms`: how far the exposure was moved to learn this. `restart_ms` and `settle_frames`: see
    `camera.engine.clock.pace.Pace`.
    """

    offset: Offset | None
    drift: Drift | None
    contradictions: int
    marks: str | None
    uncertainty_ms: float
    exposure_ms: float
    readout_ms: float | None
    step_ms: float | None
    restart_ms: float | None
    settle_frames: float | None
