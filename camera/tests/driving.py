"""The Pixelink driver over the stand-in for the vendor's library, as tests of several files need it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from camera.drivers.base import Driver
from camera.drivers.pixelink import PixelinkDriver
from camera.frame import RawFrame
from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install

SERIAL = 725001234
PATIENCE_S = 10.0


class Driving:
    """A plugged camera and a driver for it, closed as yet."""

    def __init__(self, library: Library, camera: StandinCamera, serial_number: str) -> None:
        self.library, self.camera = library, camera
        self.driver = PixelinkDriver(serial_number)

    def opened(self, **left_behind: Any) -> "Driving":
        """`left_behind`: what the last program left the camera set to, as fields of the stand-in's `Settings`."""
        self.camera.leave_behind(**{"exposure_s": 0.001, **left_behind})
        self.driver.open()
        return self

    def streaming(self, **left_behind: Any) -> "Driving":
        self.opened(**left_behind).driver.start()
        return self

    def grab(self) -> RawFrame:
        return self.driver.grab()

    def expected(self, raw: RawFrame, significant_bits: int | None = None) -> np.ndarray:
        """What the stand-in's sensor gave for this frame, justified to the right in so many bits."""
        samples = self.camera.expected_samples(raw.develop.native)
        bits = self.camera.characteristics.significant_bits
        wanted = significant_bits or raw.descriptor.significant_bits
        return samples >> bits - wanted if bits >= wanted else samples << wanted - bits


@contextmanager
def driving(serial_number: str = "", **characteristics: Any) -> Iterator[Driving]:
    """At the end every handle must have been given back, and nothing been done that a careful program does not do."""
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
    """Within it every `driving` uses one library, emptied each time: loading it takes longer than most tests do."""
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
        library.close()
        library.sessions.clear()
        for remains in (library.violations, library.missing_functions, library.calls, library.faults):
            remains.clear()


class InThread:
    """One call, made in a thread of its own."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._work = work
        self._answer: Any = None
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def answer(self) -> Any:
        """What it came back with; raises what it raised."""
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


def wait_until_told(driver: Driver) -> None:
    """That the camera is gone; a library tells it on a thread of its own."""
    resting = threading.Event()
    for _ in range(1000):
        if driver.has_disconnected:
            return
        resting.wait(0.005)
    raise AssertionError("nobody told that the camera is gone")
