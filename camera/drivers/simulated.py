"""A camera made of arithmetic, so that everything can be tried with no hardware.

It behaves as a free-running camera does: real-time exposure that overlaps with read-out, settings that take effect
some frames later, values that it rounds, saturation, shot and read noise. Each picture says SIMULATED in its pixels.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import NormalDist

import numpy as np

from camera import errors
from camera.drivers.base import Driver, Limits, Range, Settings
from camera.drivers.specimen import blur, draw_banner, draw_specimen
from camera.frame import CameraIdentity, Descriptor, PixelAddressing, RawFrame, Roi

EXPOSURE_STEP_MS = 0.01
GAIN_STEP_DB = 0.1
FULL_WELL_ELECTRONS = 12_000
READ_NOISE_ELECTRONS = 8.0
NOISE_VARIANTS = 4
LEVELS = 256


@dataclass(frozen=True, slots=True)
class SimulatedModel:
    """A sensor under a lamp. `row_readout_us` bounds the frame rate, as in real sensors; the lamp, seen through no
    specimen, saturates the sensor after `lamp_saturates_after_ms` at 0 dB."""

    name: str
    width: int
    height: int
    is_colour: bool
    significant_bits: int
    row_readout_us: float = 5.0
    lamp_saturates_after_ms: float = 125.0


MODELS = {
    model.name: model
    for model in (
        SimulatedModel("colour-2mp", 1920, 1080, True, 8),
        SimulatedModel("colour-2mp-bright", 1920, 1080, True, 8, row_readout_us=2.0, lamp_saturates_after_ms=1.25),
        SimulatedModel("colour-5mp", 2592, 2048, True, 8),
        SimulatedModel("colour-2mp-12bit", 1920, 1080, True, 12),
        SimulatedModel("mono-2mp", 1920, 1200, False, 8),
        SimulatedModel("mono-5mp-12bit", 2592, 2048, False, 12),
        SimulatedModel("mono-1mp-16bit", 1280, 960, False, 16),
        SimulatedModel("colour-small", 320, 240, True, 8),
        SimulatedModel("mono-small-12bit", 320, 240, False, 12),
    )
}


@dataclass
class Clock:
    """Time as the simulated camera sees it; tests bring their own."""

    now_s: Callable[[], float] = time.monotonic
    wait_until_s: Callable[[float, threading.Event], object] = lambda when_s, interrupted: interrupted.wait(
        max(when_s - time.monotonic(), 0)
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
        wanted = self._programmed
        if exposure_ms is not None:
            wanted = replace(wanted, exposure_ms=_round_to(exposure_ms, EXPOSURE_STEP_MS, limits.exposure_ms))
        if gain_db is not None:
            wanted = replace(wanted, gain_db=_round_to(gain_db, GAIN_STEP_DB, limits.gain_db))
        self._programmed = wanted
        return wanted

    def start(self) -> None:
        self._demand_plugged()
        if self._next_start_s is None:
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
            if arrives_at_s >= self._clock.now_s():
                return began_at_s, self._in_force
            began_at_s = self._next_start_s

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
            exposure_began_at_s=began_at_s,
        )

    def _demand_plugged(self) -> None:
        if not self._is_plugged:
            raise errors.CameraLost("The simulated camera was unplugged.")


class SimulatedScene:
    """The specimen under the lamp, and what a sensor makes of it. Safe to use from any thread."""

    def __init__(self, model: SimulatedModel, seed: int, defocus_px: float) -> None:
        self._model = model
        self._seed = seed
        self._defocus_px = defocus_px
        self._lock = threading.Lock()
        self._levels: np.ndarray | None = None  # row of the response table for each pixel, times its length
        self._taken: dict[tuple[float, float, int], np.ndarray] = {}

    def prepare(self) -> None:
        """Draw the specimen, once; a second or two for a large sensor."""
        with self._lock:
            if self._levels is None:
                self._levels = self._light_levels()

    def expose(self, exposure_ms: float, gain_db: float, frame_number: int) -> np.ndarray:
        """Pixels of a frame, read-only. A few with different noise are drawn for each setting and used in turn."""
        key = (exposure_ms, gain_db, frame_number % NOISE_VARIANTS)
        self.prepare()
        with self._lock:
            if key not in self._taken:
                while len(self._taken) >= 2 * NOISE_VARIANTS:
                    self._taken.pop(next(iter(self._taken)))
                self._taken[key] = self._draw(*key)
            return self._taken[key]

    def _draw(self, exposure_ms: float, gain_db: float, variant: int) -> np.ndarray:
        """Each pixel's value is looked up by its light and a random byte, in a table made for these settings."""
        table = response_table(self._model, exposure_ms, gain_db).reshape(-1)
        noise = np.random.default_rng((self._seed, variant)).integers(0, LEVELS, self._levels.shape, dtype=np.uint8)
        pixels = table.take(self._levels | noise)
        self._label(pixels)
        pixels.flags.writeable = False
        return pixels

    def _light_levels(self) -> np.ndarray:
        light = draw_specimen(self._model.width, self._model.height, seed=self._seed)
        if self._defocus_px:
            light = blur(light, self._defocus_px)
        if not self._model.is_colour:
            light = light.mean(axis=2)
        return np.round(np.clip(light, 0, 1) * (LEVELS - 1)).astype(np.uint16) * LEVELS

    def _label(self, pixels: np.ndarray) -> None:
        height_px = max(12, self._model.height // 18)
        banner = draw_banner(self._model.width, height_px) > 127
        full = (1 << self._model.significant_bits) - 1
        strip = np.where(banner, full, 0).astype(pixels.dtype)
        pixels[:height_px] = strip[:, :, None] if pixels.ndim == 3 else strip


def response_table(model: SimulatedModel, exposure_ms: float, gain_db: float) -> np.ndarray:
    """Pixel values [light level, noise byte] as the sensor gives them: (256, 256), uint8 or uint16.

    Light is turned into electrons; their count varies by its square root (shot noise) and by the read noise; the
    gain (20 dB are a factor of ten) multiplies; the converter cuts off at full scale.
    """
    light = np.linspace(0, 1, LEVELS)[:, None]
    electrons = light * FULL_WELL_ELECTRONS * exposure_ms / model.lamp_saturates_after_ms
    deviation = np.sqrt(np.minimum(electrons, FULL_WELL_ELECTRONS) + READ_NOISE_ELECTRONS**2)
    noisy = np.minimum(electrons + deviation * _normal_quantiles()[None, :], FULL_WELL_ELECTRONS)
    full = (1 << model.significant_bits) - 1
    values = noisy * 10 ** (gain_db / 20) * full / FULL_WELL_ELECTRONS
    return np.clip(np.round(values), 0, full).astype(np.uint8 if model.significant_bits <= 8 else np.uint16)


def _normal_quantiles() -> np.ndarray:
    """256 equally likely values of a standard normal variable."""
    return np.array([NormalDist().inv_cdf((place + 0.5) / LEVELS) for place in range(LEVELS)])


def _pixel_format(model: SimulatedModel) -> str:
    if model.is_colour:
        return "RGB24" if model.significant_bits <= 8 else "RGB48"
    return "MONO8" if model.significant_bits <= 8 else "MONO16"


def _round_to(value: float, step: float, limits: Range) -> float:
    return round(limits.clamp(round(value / step) * step), 6)
