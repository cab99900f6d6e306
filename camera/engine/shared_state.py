"""The state of the camera, which the camera's thread writes and all others read."""

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import fields

from camera import errors
from camera.drivers.limits import Limits
from camera.drivers.settings import Settings
from camera.engine.clock.clock_report import ClockReport
from camera.engine.requests import Source
from camera.frame import CameraWarning, RawFrame

FRAME_RATE_WINDOW_FRAMES = 30


class CameraState:
    """Only the camera's thread writes it, and any thread reads it. Both hold `changed`, which is notified of every
    change.

    `clock`: the report of the open camera, up to a second old. `newest` came from `newest_source`. `newest_count` rises
    with each frame. `set_by`: the name of the user who last changed each of `shared`. The service writes `watchers`.
    `read_warnings` asks the open driver and does not block.
    """

    def __init__(self) -> None:
        # One condition for everything: a thread that waits for a frame must also wake up for a fault.
        self.changed = threading.Condition()
        self.state = "closed"
        self.state_since_s = time.perf_counter()
        self.cause: errors.CameraError | None = None
        self.source: Source | None = None
        self.limits: Limits | None = None
        self.shared: Settings | None = None
        self.set_by: dict[str, str | None] = {}
        self.newest: RawFrame | None = None
        self.newest_source: Source | None = None
        self.newest_count = 0
        self.next_try_at_s: float | None = None
        self.clock: ClockReport | None = None
        self.watchers = 0
        # Any thread sets it: a simulated camera is to be closed, and a real one looked for.
        self.must_look_again = False
        self.read_warnings: Callable[[], tuple[CameraWarning, ...]] = tuple
        self._arrivals_s: deque[float] = deque(maxlen=FRAME_RATE_WINDOW_FRAMES)

    @property
    def is_wanted(self) -> bool:
        """True if the camera's thread has something to do besides the requests."""
        return self.watchers > 0 or self.must_look_again

    def is_given_up(self, source: Source) -> bool:
        """Return True if this camera is to be closed, because a real one is looked for and this one is simulated."""
        with self.changed:
            must_look_again, self.must_look_again = self.must_look_again, False
        return must_look_again and source.is_simulated

    def set_state(self, state: str, cause: errors.CameraError | None = None) -> None:
        """Set the state. Its time is that of the first fault, and stays during all attempts to recover."""
        with self.changed:
            is_same_fault = {state, self.state} <= {"fault", "reopening"}
            if state != self.state and not is_same_fault:
                self.state_since_s = time.perf_counter()
            # The pause between two streams must not count as a slow frame.
            if state != "streaming":
                self._arrivals_s.clear()
            self.state, self.cause = state, cause
            self.changed.notify_all()

    def share(self, settings: Settings, by: str | None = None) -> None:
        """Set the shared settings. Those that are new are noted as changed by this user; by nobody if None."""
        with self.changed:
            former, self.shared = self.shared or settings, settings
            names = [one.name for one in fields(settings) if getattr(settings, one.name) != getattr(former, one.name)]
            self.set_by = {**self.set_by, **dict.fromkeys(names, by)}

    def note_arrival(self, raw: RawFrame) -> None:
        with self.changed:
            self._arrivals_s.append(raw.received_at_s)

    def publish(self, raw: RawFrame, source: Source) -> None:
        with self.changed:
            self.newest, self.newest_source = raw, source
            self.newest_count += 1
            self.changed.notify_all()

    def copy_from(self, former: "CameraState") -> None:
        """Take over the state of a camera thread that was abandoned."""
        self.state, self.state_since_s, self.cause = former.state, former.state_since_s, former.cause
        self.source, self.limits, self.shared = former.source, former.limits, former.shared
        self.set_by = former.set_by
        self.newest, self.newest_source, self.newest_count = former.newest, former.newest_source, former.newest_count

    @property
    def frame_rate_hz(self) -> float | None:
        """The recent frame rate in frames a second. None while no frames come."""
        with self.changed:
            if len(self._arrivals_s) < 2 or self._arrivals_s[-1] <= self._arrivals_s[0]:
                return None
            return (len(self._arrivals_s) - 1) / (self._arrivals_s[-1] - self._arrivals_s[0])
