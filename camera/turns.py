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

from camera.drivers.settings import Settings, Wanted
from camera.errors import CameraError
from camera.frame import CameraIdentity, RawFrame

Answer = TypeVar("Answer")


class Request(Generic[Answer]):
    """Something a thread asks of the camera's thread, and waits for. The first answer stands, later ones are lost."""

    def __init__(self, wanted: Wanted, asked_at_s: float | None = None, by: str | None = None) -> None:
        """`asked_at_s` (time.perf_counter): when who asks began to; now, unless told. `by`: who asks, by name."""
        self.wanted = wanted
        self.by = by
        self.asked_at_s = time.perf_counter() if asked_at_s is None else asked_at_s
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


class WhiteBalanceRequest(Request[Settings]):
    """Have the camera find its white balance, for everybody."""


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
    """Captures under one exposure and gain; all else is as everybody shares it.

    `proves_since_s`: frames with these settings are certain to have been exposed after this, since none had that
    exposure before; None where that cannot be told from the settings.
    """

    wanted: Wanted
    accepted: Settings
    proves_since_s: float | None = None
    requests: list[CaptureRequest] = field(default_factory=list)
    mismatches: int = 0


def anew(problem: CameraError) -> CameraError:
    """A copy to raise, or to keep. One error tells many threads of a long fault, and would gather the traces of them
    all; and as it was raised it keeps alive whatever it went through, the driver of a lost camera for one."""
    fresh = copy(problem).with_traceback(None)  # a library may have taught `copy` to take the trace along
    fresh.__cause__ = fresh.__context__ = None
    return fresh
