"""A simulated camera, so that everything can be tried without hardware.

It behaves like a free-running camera: exposures in real time that overlap with the read-out, settings that take effect
some frames later, rounded values, saturation, shot noise and read noise. Each picture says SIMULATED in its pixels.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from camera import errors
from camera.drivers.base import NO_ONE_PUSH, Driver, require_numbers
from camera.drivers.limits import Limits
from camera.drivers.settings import Settings, SettingsRequest
from camera.drivers.simulated.frame import label_rows
from camera.drivers.simulated.limits import accept, bits_of, first_settings, limits_of
from camera.drivers.simulated.scene import MODELS, SimulatedModel, SimulatedScene
from camera.frame import CameraIdentity, Descriptor, RawFrame


@dataclass
class Clock:
    """The clock of the simulated camera. Tests replace it."""

    now_s: Callable[[], float] = time.perf_counter
    wait_until_s: Callable[[float, threading.Event], object] = lambda when_s, interrupted: interrupted.wait(
        max(when_s - time.perf_counter(), 0)
    )


class SimulatedDriver(Driver):
    """Each of the next grabs raises one of `faults` instead of returning a frame. After `unplug`, every call fails."""

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
        self._programmed = first_settings(model)
        self._pending: deque[Settings] = deque()
        self._in_force = self._programmed
        self._next_start_s: float | None = None
        self._frame_number = 0
        self._is_plugged = True
        self._interrupted = threading.Event()

    def open(self) -> CameraIdentity:
        self._require_plugged()
        self._scene.prepare()
        return CameraIdentity("Microscope", f"Simulated {self.model.name}", "SIMULATED", firmware="1")

    def close(self) -> None:
        self._next_start_s = None

    def read_limits(self) -> Limits:
        self._require_plugged()
        return limits_of(self.model, self._programmed)

    def read_settings(self) -> Settings:
        self._require_plugged()
        return self._programmed

    def configure(self, wanted: SettingsRequest) -> Settings:
        self._require_plugged()
        require_numbers(wanted)
        self._set(accept(self.model, wanted, self._programmed))
        return self._programmed

    def balance_white(self) -> Settings:
        self._require_plugged()
        if not self.model.is_colour:
            raise errors.SettingRefused(NO_ONE_PUSH)
        if self._next_start_s is None:
            raise errors.FrameTimeout("The stream is stopped.")
        gains = self._scene.find_white(self._programmed.roi)
        return self.configure(SettingsRequest(white_balance=gains))

    def start(self) -> None:
        self._require_plugged()
        if self._next_start_s is None or self._interrupted.is_set():
            self._frame_number = 0
            self._interrupted.clear()
            self._in_force = self._programmed
            self._pending = deque([self._programmed] * self._settings_latency_frames)
            self._next_start_s = self._clock.now_s()

    def stop(self) -> None:
        self._next_start_s = None

    def grab(self) -> RawFrame:
        """Return the next frame to arrive. Frames that arrived before this call are lost, as with a real camera."""
        self._require_plugged()
        if self.faults:
            raise self.faults.popleft()
        if self._next_start_s is None:
            raise errors.FrameTimeout("The stream is stopped.")
        began_at_s, settings = self._expose(self._next_start_s)
        self._clock.wait_until_s(
            began_at_s + settings.exposure_ms / 1000 + self._readout_s(settings), self._interrupted
        )
        self._require_plugged()
        if self._interrupted.is_set():
            self._next_start_s = None
            raise errors.FrameTimeout("The stream was stopped.")
        return self._deliver(began_at_s, settings)

    def is_answering(self) -> bool:
        """The engine calls this every few seconds while the camera is idle, so it also frees the drawn frames."""
        self._scene.forget_unused()
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

    def _set(self, settings: Settings) -> None:
        """Set the values. Region, binning and pixel format cannot change while streaming, so the stream is restarted
        for them."""
        before, self._programmed = self._programmed, settings
        is_read_alike = (before.roi, before.binning, before.pixel_format) == (
            settings.roi,
            settings.binning,
            settings.pixel_format,
        )
        if not is_read_alike and self._next_start_s is not None and not self._interrupted.is_set():
            self.stop()
            self.start()

    def _readout_s(self, settings: Settings) -> float:
        """Return the read-out time. Rows are read one after another; skipped or summed rows take no extra time."""
        return -(-settings.roi.height // settings.binning.y) * self.model.row_readout_us / 1e6

    def _expose(self, began_at_s: float) -> tuple[float, Settings]:
        """Return when the exposure of the next frame began, and its settings. Exposures follow each other at once, or
        at the pace of the read-out if that takes longer."""
        while True:
            self._pending.append(self._programmed)
            self._in_force = self._pending.popleft()
            self._frame_number += 1
            readout_s = self._readout_s(self._in_force)
            period_s = max(self._in_force.exposure_ms / 1000, readout_s)
            self._next_start_s = began_at_s + period_s
            arrives_at_s = began_at_s + self._in_force.exposure_ms / 1000 + readout_s
            late_s = self._clock.now_s() - arrives_at_s
            if late_s <= 0:
                return began_at_s, self._in_force
            began_at_s = self._next_start_s + self._skip(late_s, period_s)

    def _skip(self, late_s: float, period_s: float) -> float:
        """Skip all missed frames in one step, because there are many after an hour. Returns the time that they took."""
        # Frames under way still have other settings and another period, so step through them one by one.
        if any(settings != self._programmed for settings in (self._in_force, *self._pending)):
            return 0.0
        missed = max(math.ceil(late_s / period_s) - 1, 0)
        self._frame_number += missed
        return missed * period_s

    def _deliver(self, began_at_s: float, settings: Settings) -> RawFrame:
        frame_number, bits = self._frame_number, bits_of(self.model, settings.pixel_format)
        return RawFrame(
            descriptor=Descriptor(
                frame_number=frame_number,
                exposure_ms=settings.exposure_ms,
                gain_db=settings.gain_db,
                roi=settings.roi,
                binning=settings.binning,
                pixel_format=settings.pixel_format,
                significant_bits=bits,
                camera_time_s=began_at_s,
                flip_horizontal=settings.flip_horizontal,
                flip_vertical=settings.flip_vertical,
                rotation_deg=settings.rotation_deg,
                white_balance=settings.white_balance,
                gamma=settings.gamma,
            ),
            develop=lambda: self._scene.expose(settings, bits, frame_number),
            received_at_s=self._clock.now_s(),
            readout_s=self._readout_s(settings),
            label_rows=label_rows(settings.frame_size[1]),
            # The simulated camera knows when it exposed. Real cameras do not say.
            exposure_began_at_s=began_at_s,
        )

    def _require_plugged(self) -> None:
        if not self._is_plugged:
            raise errors.CameraLost("The simulated camera was unplugged.")
