"""Estimates when the exposure of a frame began.

A captured frame must have been exposed wholly after its request. A camera runs freely: when a request comes, one frame
is being exposed, one is being read out, and more may be on their way to the computer. How many, and which moment of a
frame its own time marks, is not documented. So every answer here is a bound that can only be too early. The mistake is
then to let a good frame pass, never to keep an old one.

Four things are known about the start of an exposure. It follows the exposure before. It follows the start of the
stream. It follows any setting that shows in the frame. And the frame has a time, which helps once the offset of the
camera's clock is known: from such proofs, or better from readings of the clock.
"""

import math
from collections import deque

from camera.engine.clock.camera_clock import MAX_DRIFT, CameraClock
from camera.frame import RawFrame

# Three on their way, four in buffers, one under exposure: see `_bound_by_count`.
MAX_FRAMES_BEGUN = 8
# The promptest of so many frames counts. Older ones say less and less, because clocks drift.
PROMPTNESS_WINDOW_FRAMES = 100
# The rounding error of the floating-point numbers that hold times.
ROUNDING_S = 1e-6


class ExposureStartEstimator:
    """Sees every frame of one stream, in order, and estimates the start of the newest one. For one thread. Times are
    seconds of this computer's monotonic clock."""

    def __init__(
        self, stream_started_at_s: float, camera_clock: CameraClock | None = None, share: float | None = None
    ) -> None:
        """`stream_started_at_s`: a time before the stream began to start. `camera_clock` was read before that. `share`:
        the only hypothesis that earlier streams left over."""
        self.stream_started_at_s = stream_started_at_s
        self._camera_clock = camera_clock
        self._grabs_began_at_s: deque[float] = deque(maxlen=MAX_FRAMES_BEGUN + 1)
        self._shares = (0.0, 1.0) if share is None else (share,)
        self._suppose_anew()
        self._newest: RawFrame | None = None
        self._began_after_s = stream_started_at_s

    def observe(self, raw: RawFrame, grab_began_at_s: float) -> None:
        """Note a frame, and the time at which the driver was asked for it."""
        # Exposures never overlap, so this one began after the one before had ended.
        known_s = self.next_begins_after_s
        is_first, former, self._newest = self._newest is None, self._newest, raw
        if former and former.readout_s != raw.readout_s:
            self._suppose_anew()  # a time that marks the end of the read-out is as late as that takes
        self._grabs_began_at_s.append(grab_began_at_s)
        for hypothesis in self._hypotheses:
            hypothesis.observe(raw)
        # The first frame of a stream began after the stream was started.
        if is_first:
            self.learn(self.stream_started_at_s)
        self._learn_from_camera_clock(raw, max(known_s, self._bound_by_count()))
        told_s = raw.exposure_began_at_s if raw.exposure_began_at_s is not None else -math.inf
        self._began_after_s = max(known_s, told_s, self._bound_by_count(), self._bound_by_marks(raw))

    def learn(self, began_after_s: float) -> None:
        """Note that the newest frame certainly began after this time, for example by its settings. That limits the
        offset of the clocks too."""
        assert self._newest
        self._began_after_s = max(self._began_after_s, began_after_s)
        for hypothesis in self._hypotheses:
            hypothesis.learn(self._newest, began_after_s)

    def forget_marks(self) -> None:
        """Forget what the times of frames said, because the camera's clock was set. Of the newest frame it is then only
        known that it came after the start of the stream."""
        self._suppose_anew()
        self._began_after_s = self.stream_started_at_s

    @property
    def believed_share(self) -> float | None:
        """The `share` of the hypothesis that is left. None if both are left, or none."""
        believable = self._plausible()
        return believable[0].share if len(believable) == 1 else None

    @property
    def uncertainty_s(self) -> float:
        """The time between the bound and the likeliest start of the newest exposure."""
        return self.began_about_s - self._began_after_s

    @property
    def began_after_s(self) -> float:
        """The bound: the exposure of the newest frame began at this time or later."""
        return self._began_after_s

    @property
    def began_about_s(self) -> float:
        """The likeliest start of the newest exposure, as if the frame had come without delay."""
        assert self._newest
        if self._newest.exposure_began_at_s is not None:
            return self._newest.exposure_began_at_s
        readout_s = self._newest.readout_s or 0.0
        latest_s = [self._newest.received_at_s - exposure_s(self._newest)]
        latest_s += [hypothesis.began_before_s(self._newest) for hypothesis in self._plausible()]
        # Each of these is an upper bound, so the smallest is the best. It must not contradict the lower bound.
        return max(min(latest_s) - readout_s, self._began_after_s)

    @property
    def next_begins_after_s(self) -> float:
        """No frame after the newest one begins before this time."""
        return self._began_after_s + (exposure_s(self._newest) if self._newest else 0.0)

    def _suppose_anew(self) -> None:
        self._hypotheses = [TimestampHypothesis(share) for share in self._shares]

    def _learn_from_camera_clock(self, raw: RawFrame, known_s: float) -> None:
        """Take the offset from readings of the clock, for a frame that certainly began while the clock was steady. If
        its time is of a moment before that, frames get their times from another clock."""
        clock, marked_s = self._camera_clock, raw.descriptor.camera_time_s
        offset = clock.offset_at(raw.received_at_s) if clock else None
        if not clock or not offset or marked_s is None or raw.readout_s is None or known_s < clock.steady_since_s:
            return
        if marked_s + offset.most_s < known_s - ROUNDING_S:
            clock.distrust()
            self.forget_marks()
            return
        for hypothesis in self._hypotheses:
            hypothesis.learn_offset(raw, offset.least_s)

    def _bound_by_count(self) -> float:
        """Bound by counting frames, which needs no clock of the camera.

        When the driver is asked for a frame, that frame and some after it may have begun already: three under way, up
        to four in the library's buffers, and one under exposure. The one after those has not begun.
        """
        is_enough = len(self._grabs_began_at_s) > MAX_FRAMES_BEGUN
        return self._grabs_began_at_s[0] if is_enough else -math.inf

    def _bound_by_marks(self, raw: RawFrame) -> float:
        """Bound by the frame's own time. While both meanings are possible, the worse one counts."""
        return min((hypothesis.began_after_s(raw) for hypothesis in self._plausible()), default=-math.inf)

    def _plausible(self) -> "list[TimestampHypothesis]":
        return [hypothesis for hypothesis in self._hypotheses if hypothesis.is_plausible]


