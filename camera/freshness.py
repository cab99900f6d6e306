"""From when on can a frame have been exposed?

A captured frame must have been exposed wholly after it was asked for. Cameras run freely: when a request comes, one
frame is being exposed, one read out and perhaps more are under way to the computer. What marks the instant that a
frame's own time means is not documented, so the estimate here is a bound that can only be too early. A frame is
then let pass that would have done, never the other way round.
"""

import math
from collections import deque

from camera.frame import RawFrame

CLOCK_WINDOW_FRAMES = 100
MOST_FRAMES_UNDER_WAY = 3


class ExposureClock:
    """Watches every frame of one stream, in order. For one thread."""

    def __init__(self, stream_started_at_s: float) -> None:
        """`stream_started_at_s`: when the stream was asked to start, on this computer's monotonic clock."""
        self._started_at_s = stream_started_at_s
        self._clock_differences_s: deque[float] = deque(maxlen=CLOCK_WINDOW_FRAMES)
        self._shortest_interval_s = math.inf
        self._transport_s = math.inf
        self._last: RawFrame | None = None

    def observe(self, raw: RawFrame) -> None:
        """Take note of a frame, before asking about it."""
        camera_time_s = raw.descriptor.camera_time_s
        if camera_time_s is not None:
            self._clock_differences_s.append(raw.received_at_s - camera_time_s)
        self._note_interval(raw)
        if self._last is None:
            self.learn_transport(raw, self._started_at_s)
        self._last = raw

    def learn_transport(self, raw: RawFrame, since_s: float) -> None:
        """`raw` is known for another reason to have been exposed after `since_s`: so it was under way no longer
        than that. The shortest such time is kept, and holds for the frames to come."""
        under_way_s = self._delivered_s(raw) - _exposure_s(raw) - self._readout_s(raw) - since_s
        most_s = MOST_FRAMES_UNDER_WAY * max(_exposure_s(raw), self._readout_s(raw))
        self._transport_s = min(self._transport_s, max(under_way_s, 0.0), most_s)

    def began_after_s(self, raw: RawFrame) -> float:
        """The exposure of this frame began no earlier than this, on this computer's monotonic clock."""
        if raw.exposure_began_at_s is not None:
            return raw.exposure_began_at_s
        return max(self.began_about_s(raw) - self._transport_s, self._started_at_s)

    def began_about_s(self, raw: RawFrame) -> float:
        """The likeliest beginning of the exposure, on the same clock: as if the frame had come without delay."""
        if raw.exposure_began_at_s is not None:
            return raw.exposure_began_at_s
        return self._delivered_s(raw) - _exposure_s(raw) - self._readout_s(raw)

    def _delivered_s(self, raw: RawFrame) -> float:
        """When the frame would have arrived had nothing held it up: a frame that waited in a queue came late, but
        its own time does not show it. The camera's clock is laid on ours by the promptest of the last frames."""
        camera_time_s = raw.descriptor.camera_time_s
        if camera_time_s is None or not self._clock_differences_s:
            return raw.received_at_s
        return min(raw.received_at_s, camera_time_s + min(self._clock_differences_s))

    def _readout_s(self, raw: RawFrame) -> float:
        """At most: what the driver knows, or the shortest interval between two frames, since a sensor cannot read
        out two frames at once."""
        known_s = raw.readout_s if raw.readout_s is not None else math.inf
        bound_s = min(known_s, self._shortest_interval_s)
        return bound_s if math.isfinite(bound_s) else _exposure_s(raw)

    def _note_interval(self, raw: RawFrame) -> None:
        last = self._last
        if last is None or raw.descriptor.frame_number != last.descriptor.frame_number + 1:
            return
        if raw.descriptor.camera_time_s is None or last.descriptor.camera_time_s is None:
            return
        interval_s = raw.descriptor.camera_time_s - last.descriptor.camera_time_s
        # Exposures that differ shift the marks against each other: only equal ones show the period.
        if interval_s > 0 and raw.descriptor.exposure_ms == last.descriptor.exposure_ms:
            self._shortest_interval_s = min(self._shortest_interval_s, interval_s)


def _exposure_s(raw: RawFrame) -> float:
    return raw.descriptor.exposure_ms / 1000
