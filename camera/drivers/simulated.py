"""A camera made of arithmetic, so that everything can be tried with no hardware.

It behaves as a free-running camera does: real-time exposure that overlaps with read-out, settings that take effect
some frames later, values that it rounds, saturation, shot and read noise. Each picture says SIMULATED in its pixels.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from camera import errors
from camera.drivers.base import Driver, Limits, Range, Settings, demand_numbers
from camera.drivers.simulated_scene import MODELS, SimulatedModel, SimulatedScene
from camera.frame import CameraIdentity, Descriptor, PixelAddressing, RawFrame, Roi

EXPOSURE_STEP_MS = 0.01
GAIN_STEP_DB = 0.1


@dataclass
class Clock:
    """Time as the simulated camera sees it; tests bring their own."""

    now_s: Callable[[], float] = time.perf_counter
    wait_until_s: Callable[[float, threading.Event], object] = lambda when_s, interrupted: interrupted.wait(
        max(when_s - time.perf_counter(), 0)
    )


class SimulatedDriver(Driver):
    """`faults` are raised by the next grabs, one each, in place of frames; `unplug` makes every call fail."""

    name = "simulated"
    is_simulated = True

    def __init__(
        self,
        model: SimulatedModel = MODELS["colour-2mp"],
        *,
        seed: int = 1,
        clock: Clock | None = None,
        settings_latency_frames: int = 1,
        defocus_px: float = 0.0,
    ) -> None:
        self.model = model
        self.faults: deque[errors.CameraError] = deque()
        self._clock = clock or Clock()
        self._scene = SimulatedScene(model, seed, defocus_px)
        self._settings_latency_frames = settings_latency_frames
        self._programmed = Settings(
            10.0, 0.0, Roi(0, 0, model.width, model.height), PixelAddressing(), _pixel_format(model)
        )
        self._pending: deque[Settings] = deque()
        self._in_force = self._programmed
        self._next_start_s: float | None = None
        self._frame_number = 0
        self._is_plugged = True
        self._interrupted = threading.Event()

    def open(self) -> CameraIdentity:
        self._demand_plugged()
        self._scene.prepare()
        return CameraIdentity("Microscope", f"Simulated {self.model.name}", "SIMULATED", firmware="1")

    def close(self) -> None:
        self._next_start_s = None

    def read_limits(self) -> Limits:
        self._demand_plugged()
        return Limits(Range(0.02, 10_000.0), Range(0.0, 24.0))

    def read_settings(self) -> Settings:
        self._demand_plugged()
        return self._programmed

    def configure(self, exposure_ms: float | None = None, gain_db: float | None = None) -> Settings:
        limits = self.read_limits()
        demand_numbers(exposure_ms, gain_db)
        wanted = self._programmed
        if exposure_ms is not None:
            wanted = replace(wanted, exposure_ms=_round_to(exposure_ms, EXPOSURE_STEP_MS, limits.exposure_ms))
        if gain_db is not None:
            wanted = replace(wanted, gain_db=_round_to(gain_db, GAIN_STEP_DB, limits.gain_db))
        self._programmed = wanted
        return wanted

    def start(self) -> None:
        self._demand_plugged()
        if self._next_start_s is None or self._interrupted.is_set():
            self._frame_number = 0
            self._interrupted.clear()
            self._in_force = self._programmed
            self._pending = deque([self._programmed] * self._settings_latency_frames)
            self._next_start_s = self._clock.now_s()

    def stop(self) -> None:
        self._next_start_s = None

    def grab(self) -> RawFrame:
        """The next frame to arrive. Frames that nobody waited for are gone, as with a real camera."""
        self._demand_plugged()
        if self.faults:
            raise self.faults.popleft()
        if self._next_start_s is None:
            raise errors.FrameTimeout("The stream is stopped.")
        began_at_s, settings = self._expose(self._next_start_s)
        self._clock.wait_until_s(began_at_s + settings.exposure_ms / 1000 + self.readout_s, self._interrupted)
        self._demand_plugged()
        if self._interrupted.is_set():
            self._next_start_s = None
            raise errors.FrameTimeout("The stream was stopped.")
        return self._deliver(began_at_s, settings)

    def is_answering(self) -> bool:
        return self._is_plugged

    def interrupt(self) -> None:
        self._interrupted.set()

    def unplug(self) -> None:
        self._is_plugged = False
        self._interrupted.set()

    def replug(self) -> None:
        self._is_plugged = True

    @property
    def has_disconnected(self) -> bool:
        return not self._is_plugged

    @property
    def readout_s(self) -> float:
        return self.model.height * self.model.row_readout_us / 1e6

    def _expose(self, began_at_s: float) -> tuple[float, Settings]:
        """When the next frame to arrive began its exposure, and under which settings. One exposure follows the
        other at once, or after the read-out where that takes longer."""
        while True:
            self._pending.append(self._programmed)
            self._in_force = self._pending.popleft()
            self._frame_number += 1
            period_s = max(self._in_force.exposure_ms / 1000, self.readout_s)
            self._next_start_s = began_at_s + period_s
            arrives_at_s = began_at_s + self._in_force.exposure_ms / 1000 + self.readout_s
            late_s = self._clock.now_s() - arrives_at_s
            if late_s <= 0:
                return began_at_s, self._in_force
            began_at_s = self._next_start_s + self._skip(late_s, period_s)

    def _skip(self, late_s: float, period_s: float) -> float:
        """Pass over the frames that nobody waited for, at once: after an hour there are many. The time it makes."""
        if any(settings != self._programmed for settings in (self._in_force, *self._pending)):
            return 0.0
        missed = max(math.ceil(late_s / period_s) - 1, 0)
        self._frame_number += missed
        return missed * period_s

    def _deliver(self, began_at_s: float, settings: Settings) -> RawFrame:
        frame_number = self._frame_number
        return RawFrame(
            descriptor=Descriptor(
                frame_number=frame_number,
                exposure_ms=settings.exposure_ms,
                gain_db=settings.gain_db,
                roi=settings.roi,
                addressing=settings.addressing,
                pixel_format=settings.pixel_format,
                significant_bits=self.model.significant_bits,
                camera_time_s=began_at_s,
            ),
            develop=lambda: self._scene.expose(settings.exposure_ms, settings.gain_db, frame_number),
            received_at_s=self._clock.now_s(),
            readout_s=self.readout_s,
            label_rows=self._scene.label_rows,
            exposure_began_at_s=began_at_s,
        )

    def _demand_plugged(self) -> None:
        if not self._is_plugged:
            raise errors.CameraLost("The simulated camera was unplugged.")


def _pixel_format(model: SimulatedModel) -> str:
    if model.is_colour:
        return "RGB24" if model.significant_bits <= 8 else "RGB48"
    return "MONO8" if model.significant_bits <= 8 else "MONO16"


def _round_to(value: float, step: float, limits: Range) -> float:
    return round(limits.clamp(round(value / step) * step), 6)
