"""What the camera's thread lets everyone else know."""

import threading
import time
from collections import deque
from dataclasses import fields

from camera import errors
from camera.drivers.limits import Limits
from camera.drivers.settings import Settings
from camera.frame import RawFrame
from camera.turns import Source

FRAME_RATE_WINDOW_FRAMES = 30


class Bulletin:
    """Written by one camera thread, read by all, both under `changed`, which is told of every change.

    `newest` came from `newest_source`; `newest_count` rises with each frame. `set_by` tells by name who changed which
    of `shared` last. `watchers` is written by the service.
    """

    def __init__(self) -> None:
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
        self.watchers = 0
        self._arrivals_s: deque[float] = deque(maxlen=FRAME_RATE_WINDOW_FRAMES)

    def show(self, state: str, cause: errors.CameraError | None = None) -> None:
        """The time stands from when a fault began, through all tries to mend it."""
        with self.changed:
            is_same_fault = {state, self.state} <= {"fault", "reopening"}
            if state != self.state and not is_same_fault:
                self.state_since_s = time.perf_counter()
            if state != "streaming":
                self._arrivals_s.clear()
            self.state, self.cause = state, cause
            self.changed.notify_all()

    def share(self, settings: Settings, by: str | None = None) -> None:
        """Everybody's settings are these now. What of them is new is that person's doing; nobody's where None."""
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

    def copy_from(self, former: "Bulletin") -> None:
        """Go on where another thread was given up."""
        self.state, self.state_since_s, self.cause = former.state, former.state_since_s, former.cause
        self.source, self.limits, self.shared = former.source, former.limits, former.shared
        self.set_by = former.set_by
        self.newest, self.newest_source, self.newest_count = former.newest, former.newest_source, former.newest_count

    @property
    def frame_rate_hz(self) -> float | None:
        """Frames a second of late; None while none come."""
        with self.changed:
            if len(self._arrivals_s) < 2 or self._arrivals_s[-1] <= self._arrivals_s[0]:
                return None
            return (len(self._arrivals_s) - 1) / (self._arrivals_s[-1] - self._arrivals_s[0])
