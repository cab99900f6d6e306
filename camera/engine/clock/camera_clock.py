"""Measures how far the camera's clock is behind this computer's, by reading it again and again.

The camera's clock showed the time of a reading at some moment between our question and its answer. So the offset lies
between two bounds. They are as far apart as the question took, usually less than a millisecond. Later readings must
agree with earlier ones, apart from the drift of clocks. A clock that contradicts itself was set, or stands still.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from camera.drivers.base import ClockReading

# Ten times what two quartz clocks usually differ. Between two readings it widens the bounds by at most half a
# millisecond.
MAX_DRIFT = 5e-4
READ_EVERY_S = 1.0
# A reading that took no longer is good enough. A slower one is repeated, at most SHARP_TRIES times.
SHARP_S = 0.001
SHARP_TRIES = 3
# Somebody may set a clock now and then. A clock that contradicts itself more often is not usable.
MAX_CONTRADICTIONS = 3


@dataclass(frozen=True, slots=True)
class Offset:
    """The camera's clock was behind ours by at least `least_s` and at most `most_s`, at the time `at_s`."""

    least_s: float
    most_s: float
    at_s: float

    @classmethod
    def of(cls, reading: ClockReading) -> "Offset":
        least_s, most_s = reading.asked_at_s - reading.camera_s, reading.answered_at_s - reading.camera_s
        return cls(least_s, most_s, reading.answered_at_s)

    def at(self, at_s: float) -> "Offset":
        """Return the offset at another time. It is less certain there, because clocks drift."""
        drifted_s = MAX_DRIFT * abs(at_s - self.at_s)
        return Offset(self.least_s - drifted_s, self.most_s + drifted_s, at_s)

    def agreed(self, other: "Offset") -> "Offset | None":
        """Return the offsets that agree with both. None if the two contradict each other."""
        least_s, most_s = max(self.least_s, other.least_s), min(self.most_s, other.most_s)
        return Offset(least_s, most_s, other.at_s) if least_s <= most_s else None


@dataclass(frozen=True, slots=True)
class Drift:
    """How much faster than ours the camera's clock runs, in millionths, and how wrong that may be.

    The uncertainty is that of the two readings, divided by the time between them.
    """

    ppm: float
    margin_ppm: float


class CameraClock:
    """The clock of one open camera. Only for the camera's thread. It has not contradicted itself since
    `steady_since_s`."""

    def __init__(self, read: Callable[[], ClockReading | None]) -> None:
        self._ask = read
        self._offset: Offset | None = None
        self._first: Offset | None = None
        self._last: Offset | None = None
        self._failures = 0
        self.contradictions = 0
        self.steady_since_s = math.inf

    def read(self) -> bool:
        """Read the clock now. Returns False if it contradicts itself: then everything concluded from it is void."""
        reading = self._ask_sharply() if self.is_trusted else None
        if reading is None:
            return True
        self._last = Offset.of(reading)
        agreed = self._offset and self._offset.at(self._last.at_s).agreed(self._last)
        is_contradiction = self._offset is not None and agreed is None
        self.contradictions += is_contradiction
        # The readings before a contradiction are void, so drift is measured from this one.
        if agreed is None:
            self._first, self.steady_since_s = self._last, reading.answered_at_s
        self._offset = agreed or self._last
        return not is_contradiction

    def is_due(self, now_s: float) -> bool:
        return self._last is None or now_s - self._last.at_s >= READ_EVERY_S

    def offset_at(self, at_s: float) -> Offset | None:
        """Return the offset at a time. None if the clock cannot be read, or cannot be trusted."""
        return self._offset.at(at_s) if self._offset and self.is_trusted else None

    def distrust(self) -> None:
        """Never use this clock again: the times of the frames come from another one."""
        self.contradictions = MAX_CONTRADICTIONS + 1

    @property
    def is_readable(self) -> bool:
        return self._offset is not None and self.is_trusted

    @property
    def is_trusted(self) -> bool:
        """True until the clock is distrusted, also before the first reading."""
        return self.contradictions <= MAX_CONTRADICTIONS and self._failures < SHARP_TRIES

    @property
    def drift(self) -> Drift | None:
        """The drift since the clock is steady. None without two readings."""
        first, last = self._first, self._last
        if not first or not last or last.at_s <= first.at_s or not self.is_trusted:
            return None
        between_s = last.at_s - first.at_s
        # The offset is our time minus the camera's, so it shrinks if the camera's clock is faster.
        fastest, slowest = (first.most_s - last.least_s) / between_s, (first.least_s - last.most_s) / between_s
        return Drift((fastest + slowest) / 2 * 1e6, (fastest - slowest) / 2 * 1e6)

    def _ask_sharply(self) -> ClockReading | None:
        """Return the sharpest of a few readings. One is enough if the system did not hold up our thread meanwhile."""
        sharpest: ClockReading | None = None
        for _ in range(SHARP_TRIES):
            reading = self._ask()
            if reading is None:
                self._failures += 1
                break
            self._failures = 0
            if sharpest is None or _length_s(reading) < _length_s(sharpest):
                sharpest = reading
            if _length_s(sharpest) <= SHARP_S:
                break
        return sharpest


def _length_s(reading: ClockReading) -> float:
    return reading.answered_at_s - reading.asked_at_s
