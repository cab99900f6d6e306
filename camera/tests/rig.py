"""The camera service on the stand-in for the vendor's library. The tests of several files use it."""

import gc
import importlib
import json
import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakSet

from camera.drivers.pixelink.driver import PixelinkDriver
from camera.drivers.seen_camera import SeenCamera
from camera.drivers.selection import DriverSelection
from camera.drivers.simulated.driver import MODELS, SimulatedDriver
from camera.engine.frame_loop import Timing
from camera.engine.process_lock import CameraLock
from camera.engine.requests import SettingsRequest
from camera.errors import CameraError
from camera.frame import Frame
from camera.results.status import CameraStatus
from camera.service import Camera
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install
from camera.tests.standin.stream import Exposure

SERIAL = 725001234
PATIENCE_S = 20.0
# QUICK notices a hanging call after a second. The others do not mistake a busy machine for a hanging call.
QUICK = Timing(call_timeout_s=1.0, keep_streaming_s=1.0, first_retry_s=0.05)
STEADY = Timing(call_timeout_s=5.0, keep_streaming_s=5.0, first_retry_s=0.05)
UNHURRIED = Timing(call_timeout_s=10.0, keep_streaming_s=10.0)
SHARED = SettingsRequest(2.0, 0.0)


class Rig:
    """A stand-in camera, plugged in or not, and the service that uses it."""

    def __init__(
        self, folder: Path, library: Library, camera: StandinCamera, timing: Timing, mode: str = "pixelink"
    ) -> None:
        self.folder, self.library, self.camera, self.timing = folder, library, camera, timing
        self.drivers: WeakSet[PixelinkDriver] = WeakSet()
        self.service = self.make_service(mode)

    def make_service(self, mode: str = "pixelink") -> Camera:
        selection = DriverSelection(
            mode, self._make_driver, lambda: SimulatedDriver(MODELS["mono-small-12bit"]), SeenCamera(self.folder)
        )
        return Camera(selection, CameraLock(self.folder), SHARED, self.timing, purpose="a test")

    def _make_driver(self) -> PixelinkDriver:
        driver = PixelinkDriver()
        self.drivers.add(driver)
        return driver

    def wait_until_former_drivers_are_forgotten(self) -> None:
        """Wait until only one driver is left. The memory for frames of the former ones is then free, too."""
        wait_until(lambda: gc.collect() >= 0 and len(self.drivers) == 1)

    def wait_for_status(self, is_so: Callable[[CameraStatus], object], timeout_s: float = PATIENCE_S) -> CameraStatus:
        wait_until(lambda: is_so(self.service.status()), timeout_s)
        return self.service.status()

    def wait_for_state(self, *states: str, timeout_s: float = PATIENCE_S) -> CameraStatus:
        return self.wait_for_status(lambda status: status.state in states, timeout_s)

    def count(self, function_name: str) -> int:
        """Return how often the native function was called, on any handle."""
        return self.library.calls.count(function_name)

    def exposure_of(self, frame: Frame, answered_at_s: float = math.inf) -> Exposure:
        """Return the exposure of this frame as the sensor really made it, ended by that time. Frame numbers start again
        with each stream: if a number occurs several times, it is that of the newest stream."""
        number = frame.descriptor.frame_number
        ended = (exposure for exposure in reversed(self.camera.exposures) if exposure.ended_at <= answered_at_s)
        return next(exposure for exposure in ended if exposure.frame_number == number)


@contextmanager
def rigged(
    folder: Path, timing: Timing = QUICK, mode: str = "pixelink", is_plugged: bool = True, **characteristics: Any
) -> Iterator[Rig]:
    """Fails at the end if the program did what a careful program does not do."""
    camera = StandinCamera(SERIAL, **characteristics)
    # Real cameras take longer. Few tests depend on it, and the others need not wait.
    camera.stream_start_s = 0.01
    library = Library([camera] if is_plugged else [])
    with install(library):
        importlib.import_module("pixelinkWrapper")  # takes longer than QUICK allows on a busy machine
        rig = Rig(folder, library, camera, timing, mode)
        try:
            yield rig
        finally:
            library.release()
            camera.release()
            rig.service.close()
        assert library.violations == []


class Asking:
    """One call in a thread of its own: how it ended, and when."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._answer: Any = None
        self.problem: CameraError | None = None
        self.asked_at_s = time.perf_counter()
        self.answered_at_s = 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def is_waiting(self) -> bool:
        return self._thread.is_alive()

    @property
    def took_s(self) -> float:
        return self.answered_at_s - self.asked_at_s

    def join(self, timeout_s: float = PATIENCE_S) -> "Asking":
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), "still waiting for an answer"
        return self

    def answer(self) -> Any:
        self.join()
        if self.problem is not None:
            raise self.problem
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except CameraError as problem:
            self.problem = problem
        self.answered_at_s = time.perf_counter()


def wait_until(is_so: Callable[[], object], timeout_s: float = PATIENCE_S) -> None:
    until_s = time.perf_counter() + timeout_s
    while not is_so():
        assert time.perf_counter() < until_s, "it did not come to be in time"
        time.sleep(0.002)


def took_s(work: Callable[[], Any]) -> float:
    began_s = time.perf_counter()
    work()
    return time.perf_counter() - began_s


def holder_of(folder: Path) -> int:
    return json.loads((folder / "camera.holder.json").read_text())["process"]
