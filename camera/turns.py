"""Who is waiting for the camera, and whose turn it is.

Captures with different settings take turns. Those that ask for the same settings share a turn, each with a frame of
its own; a turn is closed to newcomers as soon as anyone waits for something else, so nobody waits for ever.
"""

import threading
import time
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from camera.drivers.base import Limits, Settings
from camera.errors import CameraError, SettingOutOfRange
from camera.frame import RawFrame

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Settings as asked for; None leaves a value as everybody shares it."""

    exposure_ms: float | None = None
    gain_db: float | None = None

    def check(self, limits: Limits) -> None:
        """Raise SettingOutOfRange, naming field and limits, for what this camera cannot be set to."""
        fields = {}
        for name, value, allowed, unit in (
            ("exposure", self.exposure_ms, limits.exposure_ms, "ms"),
            ("gain", self.gain_db, limits.gain_db, "dB"),
        ):
            if value is not None and value not in allowed:
                fields[name] = [
                    f"Must be between {allowed.minimum:g} and {allowed.maximum:g} {unit}; {value:g} was asked."
                ]
        if fields:
            raise SettingOutOfRange(" ".join(f"{name}: {said[0]}" for name, said in fields.items()), fields)

    def over(self, shared: Settings) -> tuple[float, float]:
        """Exposure (ms) and gain (dB), filled up with what everybody shares."""
        return (
            shared.exposure_ms if self.exposure_ms is None else self.exposure_ms,
            shared.gain_db if self.gain_db is None else self.gain_db,
        )


class Request(Generic[Answer]):
    """Something a thread asks of the camera's thread, and waits for."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.asked_at_s = time.monotonic()
        self._done = threading.Event()
        self._answer: Answer | None = None
        self._problem: CameraError | None = None

    def succeed(self, answer: Answer) -> None:
        self._answer = answer
        self._done.set()

    def fail(self, problem: CameraError) -> None:
        self._problem = problem
        self._done.set()

    def wait(self, timeout_s: float) -> bool:
        """Whether it is done now."""
        return self._done.wait(timeout_s)

    def result(self) -> Answer:
        """The answer, or the error with which it ended. Only once done."""
        if self._problem is not None:
            raise self._problem
        assert self._answer is not None
        return self._answer


class SettingsRequest(Request[Settings]):
    """Change the settings that everybody shares."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame that was taken for a request. `began_at_s` is on the monotonic clock, as closely as is known."""

    raw: RawFrame
    began_at_s: float
    tries: int


class CaptureRequest(Request[Taken]):
    """A frame exposed after the request, under the wanted settings."""

    tries = 1


@dataclass
class Turn:
    """Captures under one exposure and gain.

    `fresh_since_s`: frames with these settings are known to have been exposed after this. `is_change_awaited`: the
    last frame seen had other settings, so the first one with these proves that the change has arrived.
    """

    exposure_ms: float
    gain_db: float
    accepted: Settings
    programmed_at_s: float
    is_change_awaited: bool
    requests: list[CaptureRequest] = field(default_factory=list)
    fresh_since_s: float = float("-inf")
    mismatches: int = 0

    def shows(self, raw: RawFrame) -> bool:
        return shows(raw, self.accepted)


def shows(raw: RawFrame, settings: Settings) -> bool:
    """Whether the frame says of itself that it was taken under these settings."""
    taken = raw.descriptor
    is_exposed_so = abs(taken.exposure_ms - settings.exposure_ms) <= max(1e-4 * settings.exposure_ms, 0.0005)
    return is_exposed_so and abs(taken.gain_db - settings.gain_db) <= 0.005
