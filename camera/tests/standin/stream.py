"""Computes when frames are exposed, read out and delivered. It has no thread and no clock: the caller gives the time.

The camera runs freely, and the exposure of a frame overlaps with the read-out of the frame before. So the period is the
longer of read-out and exposure (vendor's knowledge base). All times are seconds of the clock of `clock.py`.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

from .codes import StreamState, TriggerType
from .settings import Settings


class Exposure(NamedTuple):
    """One entry of `StandinCamera.exposures`. `stream` counts the starts, because frame numbers start again with
    each."""

    frame_number: int
    started_at: float
    ended_at: float
    exposure_s: float
    gain_db: float
    stream: int


@dataclass(frozen=True)
class TimedFrame:
    """A frame with its real exposure. `arrives_at` is infinite until its read-out is planned."""

    number: int
    started_at: float
    ended_at: float
    read_out_at: float
    settings: Settings
    arrives_at: float = math.inf


class Stream:
    """After a change, the frame in progress and `settings_latency_frames` more still have the old settings. A frame is
    delivered when the `pipeline_frames`-th frame after it has been read out."""

    def __init__(self, settings: Settings, readout_s: Callable[[Settings], float]) -> None:
        self.state = StreamState.STOP
        self.starts = 0
        self.settings_latency_frames = 2
        self.pipeline_frames = 0
        self.exposures: deque[Exposure] = deque(maxlen=10_000)
        self._readout_s = readout_s
        self._in_force = settings
        self._pending: deque[tuple[int, Settings]] = deque()
        self._in_camera: deque[TimedFrame] = deque()
        self.delivered: deque[TimedFrame] = deque(maxlen=256)
        self._last: TimedFrame | None = None
        self._next_number = 0
        self._not_before = 0.0
        self._changed_at_number = 0

    def start(self, settings: Settings, now: float) -> None:
        """After STOP frame numbers start at 0. After PAUSE they continue (an assumption)."""
        if self.state == StreamState.STOP:
            self._next_number = 0
            self.starts += 1
        self.state = StreamState.START
        self._restart_with(settings, now)

    def halt(self, state: StreamState) -> None:
        """PAUSE or STOP: frames that were not delivered before `now` are lost."""
        self.state = state
        self._in_camera.clear()
        self.delivered.clear()
        self._last = None

    def change(self, settings: Settings, now: float) -> None:
        """Note settings that the camera accepted at `now`."""
        self.advance(now)
        self._not_before = now
        self._changed_at_number = self._next_number
        if self.state == StreamState.START:
            self._pending.append((self._next_number + self.settings_latency_frames, settings))
        else:
            self._restart_with(settings, now)

    def advance(self, now: float) -> None:
        """Make all exposures that begin until `now`."""
        while self.next_start_at() <= now:
            self._expose(self.next_start_at())

    @property
    def frames_since_change(self) -> int:
        return self._next_number - self._changed_at_number

    @property
    def settings_in_force(self) -> Settings:
        """The settings of the next frame."""
        return self._settings_for(self._next_number)

    def next_start_at(self) -> float:
        settings = self.settings_in_force
        if self.state != StreamState.START or settings.trigger.enabled:
            return math.inf
        if self._last is None:
            return self._not_before
        # An exposure does not overlap with the one before, and ends no earlier than the read-out of that frame.
        start = max(self._last.ended_at, self._last.read_out_at - settings.exposure_s)
        if settings.frame_rate_hz:
            start = max(start, self._last.started_at + 1 / settings.frame_rate_hz)
        return max(start, self._not_before)

    def fire(self, now: float) -> bool:
        """Fire a software trigger: one exposure, which begins after the one in progress has ended."""
        settings = self.settings_in_force
        if not settings.trigger.enabled or settings.trigger.type != TriggerType.SOFTWARE:
            return False
        self._expose(max(now, self._last.ended_at if self._last else now))
        return True

    def next_arrival(self, after: float, now: float) -> TimedFrame | None:
        """Return the first frame that arrives later than `after`, if it has arrived by `now`."""
        return next((frame for frame in self.delivered if after < frame.arrives_at <= now), None)

    def next_moment(self, now: float) -> float:
        """Return the time of the next event that a waiting caller must look at."""
        arrivals = [frame.arrives_at for frame in self.delivered if frame.arrives_at > now]
        return min([self.next_start_at(), *arrivals])

    def period_s(self, settings: Settings) -> float:
        limit_s = 1 / settings.frame_rate_hz if settings.frame_rate_hz else 0.0
        return max(self._readout_s(settings), settings.exposure_s, limit_s)

    def _restart_with(self, settings: Settings, now: float) -> None:
        self._in_force = settings
        self._pending.clear()
        self._not_before = now
        self._changed_at_number = self._next_number

    def _settings_for(self, frame_number: int) -> Settings:
        due = [settings for number, settings in self._pending if number <= frame_number]
        return due[-1] if due else self._in_force

    def _expose(self, start: float) -> None:
        number = self._next_number
        settings = self._settings_for(number)
        while self._pending and self._pending[0][0] <= number:
            self._in_force = self._pending.popleft()[1]
        ended_at = start + settings.exposure_s
        begin_readout = max(ended_at, self._last.read_out_at if self._last else ended_at)
        read_out_at = begin_readout + self._readout_s(settings)
        self._last = TimedFrame(number, start, ended_at, read_out_at, settings)
        self._next_number += 1
        self.exposures.append(Exposure(number, start, ended_at, settings.exposure_s, settings.gain_db, self.starts))
        self._in_camera.append(self._last)
        if len(self._in_camera) > self.pipeline_frames:
            self.delivered.append(replace(self._in_camera.popleft(), arrives_at=read_out_at))