class TimestampHypothesis:
    """One possible meaning of a frame's own time: the start of its exposure (`share` 0), or its end (`share` 1), or a
    moment with a fixed delay after that, such as the end of the read-out.

    Under the hypothesis each frame limits the offset of the camera's clock.
    """

    def __init__(self, share: float) -> None:
        self.share = share
        self._behind_at_least_s = -math.inf
        self._behind_at_most_s: deque[float] = deque(maxlen=PROMPTNESS_WINDOW_FRAMES)
        self._received_at_s: deque[float] = deque(maxlen=PROMPTNESS_WINDOW_FRAMES)
        self._newest_at_s = 0.0
        self._is_refuted = False

    def observe(self, raw: RawFrame) -> None:
        """Note that the frame arrived after it was exposed. A late frame says little, so the promptest recent ones
        count.

        A frame that is more prompt than all of them may mean that the camera's clock was set forward since we learned
        the offset. All bounds would then be too late, so the learned offset is loosened by that much.
        """
        self._newest_at_s = raw.received_at_s
        if raw.descriptor.camera_time_s is None:
            return
        at_most_s = raw.received_at_s - exposure_s(raw) - self._began_s(raw)
        self._refute_if_less(at_most_s)
        self._behind_at_least_s -= max(min(self._behind_at_most_s, default=-math.inf) - at_most_s, 0.0)
        self._behind_at_most_s.append(at_most_s)
        self._received_at_s.append(raw.received_at_s)

    def learn(self, raw: RawFrame, began_after_s: float) -> None:
        if raw.descriptor.camera_time_s is not None:
            self._learn(began_after_s - self._began_s(raw), raw.received_at_s)

    def learn_offset(self, raw: RawFrame, behind_at_least_s: float) -> None:
        """Learn from a reading of the clock. The marked moment is at the latest the end of the read-out."""
        self._learn(behind_at_least_s - (raw.readout_s or 0.0), raw.received_at_s)

    @property
    def is_plausible(self) -> bool:
        """False if frames contradict the hypothesis. The times then mean something else, or nothing."""
        return not self._is_refuted and bool(self._behind_at_most_s) and math.isfinite(self._behind_at_least_s)

    def began_after_s(self, raw: RawFrame) -> float:
        if raw.descriptor.camera_time_s is None:
            return -math.inf
        return self._began_s(raw) + self._least_s()

    def began_before_s(self, raw: RawFrame) -> float:
        if raw.descriptor.camera_time_s is None:
            return math.inf
        return self._began_s(raw) + self._most_s()

    def _learn(self, behind_at_least_s: float, at_s: float) -> None:
        """Keep a bound on the offset. It is stored as of the clock's zero, because drift makes it weaker with time."""
        self._behind_at_least_s = max(self._behind_at_least_s, behind_at_least_s + MAX_DRIFT * at_s)
        self._refute_if_less(self._most_s())

    def _refute_if_less(self, behind_at_most_s: float) -> None:
        self._is_refuted |= self._least_s() > behind_at_most_s + ROUNDING_S

    def _least_s(self) -> float:
        return self._behind_at_least_s - MAX_DRIFT * self._newest_at_s

    def _most_s(self) -> float:
        limits = zip(self._behind_at_most_s, self._received_at_s, strict=True)
        return min((most_s + MAX_DRIFT * (self._newest_at_s - at_s) for most_s, at_s in limits), default=math.inf)

    def _began_s(self, raw: RawFrame) -> float:
        """The start of the exposure on the camera's clock, if the hypothesis holds."""
        return (raw.descriptor.camera_time_s or 0.0) - self.share * exposure_s(raw)


def exposure_s(raw: RawFrame) -> float:
    return raw.descriptor.exposure_ms / 1000
