"""From when on can a frame have been exposed?

A captured frame must have been exposed wholly after it was asked for. Cameras run freely: when a request comes, one
frame is being exposed, one read out and perhaps more are under way to the computer. How many, and which instant of
a frame its own time marks, is not documented. So all answers here are bounds that can only be too early: a frame is
then let pass that would have done, never the other way round.
"""

import math
from collections import deque

from camera.frame import RawFrame

MOST_FRAMES_BEGUN = 8
PROMPTNESS_WINDOW_FRAMES = 100
DRIFT = 5e-4


class ExposureClock:
    """Watches every frame of one stream, in order, and answers about the newest. For one thread. Times are seconds
    on this computer's monotonic clock."""

    def __init__(self, stream_started_at_s: float) -> None:
        """`stream_started_at_s`: no later than the stream began to start."""
        self._started_at_s = stream_started_at_s
        self._grabs_began_at_s: deque[float] = deque(maxlen=MOST_FRAMES_BEGUN + 1)
        self._suppositions = (Supposition(share=0.0), Supposition(share=1.0))
        self._newest: RawFrame | None = None
        self._began_after_s = stream_started_at_s

    def observe(self, raw: RawFrame, grab_began_at_s: float) -> None:
        """Take note of a frame, and of when the driver was asked for it."""
        # Exposures follow each other, so this one began after the one before had ended.
        known_s = self.next_begins_after_s
        is_first, self._newest = self._newest is None, raw
        self._grabs_began_at_s.append(grab_began_at_s)
        for supposition in self._suppositions:
            supposition.observe(raw)
        if is_first:
            self.learn(self._started_at_s)
        told_s = raw.exposure_began_at_s if raw.exposure_began_at_s is not None else -math.inf
        self._began_after_s = max(known_s, told_s, self._bound_by_count(), self._bound_by_marks(raw))

    def learn(self, began_after_s: float) -> None:
        """The newest frame is known for a reason of its own to have begun after this. That tells of the clocks too."""
        assert self._newest
        self._began_after_s = max(self._began_after_s, began_after_s)
        for supposition in self._suppositions:
            supposition.learn(self._newest, began_after_s)

    @property
    def began_after_s(self) -> float:
        """The exposure of the newest frame began no earlier than this."""
        return self._began_after_s

    @property
    def began_about_s(self) -> float:
        """The likeliest beginning of the newest frame's exposure: as if it had come without delay."""
        assert self._newest
        if self._newest.exposure_began_at_s is not None:
            return self._newest.exposure_began_at_s
        readout_s = self._newest.readout_s or 0.0
        latest_s = [self._newest.received_at_s - exposure_s(self._newest)]
        latest_s += [supposition.began_before_s(self._newest) for supposition in self._believable()]
        return max(min(latest_s) - readout_s, self._began_after_s)

    @property
    def next_begins_after_s(self) -> float:
        """No frame after the newest one begins earlier than this."""
        return self._began_after_s + (exposure_s(self._newest) if self._newest else 0.0)

    def _bound_by_count(self) -> float:
        """When a frame is asked for, it and some after it may have begun: three under way, as many as four in the
        library's buffers, one under exposure. The next one has not. This holds where a camera's clock fails."""
        is_enough = len(self._grabs_began_at_s) > MOST_FRAMES_BEGUN
        return self._grabs_began_at_s[0] if is_enough else -math.inf

    def _bound_by_marks(self, raw: RawFrame) -> float:
        """By the frame's own time. Where it cannot be said what it marks, the worse case counts."""
        return min((supposition.began_after_s(raw) for supposition in self._believable()), default=-math.inf)

    def _believable(self) -> "list[Supposition]":
        return [supposition for supposition in self._suppositions if supposition.is_believable]


class Supposition:
    """Suppose that a frame's own time marks the beginning of its exposure (`share` 0), or its end or that of the
    read-out (`share` 1). Then each frame limits by how much the camera's clock is behind ours."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._behind_at_least_s = -math.inf
        self._behind_at_most_s: deque[float] = deque(maxlen=PROMPTNESS_WINDOW_FRAMES)
        self._newest_at_s = 0.0

    def observe(self, raw: RawFrame) -> None:
        """A frame arrives after it was exposed. One that came late tells little; the promptest of the last count."""
        self._newest_at_s = raw.received_at_s
        if raw.descriptor.camera_time_s is not None:
            self._behind_at_most_s.append(raw.received_at_s - exposure_s(raw) - self._began_s(raw))

    def learn(self, raw: RawFrame, began_after_s: float) -> None:
        if raw.descriptor.camera_time_s is not None:
            # Clocks drift: what was learned loses strength with time, so it is kept as of the clock's zero.
            learned_s = began_after_s - self._began_s(raw) + DRIFT * raw.received_at_s
            self._behind_at_least_s = max(self._behind_at_least_s, learned_s)

    @property
    def is_believable(self) -> bool:
        """False where the frames contradict it: such times mark something else, or nothing."""
        if not self._behind_at_most_s or math.isinf(self._behind_at_least_s):
            return False
        return self._least_s() <= min(self._behind_at_most_s)

    def began_after_s(self, raw: RawFrame) -> float:
        if raw.descriptor.camera_time_s is None:
            return -math.inf
        return self._began_s(raw) + self._least_s()

    def began_before_s(self, raw: RawFrame) -> float:
        if raw.descriptor.camera_time_s is None:
            return math.inf
        return self._began_s(raw) + min(self._behind_at_most_s)

    def _least_s(self) -> float:
        return self._behind_at_least_s - DRIFT * self._newest_at_s

    def _began_s(self, raw: RawFrame) -> float:
        """On the camera's clock, if the supposition holds."""
        return (raw.descriptor.camera_time_s or 0.0) - self._share * exposure_s(raw)


def exposure_s(raw: RawFrame) -> float:
    return raw.descriptor.exposure_ms / 1000
