"""The queue of requests for the camera, and the batch of captures that is being served.

Captures with different settings are served one batch after another. Captures with the same settings share a batch, and
each gets its own frame. A batch takes no new captures once somebody waits for something else, so nobody waits for ever.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from camera.drivers.settings import Settings, SettingsRequest
from camera.errors import CameraError, CaptureFailed
from camera.frame import CameraIdentity, RawFrame

Answer = TypeVar("Answer")

# Raises a ControlRefused if the requester may not use the camera any more. The camera's thread calls it when the turn
# of the request comes, so it must not block.
Permit = Callable[[], None]


class Request(Generic[Answer]):
    """Something that a thread asks of the camera's thread, and waits for. The first answer counts. Later ones are
    dropped."""

    def __init__(
        self,
        wanted: SettingsRequest,
        asked_at_s: float | None = None,
        by: str | None = None,
        permit: Permit | None = None,
    ) -> None:
        """`asked_at_s`: when the user asked, by time.perf_counter; by default now. `by`: the name of the user."""
        self.wanted = wanted
        self.by = by
        self._permit = permit
        self.asked_at_s = time.perf_counter() if asked_at_s is None else asked_at_s
        self._ending = threading.Lock()
        self._done = threading.Event()
        self._answer: Answer | None = None
        self._problem: CameraError | None = None

    def require_permit(self) -> None:
        """Raise a ControlRefused if the requester may not use the camera any more."""
        if self._permit is not None:
            self._permit()

    def succeed(self, answer: Answer) -> None:
        self._end(answer, None)

    def fail(self, problem: CameraError) -> None:
        self._end(None, problem)

    def wait(self, timeout_s: float) -> bool:
        """Wait for the answer. Returns True if it is there."""
        return self._done.wait(timeout_s)

    @property
    def is_done(self) -> bool:
        return self._done.is_set()

    def result(self) -> Answer:
        """Return the answer, or raise the error. Call it only after the request is done."""
        if self._problem is not None:
            raise copy_without_traceback(self._problem)
        assert self._answer is not None
        return self._answer

    def _end(self, answer: Answer | None, problem: CameraError | None) -> None:
        # A thread that was abandoned may answer at the moment at which another thread fails the request.
        with self._ending:
            if not self._done.is_set():
                self._answer, self._problem = answer, problem
                self._done.set()


class ConfigureRequest(Request[Settings]):
    """Change the settings that everybody shares."""


class WhiteBalanceRequest(Request[Settings]):
    """Let the camera find its white balance, for everybody."""


@dataclass(frozen=True, slots=True)
class Source:
    """The camera that a frame comes from. For `driver` and the fields after it see `camera.drivers.base.Driver`."""

    identity: CameraIdentity
    driver: str
    is_simulated: bool
    simulation_reason: str | None


@dataclass(frozen=True, slots=True)
class TakenFrame:
    """A frame that was taken for a request. `began_at_s` is the best estimate, in seconds of the monotonic clock."""

    raw: RawFrame
    source: Source
    began_at_s: float
    tries: int


class CaptureRequest(Request[TakenFrame]):
    """Asks for a frame that is exposed after the request, with the requested settings."""

    tries = 1


class RequestQueue:
    """The requests in the order in which they came. Any thread may use it: every method holds `changed`."""

    def __init__(self, changed: threading.Condition) -> None:
        self._changed = changed
        self._waiting: deque[Request[Any]] = deque()
        self._taken: list[Request[Any]] = []
        self._closed_because: CameraError | None = None
        self._is_to_be_broken_off = False

    def join(self, request: Request[Any]) -> None:
        """Append a request. If the queue is closed, the request fails at once."""
        with self._changed:
            if self._closed_because is not None:
                request.fail(self._closed_because)
            else:
                self._waiting.append(request)
                self._changed.notify_all()

    def take_first(self, can_start: Callable[[Request[Any]], bool]) -> Request[Any] | None:
        """Take the first request out and return it, if it can start now. The requests behind it wait in any case."""
        with self._changed:
            if not self._waiting or not can_start(self._waiting[0]):
                return None
            # Remember requests without an answer, so that `fail_all` reaches them if the camera is lost.
            self._taken = [request for request in self._taken if not request.is_done]
            self._taken.append(self._waiting.popleft())
            return self._taken[-1]

    def fail_all(self, problem: CameraError) -> None:
        """Fail all requests that wait, and those that were taken out but have no answer yet."""
        with self._changed:
            for request in [*self._taken, *self._waiting]:
                request.fail(problem)
            self._taken.clear()
            self._waiting.clear()

    def close(self, problem: CameraError) -> None:
        """Close the queue for ever: requests fail, now and later."""
        with self._changed:
            # The first cause counts, for example the fault of an abandoned thread before the end of the program.
            self._closed_because = self._closed_because or problem
            self.fail_all(problem)
            self._changed.notify_all()

    def break_off(self) -> None:
        """Make the camera's thread drop the requests that it serves and whose permit is lost."""
        with self._changed:
            self._is_to_be_broken_off = True
            self._changed.notify_all()

    def take_break_off(self) -> bool:
        """Return True once after `break_off`."""
        with self._changed:
            asked, self._is_to_be_broken_off = self._is_to_be_broken_off, False
            return asked

    @property
    def is_closed(self) -> bool:
        return self._closed_because is not None

    @property
    def has_waiting(self) -> bool:
        return bool(self._waiting)


@dataclass
class CaptureBatch:
    """Captures with one exposure and gain. All other settings are those that everybody shares.

    `proves_since_s`: a frame with these settings was certainly exposed after this time, because no frame before had
    that exposure. None if the settings do not prove it. `former_exposure_ms`: the longest exposure of the frames that
    were under way before.
    """

    wanted: SettingsRequest
    accepted: Settings
    proves_since_s: float | None = None
    former_exposure_ms: float = 0.0
    requests: list[CaptureRequest] = field(default_factory=list)
    mismatches: int = 0


def copy_without_traceback(problem: CameraError) -> CameraError:
    """Return a copy of an error, to raise it or to keep it.

    Many threads raise the error of one long fault, and it would collect the tracebacks of all of them. A traceback also
    keeps every object of its frames alive, for example the driver of a lost camera.
    """
    fresh = copy(problem).with_traceback(None)  # some libraries make `copy` copy the traceback too
    fresh.__cause__ = fresh.__context__ = None
    return fresh


def as_capture_failed(problem: CameraError, tries: int) -> CaptureFailed:
    """Return the error with which a capture fails after its last try."""
    if isinstance(problem, CaptureFailed):
        return problem
    return CaptureFailed(f"The camera gave no usable frame in {tries} tries. Last: {problem}")
