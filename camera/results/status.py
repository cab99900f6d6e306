"""The state of the camera at one moment, for everybody who shows it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from camera import errors
from camera.drivers.limits import Limits
from camera.drivers.names import NO_CAMERA
from camera.drivers.settings import Settings
from camera.engine.clock.clock_report import ClockReport
from camera.engine.shared_state import CameraState
from camera.frame import CameraIdentity, CameraWarning


@dataclass(frozen=True)
class CameraStatus:
    """The state of the camera at one moment. A value is None if it is not known."""

    state: str
    since: datetime
    cause: errors.CameraError | None
    driver: str | None
    is_simulated: bool
    simulation_reason: str | None
    identity: CameraIdentity | None
    settings: Settings | None
    set_by: Mapping[str, str | None]
    limits: Limits | None
    frame_rate_hz: float | None
    frame_age_ms: float | None
    sensor_temperature_c: float | None
    watchers: int
    next_try_in_s: float | None
    warnings: tuple[CameraWarning, ...] = ()
    clock: ClockReport | None = None

    @property
    def is_well(self) -> bool:
        return self.state not in ("fault", "reopening", NO_CAMERA)


def describe_camera(shared_state: CameraState) -> CameraStatus:
    """Return the status of a camera in use. The caller holds `shared_state.changed`."""
    source, newest, now_s = shared_state.source, shared_state.newest, time.perf_counter()
    next_try_at_s = shared_state.next_try_at_s
    return CameraStatus(
        state=shared_state.state,
        since=as_utc(shared_state.state_since_s),
        cause=shared_state.cause,
        driver=source.driver if source else None,
        is_simulated=source.is_simulated if source else False,
        simulation_reason=source.simulation_reason if source else None,
        identity=source.identity if source else None,
        settings=shared_state.shared,
        set_by=shared_state.set_by,
        limits=shared_state.limits,
        frame_rate_hz=shared_state.frame_rate_hz,
        frame_age_ms=(now_s - newest.received_at_s) * 1000 if newest else None,
        sensor_temperature_c=newest.descriptor.sensor_temperature_c if newest else None,
        watchers=shared_state.watchers,
        next_try_in_s=max(next_try_at_s - now_s, 0.0) if next_try_at_s is not None else None,
        warnings=shared_state.read_warnings(),
        clock=shared_state.clock,
    )


def describe_closed_camera() -> CameraStatus:
    return CameraStatus(
        "closed", datetime.now(UTC), None, None, False, None, None, None, {}, None, None, None, None, 0, None
    )


def describe_absent_camera() -> CameraStatus:
    return replace(describe_closed_camera(), state=NO_CAMERA)


def as_utc(monotonic_s: float) -> datetime:
    """Convert a time of time.perf_counter to UTC. A pause of the thread between reading the two clocks makes the result
    late, never early: an exposure after a request must not seem to start before it."""
    age_s = time.perf_counter() - monotonic_s
    return datetime.now(UTC) - timedelta(seconds=age_s)
