"""The Pixelink driver on the stand-in for the vendor's library. The tests of several files use it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from camera.drivers.base import Driver
from camera.drivers.pixelink.driver import PixelinkDriver
from camera.frame import RawFrame
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install

SERIAL = 725001234
PATIENCE_S = 10.0


class Driving:
    """A camera that is plugged in, and a driver for it that is not open yet."""

    def __init__(self, library: Library, camera: StandinCamera, serial_number: str) -> None:
        self.library, self.camera = library, camera
        self.driver = PixelinkDriver(serial_number)

    def opened(self, **left_behind: Any) -> "Driving":
        """Open the driver. `left_behind`: the settings that the last program left in the camera, as fields of
        `Settings`."""
        self.camera.leave_behind(**{"exposure_s": 0.001, **left_behind})
        self.driver.open()
        return self

    def streaming(self, **left_behind: Any) -> "Driving":
        self.opened(**left_behind).driver.start()
        return self

    def grab(self) -> RawFrame:
        return self.driver.grab()

    def expected(self, raw: RawFrame, significant_bits: int | None = None) -> np.ndarray:
        """Return what the stand-in's sensor gave for this frame, right-justified in `significant_bits`."""
        samples = self.camera.expected_samples(raw.develop.native)
        bits = self.camera.characteristics.significant_bits
        wanted = significant_bits or raw.descriptor.significant_bits
        return samples >> bits - wanted if bits >= wanted else samples << wanted - bits


@contextmanager
def driving(serial_number: str = "", **characteristics: Any) -> Iterator[Driving]:
    """Fails at the end if a handle was not given back, or if the driver did what a careful program does not do."""
    camera = StandinCamera(SERIAL, **characteristics)
    camera.stream_start_s = 0.0
    with _a_library() as library:
        driven = Driving(library, library.plug(camera), serial_number)
        try:
            yield driven
        finally:
            driven.driver.close()
        assert library.violations == []
        assert library.open_handles == []


@contextmanager
def one_library() -> Iterator[None]:
    """Within the block every `driving` uses the same library, emptied each time. Loading takes longer than most
    tests."""
    with install(Library()) as library:
        _shared.append(library)
        try:
            yield
        finally:
            _shared.pop()


_shared: list[Library] = []


@contextmanager
def _a_library() -> Iterator[Library]:
    if not _shared:
        with install(Library()) as library:
            yield library
        return
    library = _shared[-1]
    try:
        yield library
    finally:
        # Release what still hangs. A failed test must not stop the next one.
        library.close()
        library.sessions.clear()
        for remains in (library.violations, library.missing_functions, library.calls, library.faults):
            remains.clear()


class InThread:
    """One call in a thread of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._answer: Any = None
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def answer(self) -> Any:
        """Return what the call returned, or raise what it raised."""
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive(), "the call does not come back"
        if self._problem is not None:
            raise self._problem
        return self._answer

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except BaseException as problem:  # noqa: BLE001 - the thread's boundary: it is raised again in the test
            self._problem = problem


def wait_until_notified(driver: Driver) -> None:
    """Wait until the driver knows that the camera is gone. The library reports it on a thread of its own."""
    resting = threading.Event()
    for _ in range(1000):
        if driver.has_disconnected:
            return
        resting.wait(0.005)
    raise AssertionError("nobody told that the camera is gone")
