"""A capture, with the times at which it was asked for and came back, to compare with the stand-in's own record."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from camera.frame import Frame
from camera.service import Camera
from camera.tests.rig import Rig
from camera.tests.standin.stream import Exposure


@dataclass
class Captured:
    asked_at_s: float
    asked_at: datetime
    frame: Frame
    answered_at_s: float
    answered_at: datetime
    wish: tuple[float | None, float | None]


def capture(camera: Camera, *wish: float | None) -> Captured:
    asked_at_s, asked_at = time.perf_counter(), datetime.now(UTC)
    frame = camera.capture(*wish)
    answered_at_s, answered_at = time.perf_counter(), datetime.now(UTC)
    return Captured(asked_at_s, asked_at, frame, answered_at_s, answered_at, (*wish, None, None)[:2])


def assert_true(rig: Rig, captured: Captured) -> Exposure:
    """The stand-in's record of its exposures confirms what the frame says."""
    exposure, taken = rig.exposure_of(captured.frame, captured.answered_at_s), captured.frame.descriptor
    assert exposure.started_at >= captured.asked_at_s
    exposure_ms, gain_db = captured.wish
    assert exposure.exposure_s * 1000 == pytest.approx(2.0 if exposure_ms is None else exposure_ms, rel=1e-4)
    assert exposure.gain_db == pytest.approx(0.0 if gain_db is None else gain_db, abs=0.001)
    assert taken.exposure_ms == pytest.approx(exposure.exposure_s * 1000)
    assert taken.gain_db == pytest.approx(exposure.gain_db)
    assert captured.asked_at <= captured.frame.captured_at <= captured.answered_at
    return exposure
