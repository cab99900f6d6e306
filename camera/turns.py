"""Who is waiting for the camera, and whose turn it is.

Captures with different settings take turns. Those that ask for the same settings share a turn, each with a frame of
its own; a turn is closed to newcomers as soon as anyone waits for something else, so nobody waits for ever.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from camera.drivers.base import Limits, Range, Settings
from camera.errors import CameraError, SettingOutOfRange
from camera.frame import CameraIdentity, RawFrame

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Settings as asked for; None leaves a value as everybody shares it."""

    exposure_ms: float | None = None
    gain_db: float | None = None

    def check(self, limits: Limits) -> None:
        """Raise SettingOutOfRange, naming field and limits, for what this camera cannot be set to."""
        fields = {}
        if self.exposure_ms is not None and not (self.exposure_ms > 0 and self.exposure_ms in limits.exposure_ms):
            fields["exposure"] = [_refusal(self.exposure_ms, limits.exposure_ms, "ms")]
        if self.gain_db is not None and self.gain_db not in limits.gain_db:
            fields["gain"] = [_refusal(self.gain_db, limits.gain_db, "dB")]
        if fields:
            raise SettingOutOfRange(" ".join(f"{name}: {said[0]}" for name, said in fields.items()), fields)

    def over(self, shared: Settings) -> tuple[float, float]:
        """Exposure (ms) and gain (dB), filled up with what everybody shares."""
        return (
            shared.exposure_ms if self.exposure_ms is None else self.exposure_ms,
            shared.gain_db if self.gain_db is None else self.gain_db,
        )


class Request(Generic[Answer]):
    """Something a thread asks of the camera's thread, and waits for. The first answer stands, later ones are lost."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.asked_at_s = time.perf_counter()
        self._ending = threading.Lock()
        self._done = threading.Event()
        self._answer: Answer | None = None
        self._problem: CameraError | None = None

    def succeed(self, answer: Answer) -> None:
        self._end(answer, None)

    def fail(self, problem: CameraError) -> None:
        self._end(None, problem)

    def wait(self, timeout_s: float) -> bool:
        """Whether it is done now."""
        return self._done.wait(timeout_s)

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def result(self) -> Answer:
        """The answer, or the error with which it ended. Only once done."""
        if self._problem is not None:
            raise anew(self._problem)
        assert self._answer is not None
        return self._answer

    def _end(self, answer: Answer | None, problem: CameraError | None) -> None:
        with self._ending:
            if not self._done.is_set():
                self._answer, self._problem = answer, problem
                self._done.set()


class SettingsRequest(Request[Settings]):
    """Change the settings that everybody shares."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a frame comes from. `driver` and what follows: see `camera.drivers.base.Driver`."""

    identity: CameraIdentity
    driver: str
    is_simulated: bool
    simulation_reason: str | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A frame that was taken for a request. `began_at_s` is on the monotonic clock, as closely as is known."""

    raw: RawFrame
    source: Source
    began_at_s: float
    tries: int


class CaptureRequest(Request[Taken]):
    """A frame exposed after the request, under the wanted settings."""

    tries = 1


class Line:
    """Requests in the order in which they came. Safe to use from any thread: all is done under `changed`."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._waiting: deque[Request[Any]] = deque()
        self._taken: list[Request[Any]] = []
        self._closed_because: CameraError | None = None

    def join(self, request: Request[Any]) -> None:
        """Wait in line; where that is closed, the request fails at once."""
        with self._changed:
            if self._closed_because is not None:
                request.fail(self._closed_because)
            else:
                self._waiting.append(request)
                self._changed.notify_all()

    def take_first(self, may_come: Callable[[Request[Any]], bool]) -> Request[Any] | None:
        """The first in line, if it may come now. Those behind it wait in any case."""
        with self._changed:
            if not self._waiting or not may_come(self._waiting[0]):
                return None
            self._taken = [request for request in self._taken if not request.is_done]
            self._taken.append(self._waiting.popleft())
            return self._taken[-1]

    def fail_everyone(self, problem: CameraError) -> None:
        """Those who wait and those who were taken from the line but have no answer yet."""
        with self._changed:
            for request in [*self._taken, *self._waiting]:
                request.fail(problem)
            self._taken.clear()
            self._waiting.clear()

    def close(self, problem: CameraError) -> None:
        """For good: everyone fails, now and later."""
        with self._changed:
            self._closed_because = self._closed_because or problem
            self.fail_everyone(problem)
            self._changed.notify_all()

    @property
    def is_closed(self) -> bool:
        return self._closed_because is not None

    @property
    def is_anyone_waiting(self) -> bool:
        return bool(self._waiting)


@dataclass
class Turn:
    """Captures under one exposure and gain.

    `proves_since_s`: frames with these settings are certain to have been exposed after this, since none had that
    exposure before; None where that cannot be told from the settings.
    """

    wanted: tuple[float, float]
    accepted: Settings
    proves_since_s: float | None = None
    requests: list[CaptureRequest] = field(default_factory=list)
    mismatches: int = 0


def shows(raw: RawFrame, settings: Settings) -> bool:
    """Whether the frame says of itself that it was taken under these settings."""
    taken = raw.descriptor
    return is_same_exposure(taken.exposure_ms, settings.exposure_ms) and abs(taken.gain_db - settings.gain_db) <= 0.005


def is_same_exposure(one_ms: float, other_ms: float) -> bool:
    """As far as cameras tell: descriptors and settings are rounded in different places."""
    return abs(one_ms - other_ms) <= max(1e-4 * other_ms, 0.0005)


def anew(problem: CameraError) -> CameraError:
    """A copy to raise: one error tells many threads of a long fault, and would gather the traces of them all."""
    return copy(problem)


def _refusal(value: float, allowed: Range, unit: str) -> str:
    return f"Must be between {allowed.minimum:g} and {allowed.maximum:g} {unit}; {value:g} was asked."
