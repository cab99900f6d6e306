"""A camera for the stand-in's own tests: plugged in, and used through the real wrapper."""

import ctypes
import threading
from collections.abc import Callable, Iterator
from typing import Any

from camera.tests.standin.camera import StandinCamera
from camera.tests.standin.library import Library
from camera.tests.standin.loading import install

SERIAL = 725001234
START, PAUSE, STOP = 0, 1, 2
MANUAL, AUTO, ONEPUSH, OFF = 2, 4, 8, 16


class Bench:
    """A camera that is plugged in, the wrapper and, after `open`, a handle."""

    def __init__(self, library: Library, camera: StandinCamera) -> None:
        from pixelinkWrapper import PxLApi

        self.api, self.library, self.camera = PxLApi, library, camera
        self.handle = 0
        self.buffer = ctypes.create_string_buffer(200_000)

    def open(self, **settings: Any) -> "Bench":
        self.camera.leave_behind(**settings)
        code, self.handle = self.api.initialize(SERIAL)
        assert code == 0
        return self

    def stream(self, **settings: Any) -> "Bench":
        self.open(**{"exposure_s": 0.001, **settings})
        assert self.set_stream(START) == 0
        return self

    def set_stream(self, state: int) -> int:
        return self.api.setStreamState(self.handle, state)[0]

    def set(self, feature_id: int, *values: float, flags: int = MANUAL) -> int:
        return self.api.setFeature(self.handle, feature_id, flags, list(values))[0]

    def get(self, feature_id: int) -> list[float]:
        return self.api.getFeature(self.handle, feature_id)[2]

    def feature(self, feature_id: int):
        code, features = self.api.getCameraFeatures(self.handle, feature_id)
        assert code == 0
        assert features.uNumberOfFeatures == 1
        self.kept_alive = features
        return features.Features[0]

    def grab(self) -> tuple:
        return self.api.getNextFrame(self.handle, self.buffer)

    def frame(self):
        code, descriptor = self.grab()
        assert code == 0
        return descriptor

    def pixels(self, descriptor) -> bytes:
        return bytes(self.buffer)[: self.api.imageSize(descriptor)]

    def formatted(self, descriptor, image_format: int) -> bytes:
        code, picture = self.api.formatImage(self.buffer, descriptor, image_format)
        assert code == 0
        return bytes(picture)


def on_bench(**characteristics: Any) -> Iterator[Bench]:
    """For a fixture to yield from. Fails at the end if a violation was noted."""
    camera = StandinCamera(SERIAL, **characteristics)
    camera.stream_start_s = 0.0
    with install(Library([camera])) as library:
        yield Bench(library, camera)
        assert library.violations == []


def in_thread(work: Callable[[], object]) -> tuple[threading.Thread, list]:
    results: list = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    return thread, results
