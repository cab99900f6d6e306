"""A simulated camera whose driver writes down what reaches it. Each request has an exposure of its own, so that the
driver knows whose it is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import DriverSelection
from camera.drivers.settings import Settings, SettingsRequest
from camera.drivers.simulated.driver import MODELS, SimulatedDriver
from camera.engine.frame_loop import Timing
from camera.engine.process_lock import CameraLock
from camera.frame import RawFrame
from camera.service import Camera
from images.control.control import Control
from images.control.lease import Holder

DEFAULT_MS = 5.0
# Longer than any busy machine holds up a thread.
PATIENCE_S = 60.0


@dataclass(frozen=True)
class Call:
    """A change that reached the driver. `fence` and `user_id`: who had control at that moment, None if nobody;
    `frames`: how many frames the driver had delivered before."""

    exposure_ms: float | None
    fence: int | None
    user_id: int | None
    frames: int


@dataclass
class Witness:
    """What the driver saw. `control` is asked at each call."""

    control: Control | None = None
    calls: list[Call] = field(default_factory=list)
    starts: int = 0
    frames: int = 0

    def note(self, wanted: SettingsRequest) -> None:
        lease = self.control._state.lease if self.control else None
        named = (lease.fence, lease.holder.user_id) if lease else (None, None)
        self.calls.append(Call(wanted.exposure_ms, *named, self.frames))


class RecordingDriver(SimulatedDriver):
    """While `gate` is closed a change waits at the driver, and all other requests wait behind it."""

    def __init__(self, witness: Witness, gate: threading.Event) -> None:
        super().__init__(MODELS["colour-small"])
        self.witness, self.gate = witness, gate
        self.is_at_gate = threading.Event()

    def configure(self, wanted: SettingsRequest) -> Settings:
        self.is_at_gate.set()
        assert self.gate.wait(PATIENCE_S)
        self.is_at_gate.clear()
        self.witness.note(wanted)
        return super().configure(wanted)

    def start(self) -> None:
        self.witness.starts += 1
        super().start()

    def grab(self) -> RawFrame:
        raw = super().grab()
        self.witness.frames += 1
        return raw


class Recorded:
    """The camera with its driver, and whose exposures are whose."""

    def __init__(self, folder: Path) -> None:
        self.witness, self.gate = Witness(), threading.Event()
        self.gate.set()
        self.driver = RecordingDriver(self.witness, self.gate)
        self.admitted: dict[float, tuple[int, int]] = {}
        self._lock, self._count = threading.Lock(), 0
        selection = DriverSelection("simulated", self._give_driver, self._give_driver, SeenCamera(folder))
        timing = Timing(call_timeout_s=2 * PATIENCE_S, keep_streaming_s=0.2)
        self.camera = Camera(selection, CameraLock(folder), SettingsRequest(DEFAULT_MS, 0.0), timing)
        self.camera.limits()

    def _give_driver(self) -> SimulatedDriver:
        return self.driver

    def begin(self, control: Control) -> None:
        """Forget what was seen; from now on this one is in force."""
        self.witness.control = control
        self.witness.calls.clear()
        self.admitted.clear()

    def new_exposure_ms(self) -> float:
        """Return an exposure that no request had lately."""
        with self._lock:
            self._count += 1
            return 6.0 + (self._count % 1000) / 64

    def note_admission(self, exposure_ms: float, fence: int, who: Holder) -> None:
        assert who.user_id is not None
        self.admitted[exposure_ms] = (fence, who.user_id)

    def own_calls(self) -> list[Call]:
        """Return the calls that came from requests of clients. The engine may set the same exposure again later, when
        it goes back to what all share."""
        first: dict[float | None, Call] = {}
        for call in self.witness.calls:
            first.setdefault(call.exposure_ms, call)
        return [call for exposure_ms, call in first.items() if exposure_ms in self.admitted]


@contextmanager
def recorded_camera(folder: Path) -> Iterator[Recorded]:
    recorded = Recorded(folder)
    try:
        yield recorded
    finally:
        recorded.gate.set()
        recorded.camera.close()
